import { setTimeout } from 'node:timers/promises';
import { type Dialect, Kysely, sql, type Transaction } from 'kysely';
import type { Random } from '#ports/random.ts';
import { isConcurrentlyCreated, isConflict, isDuplicate, thrownFor } from './failure.ts';
import type { OperationsSchema } from './schema.ts';
import { StorableText } from './storable-text.ts';

/** Access to a database with our schema. */
export interface Transactions {
  /**
   * Runs one transaction, retried on conflicts. It sees a snapshot, and of two transactions that change one row or
   * insert one key, one is retried. Our transactions always write the row they decide by, so they need no stronger
   * isolation (Aurora DSQL has none).
   */
  write<T>(work: (transaction: Transaction<OperationsSchema>) => Promise<T>): Promise<T>;
  read<T>(work: (kysely: Kysely<OperationsSchema>) => Promise<T>): Promise<T>;
}

/** Attempts at a transaction that conflicts with others, and the longest pause before each retry. */
const CONFLICT_ATTEMPTS = 400;
const WAIT_MS_MAX = 40;
/** When two insert one key, the loser finds the winner's row on its next attempt. A clash that persists is a bug. */
const DUPLICATE_ATTEMPTS = 10;

export class Database implements Transactions {
  readonly #kysely: Kysely<OperationsSchema>;
  readonly #random: Random;
  /** Location shown to people; never holds a password. */
  readonly place: string;

  constructor(options: { readonly dialect: Dialect; readonly random: Random; readonly place: string }) {
    this.#kysely = new Kysely({ dialect: options.dialect, plugins: [new StorableText()] });
    this.#random = options.random;
    this.place = options.place;
  }

  write<T>(work: (transaction: Transaction<OperationsSchema>) => Promise<T>): Promise<T> {
    return this.#persist(
      () => this.#kysely.transaction().setIsolationLevel('repeatable read').execute(work),
      (cause) => isDuplicate(cause),
    );
  }

  read<T>(work: (kysely: Kysely<OperationsSchema>) => Promise<T>): Promise<T> {
    return this.#persist(
      () => work(this.#kysely),
      () => false,
    );
  }

  /** Runs a statement that creates a table if it does not exist. */
  async define(statement: string): Promise<void> {
    await this.#persist(() => sql.raw(statement).execute(this.#kysely), isConcurrentlyCreated);
  }

  /** Retries after each conflict, and a few times after failures that `mayPass`; throws all others. */
  async #persist<T>(work: () => Promise<T>, mayPass: (cause: unknown) => boolean): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (cause) {
        const attempts = isConflict(cause) ? CONFLICT_ATTEMPTS : mayPass(cause) ? DUPLICATE_ATTEMPTS : 1;
        if (attempt >= attempts) throw thrownFor(cause, this.place);
        await setTimeout(this.#random.next() * WAIT_MS_MAX);
      }
    }
  }

  async close(): Promise<void> {
    await this.#kysely.destroy();
  }
}
