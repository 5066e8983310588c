import type { IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { SqlParameter } from '#lake/engine.ts';
import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { SESSIONS } from '#lake/tables.ts';
import type { LedgerRow, SessionState } from '#market/ledger.ts';

import { readOnce } from '../tables/read-once.ts';
import { allRowsSql } from '../tables/small-table.ts';

/** The ledger of daily bars in `bronze/sessions`, as the program holds it. */

export const DAILY_BARS_DATASET = 'daily_bars';

export interface StoredLedgerRow extends LedgerRow {
  /** Version of the bars' table that the row speaks of. */
  readonly tableVersion: number;
}

/** By session, ascending. */
export type Ledger = ReadonlyMap<IsoDate, StoredLedgerRow>;

interface SqlLedgerRow {
  readonly dataset: string;
  readonly session: IsoDate;
  readonly state: string;
  readonly rows: number;
  readonly expected: number | null;
  readonly counted: number | null;
  readonly attempts: number;
  readonly first_fetch: number;
  readonly last_fetch: number;
  readonly table_version: number;
}

interface LedgerReading {
  readonly ledger: Ledger;
  readonly others: readonly (readonly SqlParameter[])[];
}

/** The ledger at a version of its table. Rows of other datasets, if any, are handed through as they are. */
export async function readLedger(lake: Lake, base: Snapshot | undefined): Promise<LedgerReading> {
  return base === undefined ? { ledger: new Map(), others: [] } : readVersion(lake, base);
}

const readVersion = readOnce(async (lake, base): Promise<LedgerReading> => {
  const select = await allRowsSql(lake, SESSIONS, base);
  const rows = await lake.rows<SqlLedgerRow>(select);
  rows.sort((a, b) => (a.session < b.session ? -1 : 1));
  const ledger = new Map<IsoDate, StoredLedgerRow>();
  const others: (readonly SqlParameter[])[] = [];
  for (const row of rows) {
    if (row.dataset !== DAILY_BARS_DATASET) {
      others.push(SESSIONS.columns.map(({ name }) => row[name as keyof SqlLedgerRow]));
      continue;
    }
    ledger.set(row.session, {
      session: row.session,
      state: stateOf(row.state, row.session),
      rows: row.rows,
      // Nothing in rows that were written before the column was.
      counted: row.counted ?? row.rows,
      expected: row.expected,
      attempts: row.attempts,
      firstFetchMs: row.first_fetch,
      lastFetchMs: row.last_fetch,
      tableVersion: row.table_version,
    });
  }
  return { ledger, others };
});

/** A row of the table, its values in the order of the columns. */
export function ledgerValues(row: StoredLedgerRow): readonly SqlParameter[] {
  return [
    DAILY_BARS_DATASET,
    row.session,
    row.state,
    row.rows,
    // A median of two counts may end in a half, and the column is whole.
    row.expected === null ? null : Math.round(row.expected),
    row.counted,
    row.attempts,
    row.firstFetchMs,
    row.lastFetchMs,
    row.tableVersion,
  ];
}

function stateOf(text: string, session: IsoDate): SessionState {
  if (text === 'partial' || text === 'provisional' || text === 'settled') return text;
  throw new CondvestError({
    code: 'ledger-state-unknown',
    kind: 'corrupt',
    message: `The ledger has a state for session ${session} that does not exist`,
    found: text,
    allowed: 'partial, provisional, settled',
  });
}
