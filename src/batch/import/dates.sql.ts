import { sqlText } from '#lake/sql-text.ts';
import { earlyClosesOf } from '#market/calendar/holidays.ts';

import type { DateStyle } from './date-style.ts';

/** SQL that reads dates, as a file writes them. */

/**
 * Encoding of dates in a column:
 * - `date`: a DATE.
 * - `text`: a date as text in one style, possibly with a time. Midnight as written means the date as written.
 * - `epoch`: an instant as a count of `unit` since 1970.
 * - `timestamp`: an instant as a TIMESTAMP, with a zone or without.
 * An instant means the session in which it is midnight in New York or UTC, the open, or the close. Without a zone it is in
 * UTC or New York: no such instant of one is such an instant of the other on another day.
 */
export type DateEncoding =
  | { readonly kind: 'date' }
  | { readonly kind: 'text'; readonly style: DateStyle; readonly timed: boolean }
  | { readonly kind: 'timestamp'; readonly zoned: boolean; readonly only: InstantKind }
  | { readonly kind: 'epoch'; readonly unit: EpochUnit; readonly only: InstantKind };

/** Instants that mean a session: midnight alone in a flat file, where a bar at the open is one of a minute. */
export type InstantKind = 'midnight' | 'any';

export type EpochUnit = 'ns' | 'us' | 'ms' | 's';

/** Spaces, tabs, no-break spaces. */
export function trimmed(text: string): string {
  return `trim(${text}, ${sqlText(' \t\u00a0')})`;
}

const MIDNIGHT = String.raw`([T ]+0?0:00(:00(\.0+)?)?( ?(Z|UTC|[+-]\d{2}(:?\d{2})?))?)?`;
/** Midnight or the close without a zone, as spreadsheets write it. */
const DAY_TIME = `( +(0?0|16):00(:00)?)?`;
const ISO_DATE = String.raw`\d{4}-\d{2}-\d{2}${MIDNIGHT}`;

export function dateSql(column: string, encoding: DateEncoding | undefined, alias: string, joins: string[]): string {
  switch (encoding?.kind) {
    case undefined:
    case 'text':
      return dateOfTextSql(trimmed(`${column}::VARCHAR`), encoding ?? { style: 'iso', timed: false }, alias, joins);
    case 'date':
      return `CASE WHEN isfinite(${column}) THEN ${column} END`;
    case 'timestamp':
      joins.push(instantJoinSql(alias, `CASE WHEN isfinite(${column}) THEN epoch_us(${column}) END`, 'us', encoding));
      return `${alias}.session`;
    case 'epoch':
      joins.push(instantJoinSql(alias, `try_cast(${column} AS BIGINT)`, encoding.unit, { ...encoding, zoned: true }));
      return `${alias}.session`;
  }
}

/** Sessions begin in 1962, so a year of two digits has one meaning. */
function inCenturySql(date: string): string {
  return `CASE WHEN year(${date}) >= 2062 THEN (${date} - INTERVAL 100 YEAR)::DATE ELSE ${date} END`;
}

/** Formats of dates with the name of the month. */
const NAMED_FORMATS = [
  '%d-%b-%y',
  '%d %b %y',
  '%d-%b-%Y',
  '%d %b %Y',
  '%d%b%Y',
  '%b %d, %Y',
  '%b %d %Y',
  '%B %d, %Y',
  '%d %B %Y',
];

function dateOfTextSql(
  text: string,
  { style, timed }: { readonly style: DateStyle; readonly timed: boolean },
  alias: string,
  joins: string[],
): string {
  switch (style) {
    case 'iso': {
      const isMidnight = `regexp_full_match(${text}, ${sqlText(ISO_DATE)})`;
      const asWritten = `CASE WHEN ${isMidnight} THEN try_cast(left(${text}, 10) AS DATE)`;
      if (!timed) return `${asWritten} END`;
      const hasZone = `regexp_matches(${text}, ':.*(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)$')`;
      const instantOf = (type: string, condition: string): string =>
        `CASE WHEN NOT ${isMidnight} AND ${condition} THEN epoch_us(try_cast(${text} AS ${type})) END`;
      joins.push(
        instantJoinSql(`${alias}_zoned`, instantOf('TIMESTAMPTZ', hasZone), 'us', { zoned: true, only: 'any' }),
      );
      joins.push(
        instantJoinSql(`${alias}_naive`, instantOf('TIMESTAMP', `NOT (${hasZone})`), 'us', {
          zoned: false,
          only: 'any',
        }),
      );
      return `${asWritten} ELSE coalesce(${alias}_zoned.session, ${alias}_naive.session) END`;
    }
    case 'digits':
      return `CASE WHEN regexp_full_match(${text}, '[0-9]{8}') THEN try_strptime(${text}, '%Y%m%d')::DATE END`;
    case 'named':
      return inCenturySql(`try_strptime(${text}, [${NAMED_FORMATS.map(sqlText).join(', ')}])::DATE`);
    case 'ymd':
    case 'mdy':
    case 'dmy':
      return partsDateSql(text, style);
  }
}

