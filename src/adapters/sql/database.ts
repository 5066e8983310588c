import { setTimeout } from 'node:timers/promises';
import { type Kysely, sql, type Transaction } from 'kysely';
import { CondvestError } from '#base/errors.ts';
import { databaseError, isConflict, isDuplicate } from './failure.ts';
import { MIGRATIONS, MIGRATIONS_TABLE } from './migrations.ts';
import type { OperationsSchema } from './schema.ts';

export type OperationsTransaction = Transaction<OperationsSchema>;

/** Attempts at a transaction that others get in the way of, and how long is waited before each but the first. */
const ATTEMPTS_MAX = 400;
const WAIT_MS_MAX = 40;

/** A database with our schema in it. All that is asked of it goes through `write` and `read`. */
export class Database {
  readonly #kysely: Kysely<OperationsSchema>;
  readonly #place: string;

  constructor(kysely: Kysely<OperationsSchema>, place: string) {
    this.#kysely = kysely;
    this.#place = place;
  }

  /** One transaction, tried again where another one was in its way. */
  async write<T>(work: (transaction: OperationsTransaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#kysely.transaction().setIsolationLevel('serializable').execute(work);
      } catch (cause) {
        if (cause instanceof CondvestError) throw cause;
        // Two that insert one key clash as duplicates; the loser finds the winner's row on its next try.
        if (attempt >= ATTEMPTS_MAX || !(isConflict(cause) || isDuplicate(cause)))
          throw databaseError(cause, this.#place);
        await setTimeout(Math.random() * WAIT_MS_MAX);
      }
    }
  }

  async read<T>(work: (kysely: Kysely<OperationsSchema>) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work(this.#kysely);
      } catch (cause) {
        if (cause instanceof CondvestError) throw cause;
        if (attempt >= ATTEMPTS_MAX || !isConflict(cause)) throw databaseError(cause, this.#place);
        await setTimeout(Math.random() * WAIT_MS_MAX);
      }
    }
  }

  /** Brings the schema up to date. Two processes at once: each statement may be run twice, each version is recorded once. */
  async migrate(nowMs: number): Promise<void> {
    await this.write(async (transaction) => void (await sql.raw(MIGRATIONS_TABLE).execute(transaction)));
    for (;;) {
      const version = await this.read(async (kysely) => {
        const row = await kysely
          .selectFrom('condvest_migrations')
          .select((eb) => eb.fn.max('version').as('version'))
          .executeTakeFirst();
        return Number(row?.version ?? 0);
      });
      if (version > MIGRATIONS.length) throw this.#tooNew(version);
      const statements = MIGRATIONS[version];
      if (statements === undefined) return;
      for (const statement of statements) {
        await this.write(async (transaction) => void (await sql.raw(statement).execute(transaction)));
      }
      await this.write(async (transaction) => {
        await transaction
          .insertInto('condvest_migrations')
          .values({ version: version + 1, applied_ms: nowMs })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      });
    }
  }

  async close(): Promise<void> {
    await this.#kysely.destroy();
  }

  #tooNew(version: number): CondvestError {
    return new CondvestError({
      code: 'operations-too-new',
      kind: 'permanent',
      message: 'The store of runs and notices was made by a newer version of Condvest',
      found: `schema ${version} in ${this.#place}`,
      allowed: `schema ${MIGRATIONS.length} or older`,
      action: 'Upgrade Condvest, or name another store',
    });
  }
}
