import type { InstantMs, IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import type { DailyBar } from '#market/bar.ts';
import type { SymbolSpan } from '#market/security.ts';
import type { SessionSet } from '#market/session-set.ts';
import { dailyRowsOf } from './bars.sql.ts';

/**
 * The daily rows of a security in a range, as traded, ascending by session. Files that cannot hold any of them are not opened.
 * Throws `bars-corrupt` where a program other than ours has left a session twice or without its prices: a sum over such
 * rows would be wrong without anybody noticing.
 */
export async function readDailyRows(
  lake: Lake,
  bars: Snapshot,
  wanted: { readonly spans: readonly SymbolSpan[]; readonly from: IsoDate | undefined; readonly to: IsoDate },
): Promise<DailyBar[]> {
  const { spans, from, to } = wanted;
  const files = bars.files.filter(({ units }) => mayTouch(units, from, to));
  const scan = await lake.table(DAILY_BARS).scanSql(files);
  const columns = (await lake.columns(dailyRowsOf(scan, spans, from, to))) as unknown as Columns;
  return columns.session.map((session, i) => rowAt(columns, session, i));
}

type Columns = {
  readonly [name in 'open' | 'high' | 'low' | 'close' | 'volume' | 'vwap' | 'trades']: readonly (number | null)[];
} & {
  readonly symbol: readonly string[];
  readonly session: readonly IsoDate[];
  readonly source: readonly (string | null)[];
  readonly fetched_at: readonly (InstantMs | null)[];
};

function rowAt(columns: Columns, session: IsoDate, i: number): DailyBar {
  const symbol = columns.symbol[i] ?? '';
  if (i > 0 && columns.session[i - 1] === session) throw corruptRow('twice', symbol, session);
  const [open, high, low] = [columns.open[i] ?? null, columns.high[i] ?? null, columns.low[i] ?? null];
  const [close, volume] = [columns.close[i] ?? null, columns.volume[i] ?? null];
  if (open === null || high === null || low === null || close === null || volume === null) {
    throw corruptRow('without all of its prices and its volume', symbol, session);
  }
  return {
    symbol,
    session,
    open,
    high,
    low,
    close,
    volume,
    vwap: columns.vwap[i] ?? null,
    trades: columns.trades[i] ?? null,
    source: columns.source[i] ?? null,
    fetchedAtMs: columns.fetched_at[i] ?? 0,
  };
}

/** A row that no writer of ours leaves behind. */
export function corruptRow(what: string, symbol: string, session: IsoDate): CondvestError {
  return new CondvestError({
    code: 'bars-corrupt',
    kind: 'corrupt',
    message: `Table ${DAILY_BARS.name} holds a session ${what}`,
    found: `${symbol} ${session}`,
    action: 'Another program may have written it; condvest verify lists all such rows',
  });
}

function mayTouch(units: SessionSet | undefined, from: IsoDate | undefined, to: IsoDate): boolean {
  if (units?.min === undefined || units.max === undefined) return true;
  return units.min <= to && (from === undefined || units.max >= from);
}
