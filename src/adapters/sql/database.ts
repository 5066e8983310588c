import { setTimeout } from 'node:timers/promises';
import { type Dialect, Kysely, sql, type Transaction } from 'kysely';
import type { Random } from '#ports/random.ts';
import { isConflict, isDuplicate, isMadeMeanwhile, thrownFor } from './failure.ts';
import type { OperationsSchema } from './schema.ts';
import { StorableText } from './storable-text.ts';

export type OperationsTransaction = Transaction<OperationsSchema>;

/** Attempts at a transaction that others get in the way of, and how long is waited at most before each but the first. */
const CONFLICT_ATTEMPTS = 400;
const WAIT_MS_MAX = 40;
/** Of two that insert one key, the loser finds the winner's row on its next try; a clash that stays is a mistake. */
const DUPLICATE_ATTEMPTS = 10;

/** A database with our schema in it. All that is asked of it goes through `write` and `read`. */
export class Database {
  readonly #kysely: Kysely<OperationsSchema>;
  readonly #random: Random;
  /** As people are told of it. */
  readonly place: string;

  constructor(options: { readonly dialect: Dialect; readonly random: Random; readonly place: string }) {
    this.#kysely = new Kysely({ dialect: options.dialect, plugins: [new StorableText()] });
    this.#random = options.random;
    this.place = options.place;
  }

  /**
   * One transaction, tried again where another one was in its way. It sees one state of the database, and of two that change
   * one row or insert one key one is tried again: our transactions always write the row that they decide by, so nothing
   * stronger is needed (Aurora DSQL has nothing stronger).
   */
  write<T>(work: (transaction: OperationsTransaction) => Promise<T>): Promise<T> {
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

  /** A statement that makes a table where there is none. */
  async define(statement: string): Promise<void> {
    await this.#persist(() => sql.raw(statement).execute(this.#kysely), isMadeMeanwhile);
  }

  /** Again after each conflict, and a few times after what `mayPass`; any other failure is the caller's. */
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
