import { addDays, type IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import type { QualityReport, QuarantinedCount } from '#lake/reports.ts';
import { DAILY_BARS, QUARANTINE } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { expectedRows } from '#market/ledger.ts';
import { isOffMedian } from '#market/quality.ts';
import { SessionSet } from '#market/session-set.ts';

import { barWarnings } from './import/bar-warnings.ts';
import { currentLedger } from './ledger/ledger.ts';
import { countOfSql, quarantinedSql, withinSql } from './quality.sql.ts';

export interface QualityRequest {
  readonly from?: IsoDate | undefined;
  readonly to?: IsoDate | undefined;
  /** Findings listed per kind; all are counted. */
  readonly limit: number;
}

/** Days before the range in which a step into it may start. */
const MARGIN_DAYS = 90;

export async function findQuality(
  deps: { readonly lake: Lake; readonly calendar: Calendar },
  request: QualityRequest,
): Promise<QualityReport> {
  const { lake, calendar } = deps;
  const head = await lake.table(DAILY_BARS).head();
  const ledger = await currentLedger(lake);
  const held = [...ledger.values()].filter((row) => row.rows > 0);
  const first = held[0]?.session;
  const last = held.at(-1)?.session;
  const { from = first, to = last, limit } = request;
  const stored = await lake.table(QUARANTINE).rowsSql(await lake.table(QUARANTINE).head());
  const range = request.from === undefined && request.to === undefined ? undefined : { from, to };
  const quarantined = await lake.rows<QuarantinedCount>(quarantinedSql(stored, range));
  if (head === undefined || from === undefined || to === undefined) {
    return { from, to, rows: 0, quarantined, warnings: {}, examples: [] };
  }
  // Any date may be requested; the calendar starts with the first session that can have bars.
  const marginFrom = addDays(from < calendar.firstSession ? calendar.firstSession : from, -MARGIN_DAYS);
  const wanted = SessionSet.of(calendar.range(marginFrom, to));
  const files = head.filesTouching(wanted);
  const bars = withinSql(await lake.table(DAILY_BARS).scanSql(files), marginFrom, to);
  const [counted] = await lake.records<{ rows: number; withoutVolume: number }>(countOfSql(withinSql(bars, from, to)));
  const tally = await barWarnings(lake, {
    rows: bars,
    order: 'none',
    jumps: null,
    sessions: [...wanted],
    withoutVolume: counted?.withoutVolume ?? 0,
    from,
    examplesMax: limit,
  });
  const peers = held.filter((row) => row.state === 'settled');
  for (const { session, rows } of held) {
    const median = expectedRows(session, 0, peers);
    if (session >= from && session <= to && isOffMedian(rows, median))
      tally.addOffMedian('off-median', session, rows, median);
  }
  return { from, to, rows: counted?.rows ?? 0, quarantined, warnings: tally.counts, examples: tally.examples };
}
