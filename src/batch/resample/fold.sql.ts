import type { Column } from '#lake/schema.ts';

/**
 * The SQL that folds daily bars into bars of N sessions. Pure text; `fold.ts` runs it on one DuckDB session.
 *
 * One chunk of work is decoded from Parquet once, into `chunk_bars`, under one BIGINT: the row's rank (its symbol and
 * security) in the high bits, its session index in the low 16. So six group-bys and six sorts work on an integer, and
 * the text of symbols is joined back to the result, which is N times smaller.
 *
 * Nearly all windows are folded just so. The few that hold a split or a change of symbol (`special_windows`) are left
 * out of that and folded again from their own rows, scaled and under their security's last symbol.
 */

/** Bits of a key that hold the session index, or the window number. Enough up to the year 2222. */
const INDEX_BITS = 16;
const INDEX_MASK = 2 ** INDEX_BITS - 1;

/** A small table that the program makes and SQL joins. */
export interface LoadedTable {
  readonly name: string;
  readonly columns: readonly Pick<Column, 'name' | 'type'>[];
}

const SESSION_COLUMNS = [
  { name: 'session', type: 'date' },
  { name: 'idx', type: 'integer' },
] as const;

/** The sessions whose rows the chunk needs, with their indexes. */
export const CHUNK_SESSIONS: LoadedTable = { name: 'chunk_sessions', columns: SESSION_COLUMNS };

/** Those among them that are to be read from files, the others being there already. */
export const READ_SESSIONS: LoadedTable = { name: 'read_sessions', columns: SESSION_COLUMNS };

/** For each symbol that is not always its own security: its whole history. */
export const SEGMENTS: LoadedTable = {
  name: 'segments',
  columns: [
    { name: 'symbol', type: 'string' },
    { name: 'first', type: 'date' },
    { name: 'last', type: 'date' },
    { name: 'security_id', type: 'string' },
  ],
};

/** The pieces of windows before a split, with what their prices and volumes are multiplied by. */
export const SCALES: LoadedTable = {
  name: 'scales',
  columns: [
    { name: 'n', type: 'integer' },
    { name: 'security_id', type: 'string' },
    { name: 'w', type: 'long' },
    { name: 'from_idx', type: 'integer' },
    { name: 'to_idx', type: 'integer' },
    { name: 'price', type: 'double' },
    { name: 'volume', type: 'double' },
  ],
};

/** The windows wanted of one interval. */
export const WINDOWS: LoadedTable = {
  name: 'windows',
  columns: [
    { name: 'w', type: 'long' },
    { name: 'first_session', type: 'date' },
    { name: 'last_session', type: 'date' },
    { name: 'expected', type: 'integer' },
    { name: 'complete', type: 'boolean' },
  ],
};

/**
 * Each (symbol, security) of the run with its rank. `symbol_rank` orders by symbol alone, `nth` counts the securities
 * of one symbol. `lone`: nothing else belongs to its security, so no window of it changes symbol.
 */
export function createPairs(bars: string): string {
  return `create or replace temp table pairs as
    with symbols as (
      select distinct symbol from (${bars})
    ), spans as (
      select symbol, symbol as security_id, date '0001-01-01' as first, date '9999-12-31' as last
      from symbols anti join segments using (symbol)
      union all
      select symbol, security_id, first, last from segments semi join symbols using (symbol)
    )
    select symbol, security_id, first, last,
      dense_rank() over (order by symbol, security_id) as rank,
      dense_rank() over (order by symbol) as symbol_rank,
      dense_rank() over (partition by symbol order by security_id) as nth,
      min(symbol) over (partition by security_id) = max(symbol) over (partition by security_id) as lone
    from spans
    order by rank`;
}

/** The columns that the result needs per rank, one row each. Ranks are dense, so the join is an array lookup. */
export const CREATE_RANKS = `create or replace temp table ranks as
  select distinct rank, symbol, security_id, symbol_rank, nth from pairs order by rank`;

/** The chunk before the first one: no rows. */
export const CREATE_CHUNK_BARS = `create or replace temp table chunk_bars (
  k bigint, idx integer, open double, high double, low double, close double, volume double, pv double, trades double)`;

/** Sets aside what the next chunk needs of this one, and frees the rest before anything more is read. */
export const KEEP_CHUNK_BARS = `create or replace temp table kept_bars as
  from chunk_bars where idx in (select idx from chunk_sessions);
  drop table chunk_bars`;

/** The next chunk, where nothing is to be read for it. */
export const ONLY_KEPT_BARS = 'create temp table chunk_bars as from kept_bars';

