import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { type SqlStore, sqlStore } from '#adapters/sql/store.ts';
import type { AppContext } from '../app.ts';
import { makeHome } from '../home-folder/home-folder.ts';

const DATABASE_FILE = 'operations.sqlite';

/** Parts of the context that the operational store is made from. */
type StoreDeps = Pick<AppContext, 'config' | 'clock' | 'random' | 'tempFolder'>;

/**
 * Returns the operational store, which opens its database on first use: PostgreSQL if `DATABASE_URL` names one,
 * otherwise a SQLite file in the home folder. Drivers are loaded then too, since most commands need none. With
 * `onlyReads`, a file that may not be written to is copied into the temporary folder, since SQLite writes even to read;
 * without a file the copy is empty.
 */
export function localStore(
  { config, clock, random, tempFolder }: StoreDeps,
  { onlyReads }: { readonly onlyReads: boolean },
): SqlStore {
  const { databaseUrl: url, home } = config;
  return sqlStore(async () => {
    const options = { random, nowMs: clock.nowMs() };
    if (url !== undefined) {
      const { openPostgres } = await import('#adapters/sql/open-postgres.ts');
      return openPostgres({ ...options, url });
    }
    const path = join(home, DATABASE_FILE);
    const { openSqlite } = await import('#adapters/sql/open-sqlite.ts');
    if (onlyReads && !((await isWritable(home)) && (await isWritable(path)))) {
      const { copySqlite } = await import('#adapters/sql/copy-sqlite.ts');
      const copy = join(tempFolder, DATABASE_FILE);
      await copySqlite(path, copy);
      return openSqlite({ ...options, path: copy });
    }
    await makeHome(config);
    return openSqlite({ ...options, path });
  }, random);
}

/** Returns whether this user may write to a file or folder, or create it. */
async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    (cause: unknown) => cause instanceof Error && 'code' in cause && cause.code === 'ENOENT',
  );
}
