import { setTimeout } from 'node:timers/promises';
import type { InstantMs } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Random } from '#ports/random.ts';
import type { Database } from './database.ts';
import { SqlLeases } from './leases.ts';
import { LEASES_TABLE, MIGRATIONS, MIGRATIONS_TABLE } from './migrations.ts';

const LEASE = 'schema';
/** Longer than any migration takes. If a process dies during one, the others wait this long. */
const LEASE_MS = 30_000;
const PAUSE_MS = 100;
const WAIT_MS_MAX = 2 * LEASE_MS;

/**
 * Brings the schema up to date, one process at a time. The lock is a lease in the store itself, since Aurora DSQL has
 * no advisory locks. If it expires under its holder, nothing is lost: each statement can be run twice, and each version
 * is recorded once.
 */
export async function migrate(
  database: Database,
  { random, nowMs }: { readonly random: Random; readonly nowMs: InstantMs },
): Promise<void> {
  await database.define(MIGRATIONS_TABLE);
  if ((await versionOf(database)) === MIGRATIONS.length) return;
  await database.define(LEASES_TABLE);
  const leases = new SqlLeases(database);
  const holder = random.uuid();
  if (!(await waitForLock(database, leases, holder))) return;
  try {
    for (let version = await versionOf(database); ; version += 1) {
      const statements = MIGRATIONS[version];
      if (statements === undefined) return;
      for (const statement of statements) await database.define(statement);
      await database.write(async (transaction) => {
        await transaction
          .insertInto('condvest_migrations')
          .values({ version: version + 1, applied_ms: nowMs })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      });
    }
  } finally {
    await leases.release(LEASE, holder);
  }
}

/** Returns true once the lock is held, or false if another process has brought the schema up to date. */
async function waitForLock(database: Database, leases: SqlLeases, holder: string): Promise<boolean> {
  // Uses the wall clock, since migrating processes may have virtual clocks of their own.
  const untilMs = Date.now() + WAIT_MS_MAX;
  for (;;) {
    const nowMs = Date.now();
    const outcome = await leases.acquire({ name: LEASE, holder, nowMs, ttlMs: LEASE_MS });
    if (outcome.taken) return true;
    if ((await versionOf(database)) === MIGRATIONS.length) return false;
    if (nowMs >= untilMs) throw locked(database.place, outcome.holder);
    await setTimeout(PAUSE_MS);
  }
}

async function versionOf(database: Database): Promise<number> {
  const row = await database.read((kysely) =>
    kysely
      .selectFrom('condvest_migrations')
      .select((eb) => eb.fn.max('version').as('version'))
      .executeTakeFirst(),
  );
  const version = Number(row?.version ?? 0);
  if (version > MIGRATIONS.length) throw tooNew(database.place, version);
  return version;
}

function locked(place: string, holder: string): CondvestError {
  return new CondvestError({
    code: 'operations-locked',
    kind: 'transient',
    message: 'Another process has been migrating the operational store for a minute',
    found: `${holder} in ${place}`,
    action: 'Wait for it to finish and try again',
  });
}

function tooNew(place: string, version: number): CondvestError {
  return new CondvestError({
    code: 'operations-too-new',
    kind: 'permanent',
    message: 'The operational store was created by a newer version of Condvest',
    found: `schema ${version} in ${place}`,
    allowed: `schema ${MIGRATIONS.length} or older`,
    action: 'Upgrade Condvest, or use another store',
  });
}
