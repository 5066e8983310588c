import type { IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { NewFile } from '#lake/files.ts';
import type { Lake } from '#lake/lake.ts';
import { recordValues } from '#lake/records.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { SESSIONS } from '#lake/tables.ts';
import type { LedgerRow, SessionState } from '#market/ledger.ts';
import { stageRows } from '../tables/small-table.ts';

/** The ledger of daily bars in `bronze/sessions`, as the program holds it. */

export const DAILY_BARS_DATASET = 'daily_bars';

export interface StoredLedgerRow extends LedgerRow {
  /** Version of the bars' table that the row speaks of. */
  readonly tableVersion: number;
}

/** By session, ascending. */
export type Ledger = ReadonlyMap<IsoDate, StoredLedgerRow>;

/** A row of `bronze/sessions`, whichever dataset it is of. */
export interface SessionsRow extends Omit<StoredLedgerRow, 'state' | 'counted'> {
  readonly dataset: string;
  readonly state: string;
  /** Null in rows that were written before the column existed. */
  readonly counted: number | null;
}

export interface LedgerReading {
  readonly ledger: Ledger;
  /** Rows of other datasets: the cursors of sources. */
  readonly others: readonly SessionsRow[];
}

/** Returns the ledger as it is now. */
export async function currentLedger(lake: Lake): Promise<Ledger> {
  return (await readLedger(lake, await lake.table(SESSIONS).head())).ledger;
}

/** Returns the ledger without sessions that have not closed: those have rows only if a clock was ahead. */
export async function closedLedger(lake: Lake, lastClosed: IsoDate): Promise<Ledger> {
  return new Map([...(await currentLedger(lake))].filter(([session]) => session <= lastClosed));
}

/** Returns the ledger at a version of its table, and the rows of other datasets. */
export async function readLedger(lake: Lake, base: Snapshot | undefined): Promise<LedgerReading> {
  const all = await lake.table(SESSIONS).records<SessionsRow>(base);
  const isLedger = ({ dataset }: SessionsRow): boolean => dataset === DAILY_BARS_DATASET;
  const ledger = all
    .filter(isLedger)
    .map(({ dataset, state, counted, ...row }): [IsoDate, StoredLedgerRow] => [
      row.session,
      { ...row, state: stateOf(state, row.session), counted: counted ?? row.rows },
    ]);
  return { ledger: new Map(ledger), others: all.filter((row) => !isLedger(row)) };
}

/** Writes the whole table: the ledger, and rows of other datasets. */
export function stageLedger(lake: Lake, ledger: Ledger, others: readonly SessionsRow[]): Promise<NewFile | undefined> {
  const rows = [...ledger.values()].map((row) => ({
    ...row,
    dataset: DAILY_BARS_DATASET,
    // A median of two counts may end in a half, and the column is an integer.
    expected: row.expected === null ? null : Math.round(row.expected),
  }));
  return stageRows(
    lake,
    SESSIONS,
    [...others, ...rows].map((row) => recordValues(SESSIONS, row)),
  );
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
