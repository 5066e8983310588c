import type { Keys } from '#ports/keys.ts';
import type { Leases } from '#ports/leases.ts';
import type { ListingsIndex } from '#ports/listings-index.ts';
import type { Notices } from '#ports/notices.ts';
import type { Random } from '#ports/random.ts';
import type { Runs } from '#ports/runs.ts';
import type { Database, Transactions } from './database.ts';
import { SqlKeys } from './keys.ts';
import { SqlLeases } from './leases.ts';
import { SqlListingsIndex } from './listings-index.ts';
import { SqlNotices } from './notices.ts';
import { SqlRuns } from './runs.ts';

/** The operational store: its ports share one database. */
export interface SqlStore extends AsyncDisposable {
  readonly runs: Runs;
  readonly leases: Leases;
  readonly notices: Notices;
  readonly listings: ListingsIndex;
  readonly keys: Keys;
}

/** Returns the ports over a database that is opened on first use. If opening fails, the next call tries again. */
export function sqlStore(open: () => Promise<Database>, random: Random): SqlStore {
  let opening: Promise<Database> | undefined;
  const opened = (): Promise<Database> => {
    opening ??= open().catch((cause: unknown) => {
      opening = undefined;
      throw cause;
    });
    return opening;
  };
  const database: Transactions = {
    write: async (work) => (await opened()).write(work),
    read: async (work) => (await opened()).read(work),
  };
  return {
    runs: new SqlRuns(database),
    leases: new SqlLeases(database),
    notices: new SqlNotices(database, random),
    listings: new SqlListingsIndex(database, random),
    keys: new SqlKeys(database),
    [Symbol.asyncDispose]: async () => (await opening?.catch(() => undefined))?.close(),
  };
}
