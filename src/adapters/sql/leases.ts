import type { LeaseOutcome, LeaseRequest } from '#ports/operations.ts';
import type { Database } from './database.ts';

/** Leases: a name is held by one until a time, which its holder puts off while it works. */

/** Clocks of machines that share a store differ by less. */
const CLOCK_DIFFERENCE_MAX_MS = 3_600_000;

export function acquireLease(database: Database, { name, holder, nowMs, ttlMs }: LeaseRequest): Promise<LeaseOutcome> {
  return database.write(async (db): Promise<LeaseOutcome> => {
    const lease = await db.selectFrom('leases').selectAll().where('name', '=', name).executeTakeFirst();
    const expiresMs = nowMs + ttlMs;
    if (lease === undefined) {
      await db.insertInto('leases').values({ name, holder, expires_ms: expiresMs }).execute();
      return { taken: true, from: undefined };
    }
    const leftMs = lease.expires_ms - nowMs;
    // What holds for longer than any lease does was given by a clock that was ahead: its holder died before it was set right.
    const holds = leftMs > 0 && leftMs <= ttlMs + CLOCK_DIFFERENCE_MAX_MS;
    if (lease.holder !== holder && holds) return { taken: false, holder: lease.holder, expiresMs: lease.expires_ms };
    await db.updateTable('leases').set({ holder, expires_ms: expiresMs }).where('name', '=', name).execute();
    return { taken: true, from: lease.holder === holder ? undefined : lease.holder };
  });
}

/** False where somebody else has it by now. */
export function renewLease(database: Database, { name, holder, nowMs, ttlMs }: LeaseRequest): Promise<boolean> {
  return database.write(async (db) => {
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

export async function releaseLease(database: Database, name: string, holder: string): Promise<void> {
  await database.write(async (db) => {
    await db.deleteFrom('leases').where('name', '=', name).where('holder', '=', holder).execute();
  });
}
