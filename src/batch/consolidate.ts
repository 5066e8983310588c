import { type IsoDate, isoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import type { Compaction, CompactMode, CompactRules } from '#lake/compact.ts';
import type { Lake } from '#lake/lake.ts';
import type { TableDefinition } from '#lake/schema.ts';
import { BRONZE_TABLES, DAILY_BARS, silverBars } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { windowNumber, windowSessions } from '#market/window.ts';
import type { Clock } from '#ports/clock.ts';

import { openWindowStart } from './ledger/classify-sessions.ts';
import { currentLedger } from './ledger/ledger.ts';

export interface ConsolidateDeps {
  readonly lake: Lake;
  readonly calendar: Calendar;
  readonly clock: Clock;
  /** Told of each commit as it is made. */
  readonly onProgress?: (compaction: Compaction) => void;
}

export interface ConsolidateRequest {
  readonly mode: CompactMode;
  /** The configured lengths of N-session bars; the longest says which sessions are left alone. */
  readonly intervals: readonly number[];
  /** Years that are merged side by side; 1 unless given. */
  readonly maxWorkers?: number;
  /** Only these years, in the tables that are kept by year. */
  readonly years?: readonly number[];
  /** Files older than this instant have been verified by earlier runs; none is taken to be unless given. */
  readonly verifiedBeforeMs?: number;
}

export interface ConsolidateReport {
  readonly mode: CompactMode;
  /** The merges, one commit each; empty if there was nothing to do. */
  readonly merged: readonly Compaction[];
  readonly filesBefore: number;
  readonly filesAfter: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly rows: number;
}

/** Tables whose files are not kept by unit and year. */
const SMALL_TABLES: readonly TableDefinition[] = BRONZE_TABLES.filter((table) => table.unitColumn === undefined);

/**
 * Merges the files of sessions that are settled and lie before the open window of the longest interval into their
 * year's file, the files of closed windows likewise, and the many small files of other tables into one. No row changes:
 * each merge is proved to hold the same rows before it is committed, and a failure leaves the years not yet merged as
 * they were.
 */
export async function consolidate(deps: ConsolidateDeps, request: ConsolidateRequest): Promise<ConsolidateReport> {
  const { lake, calendar, onProgress } = deps;
  const { mode, intervals, maxWorkers = 1, years, verifiedBeforeMs } = request;
  checkRequest(request);
  const options = { maxWorkers, ...(onProgress === undefined ? {} : { onCompacted: onProgress }) };
  const isDone = await doneSessions(deps, Math.max(1, ...intervals));
  const common = {
    mode,
    ...(years === undefined ? {} : { years }),
    ...(verifiedBeforeMs === undefined ? {} : { verifiedBeforeMs }),
  };
  const merged: Compaction[] = [];
  const merge = async (definition: TableDefinition, rules: CompactRules): Promise<void> => {
    merged.push(...(await lake.table(definition).compact(rules, options)));
  };

  await merge(DAILY_BARS, {
    ...common,
    mayShare: (session) => isDone(session, 'settled'),
    isWholeYear: (year, units) => calendar.range(...yearRange(year)).every((session) => units.has(session)),
  });
  for (const interval of intervals) {
    await merge(silverBars(interval), {
      ...common,
      // A session that never came holds up no window: should it come after all, its window is written again.
      mayShare: (first) =>
        sessionsFrom(calendar, interval, first).every((session) => isDone(session, 'settled or missing')),
      isWholeYear: (year, units) => windowsOfYear(calendar, interval, year).every((first) => units.has(first)),
    });
  }
  if (years === undefined) {
    const noUnits: CompactRules = { mode, mayShare: () => false, isWholeYear: () => false };
    for (const definition of SMALL_TABLES) await merge(definition, noUnits);
  }
  return { mode, merged, ...totals(merged) };
}

/**
 * Tells which sessions lie before the open window and are settled, or, where that is enough, have no row in the ledger.
 */
async function doneSessions(
  deps: ConsolidateDeps,
  longest: number,
): Promise<(session: IsoDate, wanted: 'settled' | 'settled or missing') => boolean> {
  const { lake, calendar, clock } = deps;
  const ledger = await currentLedger(lake);
  const openFrom = openWindowStart(calendar, longest, clock.nowMs());
  return (session, wanted) => {
    if (session >= openFrom) return false;
    const state = ledger.get(session)?.state;
    return state === 'settled' || (state === undefined && wanted === 'settled or missing');
  };
}

/**
 * The sessions of the window that begins on this one. A date that begins no window (an older calendar's) is by itself.
 */
function sessionsFrom(calendar: Calendar, interval: number, first: IsoDate): IsoDate[] {
  if (!calendar.isSession(first)) return [first];
  return windowSessions(calendar, interval, windowNumber(calendar, interval, first));
}

/** The first sessions of all windows that begin in a year. */
function windowsOfYear(calendar: Calendar, interval: number, year: number): IsoDate[] {
  return calendar.range(...yearRange(year)).filter((session) => calendar.sessionIndex(session) % interval === 0);
}

function yearRange(year: number): [IsoDate, IsoDate] {
  return [isoDate(`${year}-01-01`), isoDate(`${year}-12-31`)];
}

function checkRequest({ maxWorkers = 1, years }: ConsolidateRequest): void {
  if (!Number.isInteger(maxWorkers) || maxWorkers < 1) {
    throw new UsageError({
      code: 'consolidate-workers',
      message: 'Invalid number of workers',
      found: String(maxWorkers),
      allowed: '1 or more',
    });
  }
  const wrong = years?.find((year) => !Number.isInteger(year) || year < 1962 || year > 9999);
  if (wrong === undefined) return;
  throw new UsageError({
    code: 'consolidate-year',
    message: 'No such year',
    found: String(wrong),
    allowed: '1962 or later',
  });
}

function totals(merged: readonly Compaction[]): Omit<ConsolidateReport, 'mode' | 'merged'> {
  const sum = (of: (compaction: Compaction) => number): number => merged.reduce((total, one) => total + of(one), 0);
  return {
    filesBefore: sum((one) => one.filesBefore),
    filesAfter: sum((one) => one.filesAfter),
    bytesBefore: sum((one) => one.bytesBefore),
    bytesAfter: sum((one) => one.bytesAfter),
    rows: sum((one) => one.rows),
  };
}
