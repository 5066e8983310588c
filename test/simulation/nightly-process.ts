import type { RequestBudget } from '#adapters/massive/request-budget.ts';
import type { DailySource } from '#ports/daily-source.ts';
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

/** A port that nothing reaches once its process was killed, which can happen at each call to it. */
export function mortal<Port extends object>(port: Port, store: FaultStore): Port {
  return new Proxy(port, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): Promise<unknown> =>
        store.effectElsewhere(async () => await (value as (...all: unknown[]) => unknown).apply(target, args));
    },
  });
}