/**
 * The next chunk: what was kept, and from files the rows of the sessions in `read_sessions`. `pv` is price times volume
 * of the rows that count towards vwap; where such a row has no vwap it is NaN, and so is the sum. Trades likewise: a
 * double counts trades exactly up to 2^53.
 *
 * The index is an INTEGER on purpose: `arg_min` by a BIGINT takes half as long again.
 */
export function readChunkBars(bars: string): string {
  return `create temp table chunk_bars as
    select (p.rank << ${INDEX_BITS}) | c.idx as k, c.idx, b.open, b.high, b.low, b.close, b.volume,
      case when b.volume > 0 then coalesce(b.vwap * b.volume, 'nan'::double) else 0 end as pv,
      coalesce(b.trades::double, 'nan'::double) as trades
    from (${bars}) b
    join read_sessions c on c.session = b.session
    join pairs p on p.symbol = b.symbol and b.session >= p.first and b.session <= p.last
    union all
    from kept_bars`;
}

/**
 * The rows of the chunk that may lie in a special window of any interval: few, so that six joins with them cost little.
 */
export const CREATE_SPECIAL_BARS = `create or replace temp table special_bars as
  select b.*, b.k >> ${INDEX_BITS} as rank
  from chunk_bars b
  where b.k >> ${INDEX_BITS} in (
    select rank from pairs where not lone
    union
    select rank from pairs where security_id in (
      select security_id from scales
      where (w + 1) * n > (select min(idx) from chunk_sessions) and w * n <= (select max(idx) from chunk_sessions)))`;

/** The windows of one interval that are not folded the plain way: by security, window number and each rank in it. */
export function createSpecialWindows(interval: number): string {
  return `create or replace temp table special_windows as
    with several as (
      select p.security_id, b.idx // ${interval} as w
      from special_bars b
      join (select distinct rank, security_id from pairs where not lone) p on p.rank = b.rank
      group by 1, 2
      having count(distinct b.rank) > 1
    ), special as (
      select security_id, w from several
      union
      select security_id, w from scales where n = ${interval} and w in (select w from windows)
    )
    select distinct (p.rank << ${INDEX_BITS}) | s.w as window_key, s.security_id, s.w
    from special s join pairs p on p.security_id = s.security_id`;
}

interface FoldedColumns {
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
}

function aggregates(columns: FoldedColumns): string {
  return `arg_min(${columns.open}, idx) as open, max(${columns.high}) as high, min(${columns.low}) as low,
    arg_max(${columns.close}, idx) as close, sum(${columns.volume}) as volume, sum(pv) as pv, sum(trades) as trades,
    count(*) as sessions`;
}

const PLAIN = aggregates({ open: 'open', high: 'high', low: 'low', close: 'close', volume: 'volume' });
const SCALED = aggregates({
  open: 'open * price',
  high: 'high * price',
  low: 'low * price',
  close: 'close * price',
  volume: 'volume * scale_volume',
});

/**
 * The bars of the windows in `windows`, of one interval, with the stored columns and in the stored order.
 * `fromIndex` and `toIndex` bound the session indexes of those windows, both included.
 */
export function foldSelect(interval: number, fromIndex: number, toIndex: number): string {
  const windowKey = `(k >> ${INDEX_BITS} << ${INDEX_BITS}) | (idx // ${interval})`;
  return `with plain as (
      select ${windowKey} as window_key, ${PLAIN}
      from chunk_bars
      where idx >= ${fromIndex} and idx <= ${toIndex}
      group by 1
    ), special_rows as (
      select b.*, s.security_id, s.w, coalesce(c.price, 1) as price, coalesce(c.volume, 1) as scale_volume
      from (select *, ${windowKey} as window_key from special_bars where idx >= ${fromIndex} and idx <= ${toIndex}) b
      join special_windows s on s.window_key = b.window_key
      left join scales c on c.n = ${interval} and c.security_id = s.security_id and c.w = s.w
        and b.idx >= c.from_idx and b.idx <= c.to_idx
    ), special as (
      select (arg_max(rank, idx) << ${INDEX_BITS}) | w as window_key, ${SCALED}
      from special_rows
      group by security_id, w
    ), folded as (
      select * from plain anti join special_windows using (window_key)
      union all
      select * from special
    )
    select p.symbol, v.first_session, v.last_session, f.open, f.high, f.low, f.close, f.volume,
      case when f.volume > 0 and not isnan(f.pv) then f.pv / f.volume end as vwap,
      case when not isnan(f.trades) then f.trades::bigint end as trades,
      f.sessions::integer as sessions, v.expected, v.complete, p.security_id
    from folded f
    join ranks p on p.rank = f.window_key >> ${INDEX_BITS}
    join windows v on v.w = f.window_key & ${INDEX_MASK}
    order by (p.symbol_rank << 32) | (v.w << ${INDEX_BITS}) | p.nth`;
}
