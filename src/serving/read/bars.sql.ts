import type { IsoDate } from '#base/dates.ts';
import { sqlText } from '#lake/sql-text.ts';
import type { SymbolSpan } from '#market/security.ts';

/** The statements behind `readBars`. `rows` is SQL text of a relation (`scanSql`). */

/** The daily rows of one security: of each of its symbols, those of its own span. */
export function dailyRowsOf(
  rows: string,
  spans: readonly SymbolSpan[],
  from: IsoDate | undefined,
  to: IsoDate,
): string {
  return `SELECT symbol, session, open, high, low, close, volume, vwap, trades, source, fetched_at FROM (${rows})
    WHERE ${spansSql(spans, 'session', from, to)} ORDER BY session`;
}

/** The first and the last session in which a security has a bar; nulls where there is none. */
export function historyOf(rows: string, spans: readonly SymbolSpan[], to: IsoDate): string {
  return `SELECT min(session) AS first, max(session) AS last FROM (${rows}) WHERE ${spansSql(spans, 'session', undefined, to)}`;
}

export function storedWindowsOf(
  rows: string,
  securityId: string,
  symbols: readonly string[],
  from: IsoDate | undefined,
  to: IsoDate,
): string {
  // Rows are sorted by symbol, so filtering by it as well skips most of the file.
  const bySymbol = symbols.length === 0 ? 'false' : `symbol IN (${symbols.map(sqlText).join(', ')})`;
  const since = from === undefined ? '' : ` AND last_session >= DATE '${from}'`;
  return `SELECT symbol, first_session, last_session, open, high, low, close, volume, vwap, trades, sessions, expected, complete
    FROM (${rows})
    WHERE ${bySymbol} AND security_id = ${sqlText(securityId)}${since} AND first_session <= DATE '${to}'
    ORDER BY first_session`;
}

export function hasSymbol(rows: string, symbol: string): string {
  return `SELECT 1 AS found FROM (${rows}) WHERE symbol = ${sqlText(symbol)} LIMIT 1`;
}

export function distinctSymbols(rows: string): string {
  return `SELECT DISTINCT symbol FROM (${rows}) WHERE symbol IS NOT NULL ORDER BY symbol`;
}

/** The last session, not after a date, in which a symbol has a bar; null where there is none. */
export function lastSessionOf(rows: string, symbol: string, to: IsoDate): string {
  return `SELECT max(session) AS session FROM (${rows}) WHERE symbol = ${sqlText(symbol)} AND session <= DATE '${to}'`;
}

export function ledgerStates(rows: string): string {
  return `SELECT session, state FROM (${rows}) WHERE dataset = 'daily_bars'`;
}

export function restatementsOf(rows: string, spans: readonly SymbolSpan[], from: IsoDate, to: IsoDate): string {
  return `SELECT symbol, session, kind, field, old, new, seen_at FROM (${rows})
    WHERE ${spansSql(spans, 'session', from, to)} ORDER BY session, version, field`;
}

export function allOf(rows: string, columns: readonly string[], orderBy: readonly string[]): string {
  return `SELECT ${columns.join(', ')} FROM (${rows}) ORDER BY ${orderBy.join(', ')}`;
}

export function ofSymbols(
  rows: string,
  symbols: readonly string[],
  columns: readonly string[],
  orderBy: readonly string[],
): string {
  const list = symbols.map(sqlText).join(', ');
  return `SELECT ${columns.join(', ')} FROM (${rows}) WHERE symbol IN (${list}) ORDER BY ${orderBy.join(', ')}`;
}

function spansSql(spans: readonly SymbolSpan[], column: string, from: IsoDate | undefined, to: IsoDate): string {
  const range = `${column} <= DATE '${to}'${from === undefined ? '' : ` AND ${column} >= DATE '${from}'`}`;
  const alternatives = spans.map(({ symbol, first, last }) => {
    const bounds = [`symbol = ${sqlText(symbol)}`];
    if (first !== null) bounds.push(`${column} >= DATE '${first}'`);
    if (last !== null) bounds.push(`${column} <= DATE '${last}'`);
    return bounds.join(' AND ');
  });
  // A security id with an `@` has no span under its own name.
  if (alternatives.length === 0) return 'false';
  return `(${alternatives.map((text) => `(${text})`).join(' OR ')}) AND ${range}`;
}
