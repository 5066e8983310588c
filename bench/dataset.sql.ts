import { sqlText } from '#lake/sql-text.ts';

/**
 * A market for benchmarks: any number of symbols and sessions, with every symbol in every session and all columns of
 * bronze/daily_bars. The same size gives the same rows. Prices are random walks in cents and volumes vary around a
 * level per symbol, so that the columns compress about as well as real bars (checked: 3.1 bytes per price here, 2.4 to
 * 2.7 for S&P 500 members since 1999). Three sessions in ten thousand begin after a split.
 */

/** Uniform in [0, 1), by symbol and session. */
function uniform(seed: number): string {
  return `((hash(s, idx, ${seed}) >> 11) / 9007199254740992.0)`;
}

/** Uniform in [0, 1), by symbol. */
function uniformOfSymbol(seed: number): string {
  return `((hash(s, ${seed}) >> 11) / 9007199254740992.0)`;
}

/** $1: JSON list of `{session, idx}`. */
export const CREATE_BENCH_SESSIONS = `create or replace table bench_sessions as
  select unnest(from_json($1::json, '[{"session":"DATE","idx":"BIGINT"}]'), recursive := true)`;

/** Writes the walks of symbols `from` to `to - 1`, sorted by symbol and session, into one scratch file. */
export function copyWalks(from: number, to: number, target: string): string {
  return `copy (
    with noise as (
      select s, session, idx, ${uniformOfSymbol(1)} as level, ${uniformOfSymbol(2)} as wildness, ${uniform(3)} as a,
        ${uniform(4)} as b, ${uniform(5)} as c, ${uniform(6)} as d, ${uniform(7)} as luck, ${uniform(8)} as kind
      from range(${from}, ${to}) symbols(s), bench_sessions
    ), steps as (
      select *,
        case when luck >= 0.0003 then 1.0 when kind < 0.5 then 2.0 when kind < 0.7 then 3.0 when kind < 0.8 then 1.5
          else 0.1 end as ratio,
        (0.008 + 0.03 * wildness) * sqrt(-2 * ln(a + 1e-12)) * cos(2 * pi() * b) as step,
        (0.3 + 0.5 * wildness) * sqrt(-2 * ln(c + 1e-12)) * cos(2 * pi() * d) as bustle
      from noise
    ), walks as (
      select *, sum(step * 0.7 - 0.00002) over so_far as walked, sum(ln(ratio)) over so_far as divided
      from steps window so_far as (partition by s order by idx)
    ), logs as (
      select *, 3 + 4 * level * level + greatest(-5, least(5, walked)) - divided as log_close from walks
    )
    select 'S' || lpad(s::varchar, 6, '0') as symbol, session, s, ratio,
      greatest(0.01, round(exp(log_close + step * 0.3 * (a - 0.5)), 2)) as open,
      greatest(0.01, round(exp(log_close), 2)) as close,
      abs(step) * c * 0.5 as above, abs(step) * d * 0.5 as below,
      greatest(1, round(exp(9 + 7 * level + bustle + divided))) as volume
    from logs
    order by s, idx
  ) to ${sqlText(target)} (format parquet)`;
}

/** One year of daily bars as stored in the lake: sorted by symbol and session, in one zstd file. */
export function copyYear(walks: string, year: number, target: string): string {
  return `copy (
    select symbol, session, open, high, low, close, volume, round((open + high + low + close) / 4, 4) as vwap,
      greatest(1, (volume / (60 + 2 * (hash(s) % 100)))::bigint) as trades, 'simulated' as source,
      (session + interval 35 hour)::timestamp at time zone 'UTC' as fetched_at
    from (
      select *, greatest(open, close, round(exp(ln(greatest(open, close)) + above), 2)) as high,
        least(open, close, greatest(0.01, round(exp(ln(least(open, close)) - below), 2))) as low
      from read_parquet(${sqlText(walks)})
      where year(session) = ${year}
    )
    order by symbol, session
  ) to ${sqlText(target)} (format parquet, compression zstd)`;
}

export function copySplits(walks: string, target: string): string {
  return `copy (
    select symbol, session as ex_date, 1.0::double as split_from, ratio::double as split_to
    from read_parquet(${sqlText(walks)})
    where ratio <> 1
    order by symbol, ex_date
  ) to ${sqlText(target)} (format parquet, compression zstd)`;
}

/** The yardstick: copies all rows of these files unchanged into one zstd file. */
export function copyAll(files: readonly string[], target: string): string {
  return `copy (select * from read_parquet([${files.map(sqlText).join(', ')}], hive_partitioning = false))
    to ${sqlText(target)} (format parquet, compression zstd)`;
}

/** The same rows in one file, sorted by symbol: each of its row groups covers all years. */
export function copySorted(files: readonly string[], target: string): string {
  return `copy (select * from read_parquet([${files.map(sqlText).join(', ')}], hive_partitioning = false)
    order by symbol, session) to ${sqlText(target)} (format parquet, compression zstd)`;
}
