import { type IsoDate, yearOf } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import type { TableDefinition } from '#lake/schema.ts';
import { DAILY_BARS, LISTINGS, SPLITS, silverBars } from '#lake/tables.ts';
import type { DailyBar } from '#market/bar.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { resolveSplits, type SplitFact } from '#market/corporate-actions.ts';
import { type Listing, Listings } from '#market/security.ts';
import { SessionSet } from '#market/session-set.ts';
import type { WindowBar } from '#market/window.ts';
import { naiveFold } from '#test/fixtures/naive-fold.ts';

/**
 * A small market in memory beside one in a lake. What the lake's silver tables must hold is told by `naiveFold`, fed from
 * memory: nothing that is under test takes part in the expectation.
 */
export class MarketModel {
  readonly lake: Lake;
  #calendar: Calendar;
  /** By session, then by symbol. */
  readonly bars = new Map<IsoDate, Map<string, DailyBar>>();
  splits: SplitFact[] = [];
  listings: Listing[] = [];

  constructor(lake: Lake, calendar: Calendar) {
    this.lake = lake;
    this.#calendar = calendar;
  }

  get calendar(): Calendar {
    return this.#calendar;
  }

  /** A closing becomes known; bars on that date stay in daily_bars but belong to no window any more. */
  set calendar(calendar: Calendar) {
    this.#calendar = calendar;
  }

  /**
   * Puts rows into memory and whole sessions into the lake, as one commit. `share`: sessions before this one go into
   * the file of their year.
   */
  async put(rows: readonly DailyBar[], share?: IsoDate): Promise<void> {
    for (const row of rows) {
      const session = this.bars.get(row.session) ?? new Map<string, DailyBar>();
      session.set(row.symbol, row);
      this.bars.set(row.session, session);
    }
    const units = SessionSet.of(rows.map((row) => row.session));
    using session = await this.lake.session();
    const all = [...units].flatMap((unit) => [...(this.bars.get(unit)?.values() ?? [])]);
    await session.run(
      `create or replace temp table incoming as
        select * exclude (fetched_ms), make_timestamptz(fetched_ms * 1000) as fetched_at
        from (select unnest(from_json($1::json, '${BARS_SHAPE}'), recursive := true))`,
      [JSON.stringify(all.map(({ fetchedAtMs, ...bar }) => ({ ...bar, fetched_ms: fetchedAtMs })))],
    );
    await this.lake.table(DAILY_BARS).write(async (base) => {
      const staged = await this.lake.table(DAILY_BARS).stagePut(base, {
        units,
        rows: (some) =>
          `select * from incoming where session in (${[...some].map((date) => `date '${date}'`).join(', ')})`,
        session,
        mayShare: (unit) => share !== undefined && unit < share,
      });
      return { operation: 'WRITE', add: staged.add, remove: staged.remove, units, dataChange: true };
    });
  }

  async putSplits(splits: readonly SplitFact[]): Promise<void> {
    this.splits = [...splits];
    const rows = splits.map((split) => ({
      symbol: split.symbol,
      ex_date: split.exDate,
      split_from: split.splitFrom,
      split_to: split.splitTo,
      source: split.source,
    }));
    const shape =
      '[{"symbol":"VARCHAR","ex_date":"DATE","split_from":"DOUBLE","split_to":"DOUBLE","source":"VARCHAR"}]';
    await this.#replace(SPLITS, rows, `${shape}`);
  }

