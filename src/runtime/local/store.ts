import { join } from 'node:path';
import { type SqlStore, sqlStore } from '#adapters/sql/store.ts';
import type { AppContext } from '../app.ts';
import { makeHome } from '../home-folder/home-folder.ts';

const DATABASE_FILE = 'operations.sqlite';

/**
 * Returns the operational store, which opens its database on first use: PostgreSQL if `DATABASE_URL` names one,
 * otherwise a SQLite file in the home folder. Drivers are loaded then too, since most commands need none.
 */
export function localStore({ config, clock, random }: Pick<AppContext, 'config' | 'clock' | 'random'>): SqlStore {
  const { databaseUrl: url, home } = config;
  return sqlStore(async () => {
    const options = { random, nowMs: clock.nowMs() };
    if (url !== undefined) {
      const { openPostgres } = await import('#adapters/sql/open-postgres.ts');
      return openPostgres({ ...options, url });
    }
    await makeHome(config);
    const { openSqlite } = await import('#adapters/sql/open-sqlite.ts');
    return openSqlite({ ...options, path: join(home, DATABASE_FILE) });
  }, random);
}
