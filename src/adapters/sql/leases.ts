import type { LeaseOutcome, LeaseRequest, Leases } from '#ports/leases.ts';
import type { Transactions } from './database.ts';

/** Upper bound on the clock difference between machines that share a store. */
const CLOCK_DIFFERENCE_MAX_MS = 3_600_000;

export class SqlLeases implements Leases {
  readonly #database: Transactions;

  constructor(database: Transactions) {
    this.#database = database;
  }

  acquire({ name, holder, nowMs, ttlMs }: LeaseRequest): Promise<LeaseOutcome> {
    return this.#database.write(async (db): Promise<LeaseOutcome> => {
      const lease = await db.selectFrom('leases').selectAll().where('name', '=', name).executeTakeFirst();
      const expiresMs = nowMs + ttlMs;
      if (lease === undefined) {
        await db.insertInto('leases').values({ name, holder, expires_ms: expiresMs }).execute();
        return { taken: true, from: undefined };
      }
      const leftMs = lease.expires_ms - nowMs;
      // A longer remainder comes from a clock that was ahead: its holder died before the clock was set right.
      const isHeld = leftMs > 0 && leftMs <= ttlMs + CLOCK_DIFFERENCE_MAX_MS;
      if (lease.holder !== holder && isHeld) return { taken: false, holder: lease.holder, expiresMs: lease.expires_ms };
      await db.updateTable('leases').set({ holder, expires_ms: expiresMs }).where('name', '=', name).execute();
      return { taken: true, from: lease.holder === holder ? undefined : lease.holder };
    });
  }

  renew({ name, holder, nowMs, ttlMs }: LeaseRequest): Promise<boolean> {
    return this.#database.write(async (db) => {
      const lease = await db.selectFrom('leases').selectAll().where('name', '=', name).executeTakeFirst();
      if (lease?.holder !== holder) return false;
      await db
        .updateTable('leases')
        .set({ expires_ms: nowMs + ttlMs })
        .where('name', '=', name)
        .execute();
      return true;
    });
  }

  async release(name: string, holder: string): Promise<void> {
    await this.#database.write(async (db) => {
      await db.deleteFrom('leases').where('name', '=', name).where('holder', '=', holder).execute();
    });
  }
}
