import type { RequestBudget } from '#adapters/massive/request-budget.ts';
import type { DailySource } from '#ports/daily-source.ts';
import type { Operations } from '#ports/operations.ts';
import type { FaultStore } from '#test/fakes/fault-store.ts';

/** Ports of a process of the simulation. */

/** Every request waits for the budget, as in the vendor's client, and is recorded when it is let through. */
export function budgeted(source: DailySource, budget: RequestBudget, onRequest: () => void): DailySource {
  return new Proxy(source, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]): Promise<unknown> => {
        await budget.take();
        onRequest();
        return await (value as (...all: unknown[]) => unknown).apply(target, args);
      };
    },
  });
}

/**
 * After its process is killed, nothing reaches the operational store either. The process can be killed at each call to
 * the store.
 */
export function mortal(operations: Operations, store: FaultStore): Operations {
  return new Proxy(operations, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): Promise<unknown> =>
        store.effectElsewhere(async () => await (value as (...all: unknown[]) => unknown).apply(target, args));
    },
  });
}
