import type { Column } from '#lake/schema.ts';

/**
 * The SQL around the fold of daily bars into bars of N sessions: how rows are read, and how folded bars become rows of
 * silver. Pure text; `fold.ts` runs it on one DuckDB session. In between, symbols are numbers, and the text is joined
 * back to the result, which is N times smaller.
 */

/** A small table that the program makes and SQL joins. */
export interface LoadedTable {
  readonly name: string;
  readonly columns: readonly Pick<Column, 'name' | 'type'>[];
}

/** The sessions whose rows are to be read, with their indexes. */
export const CHUNK_SESSIONS: LoadedTable = {
  name: 'chunk_sessions',
  columns: [
    { name: 'session', type: 'date' },
    { name: 'idx', type: 'integer' },
  ],
};

/**
 * Each pair of a symbol and a security, with the number of the symbol and the pair's place among those of the symbol.
 * Pairs are dense, so the join is an array lookup.
 */
export const PAIRS: LoadedTable = {
  name: 'pairs',
  columns: [
    { name: 'pair', type: 'integer' },
    { name: 'symbol', type: 'string' },
    { name: 'security_id', type: 'string' },
    { name: 'number', type: 'long' },
    { name: 'nth', type: 'long' },
  ],
};

/** The windows of one file. */
export const WINDOWS: LoadedTable = {
  name: 'windows',
  columns: [
    { name: 'w', type: 'integer' },
    { name: 'first_session', type: 'date' },
    { name: 'last_session', type: 'date' },
    { name: 'expected', type: 'integer' },
    { name: 'complete', type: 'boolean' },
  ],
};

/** Numbers the symbols of the run in the order of daily_bars. */
export function createSymbols(bars: string): string {
  return `create or replace temp table symbols as
    select symbol, (row_number() over (order by symbol) - 1)::integer as number
    from (select distinct symbol from (${bars}))`;
}

export const SELECT_SYMBOLS = 'select symbol from symbols order by number';

/**
 * The rows of the sessions in `chunk_sessions`, by symbol and session. Nothing is null: NaN is, which is quicker to
 * read. A double counts trades exactly up to 2^53. The 16 bits of a session index are enough up to the year 2222.
 */
export function selectDailyRows(bars: string): string {
  const orNan = (column: string): string => `coalesce(b.${column}::double, 'nan'::double) as ${column}`;
  return `select s.number, c.idx, ${['open', 'high', 'low', 'close'].map(orNan).join(', ')},
      coalesce(b.volume, 0) as volume, ${orNan('vwap')}, ${orNan('trades')}
    from (${bars}) b
    join chunk_sessions c on c.session = b.session
    join symbols s on s.symbol = b.symbol
    order by (s.number::bigint << 16) | c.idx`;
}

/** The bars of the windows in `windows`, with the stored columns and in the stored order. */
export function selectBars(folded: string): string {
  const known = (value: string): string => `case when isfinite(${value}) then ${value} end`;
  return `select p.symbol, v.first_session, v.last_session, ${known('f.open')} as open, ${known('f.high')} as high,
      ${known('f.low')} as low, ${known('f.close')} as close, f.volume,
      case when f.volume > 0 then ${known('f.money / f.volume')} end as vwap,
      (${known('f.trades')})::bigint as trades, f.sessions, v.expected, v.complete, p.security_id
    from ${folded} f
    join pairs p on p.pair = f.pair
    join windows v on v.w = f.w
    where f.sessions > 0
    order by (p.number << 32) | (f.w::bigint << 16) | p.nth`;
}
