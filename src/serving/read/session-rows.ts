import type { IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { type AdjustmentPlan, type Factors, planAdjustment } from '#market/adjust.ts';
import type { BarColumns } from '#market/bar.ts';
import type { AppliedSplit, Resolved } from '#market/corporate-actions.ts';
import type { Listings } from '#market/security.ts';
import { SessionSet } from '#market/session-set.ts';
import type { LiveBar } from '#ports/live-bars.ts';
import { corruptRow } from './daily-rows.ts';
import { lastRowsOf, rowsOfSession } from './session-rows.sql.ts';

/**
 * The rows of all symbols, as columns: a market has ten thousand of them, and an object each would cost more than the
 * reading.
 */

/** As traded; ascending by symbol, as it was on the session. Every column has the length of `symbol`. */
export interface SessionRows extends BarColumns {
  readonly symbol: readonly string[];
}

/** Each of its own session. */
export interface LastRows extends SessionRows {
  readonly session: readonly IsoDate[];
}

const NO_ROWS: SessionRows = { symbol: [], open: [], high: [], low: [], close: [], volume: [], vwap: [], trades: [] };

/** All rows of one session; none where the table does not have it. Throws `bars-corrupt`. */
export async function readSessionRows(lake: Lake, bars: Snapshot, session: IsoDate): Promise<SessionRows> {
  const scan = await lake.table(DAILY_BARS).scanSql(bars.filesTouching(SessionSet.of([session])));
  const columns = (await lake.columns(rowsOfSession(scan, session))) as unknown as SessionRows;
  checkRows(columns, () => session);
  return columns;
}

/** Of every symbol its last row in some sessions. Throws `bars-corrupt`. */
export async function readLastRows(lake: Lake, bars: Snapshot, sessions: SessionSet): Promise<LastRows> {
  const { max } = sessions;
  if (max === undefined) return { ...NO_ROWS, session: [] };
  const scan = await lake.table(DAILY_BARS).scanSql(bars.filesTouching(sessions));
  const columns = (await lake.columns(lastRowsOf(scan, sessions))) as unknown as LastRows;
  checkRows(columns, (i) => columns.session[i] ?? max);
  return columns;
}

/** Live bars as rows of their session. */
export function rowsOfLive(bars: readonly LiveBar[]): SessionRows {
  return {
    symbol: bars.map((bar) => bar.symbol),
    open: bars.map((bar) => bar.open),
    high: bars.map((bar) => bar.high),
    low: bars.map((bar) => bar.low),
    close: bars.map((bar) => bar.close),
    volume: bars.map((bar) => bar.volume),
    vwap: bars.map((bar) => bar.vwap),
    trades: bars.map((bar) => bar.trades),
  };
}

/** Another program may have written what is typed as a number here as a null, or a symbol twice. */
function checkRows(columns: SessionRows, sessionOf: (i: number) => IsoDate): void {
  const { symbol, open, high, low, close, volume } = columns;
  for (let i = 0; i < symbol.length; i += 1) {
    if (i > 0 && symbol[i] === symbol[i - 1]) throw corruptRow('twice', symbol[i] ?? '', sessionOf(i));
  }
  for (const column of [symbol, open, high, low, close, volume]) {
    const i = (column as readonly (string | number | null)[]).indexOf(null);
    if (i !== -1) throw corruptRow('without all of its prices and its volume', symbol[i] ?? '', sessionOf(i));
  }
}

/**
 * Factors that bring rows of many securities to the share basis of one session. Most securities have no split in
 * between, so only the ones that do are held, and any other row costs next to nothing.
 */
export class SplitFactors {
  readonly #listings: Listings;
  readonly #plans = new Map<string, AdjustmentPlan>();
  /** Symbols that these securities ever had: no other row need be looked up. */
  readonly #symbols = new Set<string>();

  /** Splits with an ex-date after `since` and not after `until` count. */
  constructor(
    listings: Listings,
    splits: Resolved<AppliedSplit>,
    range: { readonly since: IsoDate; readonly until: IsoDate },
  ) {
    this.#listings = listings;
    for (const [securityId, ofSecurity] of splits.applied) {
      if (!ofSecurity.some(({ exDate }) => exDate > range.since && exDate <= range.until)) continue;
      const plan = planAdjustment({ adjustment: 'split', splits: ofSecurity, lastPublished: range.until });
      this.#plans.set(securityId, plan);
      for (const symbol of listings.symbolsOf(securityId)) this.#symbols.add(symbol);
    }
  }

  /** Securities with a split in the range. */
  get securities(): IterableIterator<string> {
    return this.#plans.keys();
  }

  /** The ex-dates of a security's splits, ascending. */
  exDates(securityId: string): readonly IsoDate[] {
    return this.#plans.get(securityId)?.events.map(({ exDate }) => exDate) ?? [];
  }

  /** Of a row; undefined where nothing is to be done. */
  of(symbol: string, session: IsoDate): Factors | undefined {
    return this.#symbols.has(symbol) ? this.ofSecurity(this.#listings.resolve(symbol, session), session) : undefined;
  }

  ofSecurity(securityId: string, session: IsoDate): Factors | undefined {
    return this.#plans.get(securityId)?.factorsOf(session);
  }
}
