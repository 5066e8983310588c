import type { IsoDate } from '#base/dates.ts';
import { sqlText } from '#lake/sql-text.ts';

/** The statements behind answers across symbols. `rows` is SQL text of a relation (`scanSql` of `bronze/daily_bars`). */

const VALUES = 'open, high, low, close, volume, vwap, trades';

/** Every row of one session. */
export function rowsOfSession(rows: string, session: IsoDate): string {
  return `SELECT symbol, ${VALUES} FROM (${rows}) WHERE session = DATE '${session}' ORDER BY symbol`;
}

/** Of every symbol its last row in some sessions; all of them, should another program have stored it twice. */
export function lastRowsOf(rows: string, sessions: Iterable<IsoDate>): string {
  const dates = [...sessions].map((session) => `DATE '${session}'`).join(', ');
  return `SELECT symbol, session, ${VALUES} FROM (${rows}) WHERE session IN (${dates})
    QUALIFY rank() OVER (PARTITION BY symbol ORDER BY session DESC) = 1 ORDER BY symbol`;
}

/** Closes of some symbols in [from, to], ascending by session. */
export function closesOf(rows: string, symbols: readonly string[], from: IsoDate, to: IsoDate): string {
  return `SELECT symbol, session, close, volume FROM (${rows})
    WHERE symbol IN (${symbols.map(sqlText).join(', ')}) AND session BETWEEN DATE '${from}' AND DATE '${to}'
    ORDER BY session, symbol`;
}

/** Of every symbol: how many rows it has in [from, to], and their highest high and lowest low. */
export function extremesOf(rows: string, from: IsoDate, to: IsoDate): string {
  return `SELECT symbol AS key, count(*)::INTEGER AS sessions, max(high) AS high, min(low) AS low FROM (${rows})
    WHERE session BETWEEN DATE '${from}' AND DATE '${to}' AND symbol IS NOT NULL GROUP BY symbol`;
}

/** A span in which a security has one symbol and one share count. */
export interface PricedSpan {
  readonly securityId: string;
  readonly symbol: string;
  readonly first: IsoDate;
  readonly last: IsoDate;
  readonly priceFactor: number;
}

/** As `extremesOf`, of the securities that these spans belong to, in the share count that their factors lead to. */
export function extremesOfSegments(rows: string, spans: readonly PricedSpan[]): string {
  const values = spans.map(
    ({ securityId, symbol, first, last, priceFactor }) =>
      `(${sqlText(securityId)}, ${sqlText(symbol)}, DATE '${first}', DATE '${last}', '${priceFactor}'::DOUBLE)`,
  );
  return `SELECT key, count(*)::INTEGER AS sessions, max(high * factor) AS high, min(low * factor) AS low
    FROM (${rows}) bars JOIN (VALUES ${values.join(', ')}) spans(key, symbol, first, last, factor)
      ON bars.symbol = spans.symbol AND session BETWEEN first AND last
    GROUP BY key`;
}

/** All listings of the symbols of which one names one of some exchanges, and whether it is that one. */
export function listingsOfExchanges(listings: string, exchanges: readonly string[]): string {
  const isOne = `coalesce(exchange IN (${exchanges.map(sqlText).join(', ')}), false)`;
  return `SELECT symbol, first_session, ${isOne} AS is_otc FROM (${listings})
    WHERE symbol IS NOT NULL AND first_session IS NOT NULL
    QUALIFY bool_or(${isOne}) OVER (PARTITION BY symbol) ORDER BY symbol, first_session`;
}