function partsDateSql(text: string, style: 'ymd' | 'mdy' | 'dmy'): string {
  const [year, short] = [String.raw`\d{4}`, String.raw`\d{1,2}`];
  const shape = style === 'ymd' ? [year, short, short] : [short, short, String.raw`(?:\d{4}|\d{2})`];
  const pattern = `(${shape[0]})[-/.](${shape[1]})[-/.](${shape[2]})${DAY_TIME}`;
  const names = { ymd: ['y', 'm', 'd'], mdy: ['m', 'd', 'y'], dmy: ['d', 'm', 'y'] }[style];
  const part = (name: string): string => `regexp_extract(${text}, ${sqlText(pattern)}, ${names.indexOf(name) + 1})`;
  const fullYear = `CASE WHEN len(${part('y')}) = 4 THEN ${part('y')} WHEN ${part('y')} >= '62' THEN '19' || ${part('y')} ELSE '20' || ${part('y')} END`;
  const iso = `(${fullYear}) || '-' || lpad(${part('m')}, 2, '0') || '-' || lpad(${part('d')}, 2, '0')`;
  return `CASE WHEN regexp_full_match(${text}, ${sqlText(pattern)}) THEN try_cast(${iso} AS DATE) END`;
}

const INSTANTS_FROM = 1925;
const INSTANTS_TO = 2045;

const UNITS_PER_SECOND: Readonly<Record<EpochUnit, string>> = { ns: '1000000000', us: '1000000', ms: '1000', s: '1' };

/**
 * Joins sessions by the instants that mean them. A lookup is faster than converting every instant, and finds instants that
 * mean none (a file of minute bars has the same columns as one of daily bars).
 */
function instantJoinSql(
  alias: string,
  value: string,
  unit: EpochUnit,
  { zoned, only }: { readonly zoned: boolean; readonly only: InstantKind },
): string {
  const scale = UNITS_PER_SECOND[unit];
  const days = `generate_series(TIMESTAMP '${INSTANTS_FROM}-01-01', TIMESTAMP '${INSTANTS_TO}-01-01', INTERVAL 1 DAY) AS day(midnight)`;
  const hours = `
    UNION ALL SELECT midnight + INTERVAL 570 MINUTE, midnight::DATE FROM ${days}
    UNION ALL SELECT midnight + INTERVAL 16 HOUR, midnight::DATE FROM ${days}
    UNION ALL SELECT session::TIMESTAMP + INTERVAL 13 HOUR, session::DATE FROM (VALUES ${earlyCloses()}) AS early(session)`;
  const times = `SELECT midnight AS moment, midnight::DATE AS session FROM ${days} ${only === 'any' ? hours : ''}`;
  const instants = `
    SELECT (epoch_ms(timezone('America/New_York', moment)) // 1000) * ${scale} AS instant, session FROM (${times})
    UNION ALL SELECT (epoch_ms(midnight) // 1000) * ${scale}, midnight::DATE FROM ${days}
    ${zoned ? '' : `UNION ALL SELECT (epoch_ms(moment) // 1000) * ${scale}, session FROM (${times}) WHERE moment::TIME <> TIME '00:00'`}`;
  return `LEFT JOIN (${instants}) AS ${alias} ON ${alias}.instant = ${value}`;
}

/** Sessions that closed at 13:00. Instants of the close are promised from this year on. */
const EARLY_CLOSES_FROM = 1993;

function earlyCloses(): string {
  const years = Array.from({ length: INSTANTS_TO - EARLY_CLOSES_FROM }, (_, index) => EARLY_CLOSES_FROM + index);
  return years.flatMap((year) => earlyClosesOf(year).map(({ date }) => `('${date}')`)).join(', ');
}