  async putListings(listings: readonly Listing[]): Promise<void> {
    this.listings = [...listings];
    const rows = listings.map((row) => ({
      security_id: row.securityId,
      symbol: row.symbol,
      first_session: row.firstSession,
      last_session: row.lastSession,
    }));
    await this.#replace(
      LISTINGS,
      rows,
      '[{"security_id":"VARCHAR","symbol":"VARCHAR","first_session":"DATE","last_session":"DATE"}]',
    );
  }

  async #replace(definition: TableDefinition, rows: readonly object[], shape: string): Promise<void> {
    using session = await this.lake.session();
    await session.run(
      `create or replace temp table incoming as select unnest(from_json($1::json, '${shape}'), recursive := true)`,
      [JSON.stringify(rows)],
    );
    const typed = await this.lake.table(definition).scanSql([]);
    await this.lake.table(definition).write(async (base) => {
      const select = `(${typed}) union all by name (from incoming)`;
      const file = await this.lake.table(definition).writeDataFile({ select, session });
      const add = file === undefined ? [] : [file];
      return { operation: 'WRITE', add, remove: base?.files ?? [], units: SessionSet.empty, dataChange: true };
    });
  }

  /** The silver table as the data model defines it. */
  expected(interval: number): WindowBar[] {
    const listings = new Listings(this.listings);
    const splits = resolveSplits(listings, this.splits).applied;
    const bySecurity = new Map<string, DailyBar[]>();
    for (const [session, rows] of [...this.bars].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (!this.calendar.isSession(session)) continue;
      for (const row of rows.values()) {
        const securityId = listings.resolve(row.symbol, session);
        const known = bySecurity.get(securityId);
        if (known === undefined) bySecurity.set(securityId, [row]);
        else known.push(row);
      }
    }
    const isPublished = (session: IsoDate): boolean => this.bars.has(session);
    const bars: WindowBar[] = [];
    for (const [securityId, rows] of bySecurity) {
      bars.push(...naiveFold(this.calendar, interval, isPublished, securityId, rows, splits.get(securityId) ?? []));
    }
    return bars.sort(inStoredOrder);
  }

  /** The silver table as it is stored, and the year that each row is filed under. */
  async stored(interval: number, lake: Lake = this.lake): Promise<StoredBar[]> {
    const definition = silverBars(interval);
    const snapshot = await lake.table(definition).head();
    const rows = await lake.rows<Record<string, unknown>>(
      `select * from (${await lake.table(definition).scanSql(snapshot?.files ?? [])})
        order by symbol, first_session, security_id`,
    );
    return rows.map((row) => ({
      securityId: row.security_id as string,
      symbol: row.symbol as string,
      firstSession: row.first_session as IsoDate,
      lastSession: row.last_session as IsoDate,
      open: row.open as number,
      high: row.high as number,
      low: row.low as number,
      close: row.close as number,
      volume: row.volume as number,
      vwap: row.vwap as number | null,
      trades: row.trades as number | null,
      sessions: row.sessions as number,
      expected: row.expected as number,
      complete: row.complete as boolean,
      year: row.year as number,
    }));
  }
}

export interface StoredBar extends WindowBar {
  readonly year: number;
}

const BARS_SHAPE = JSON.stringify([
  {
    symbol: 'VARCHAR',
    session: 'DATE',
    open: 'DOUBLE',
    high: 'DOUBLE',
    low: 'DOUBLE',
    close: 'DOUBLE',
    volume: 'DOUBLE',
    vwap: 'DOUBLE',
    trades: 'BIGINT',
    source: 'VARCHAR',
    fetched_ms: 'BIGINT',
  },
]);

function inStoredOrder(a: WindowBar, b: WindowBar): number {
  const keyOf = (bar: WindowBar): string => `${bar.symbol}\0${bar.firstSession}\0${bar.securityId}`;
  return keyOf(a) < keyOf(b) ? -1 : 1;
}

/** Relative tolerance for sums of doubles added in a different order. */
const SUM_TOLERANCE = 1e-12;

/** The first difference, or undefined. All columns exactly, but volume and vwap, which are sums. */
export function firstDifference(stored: readonly StoredBar[], expected: readonly WindowBar[]): string | undefined {
  for (const [index, want] of expected.entries()) {
    const found = stored[index];
    if (found === undefined) return `missing: ${JSON.stringify(want)}`;
    const { year, ...bar } = found;
    if (year !== yearOf(bar.firstSession)) return `filed under ${year}: ${JSON.stringify(bar)}`;
    for (const [name, value] of Object.entries(want)) {
      const other = (bar as Record<string, unknown>)[name];
      const sum = name === 'volume' || name === 'vwap';
      if (other === value || (sum && isClose(other, value))) continue;
      return `${name} is ${String(other)}, not ${String(value)}, in ${JSON.stringify(want)}`;
    }
  }
  const extra = stored[expected.length];
  return extra === undefined ? undefined : `too many: ${JSON.stringify(extra)}`;
}

function isClose(a: unknown, b: unknown): boolean {
  if (typeof a !== 'number' || typeof b !== 'number') return false;
  return Math.abs(a - b) <= SUM_TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
}
