import type { IsoDate } from '#base/dates.ts';
import { sqlText } from '#lake/engine.ts';

/** The statements behind answers across symbols. `rows` is SQL text of a relation (`scanSql` of `bronze/daily_bars`). */

const VALUES = 'open, high, low, close, volume, vwap, trades';

/** Every row of one session. */
export function rowsOfSession(rows: string, session: IsoDate): string {
  return `SELECT symbol, ${VALUES} FROM (${rows}) WHERE session = DATE '${session}' ORDER BY symbol`;
}

/** Of every symbol its last row in some sessions. */
export function lastRowsOf(rows: string, sessions: Iterable<IsoDate>): string {
  const dates = [...sessions].map((session) => `DATE '${session}'`).join(', ');
  return `SELECT symbol, session, ${VALUES} FROM (${rows}) WHERE session IN (${dates})
    QUALIFY row_number() OVER (PARTITION BY symbol ORDER BY session DESC) = 1 ORDER BY symbol`;
}

/** Closes of some symbols in [from, to], ascending by session. */
export function closesOf(rows: string, symbols: readonly string[], from: IsoDate, to: IsoDate): string {
  return `SELECT symbol, session, close, volume FROM (${rows})
    WHERE symbol IN (${symbols.map(sqlText).join(', ')}) AND session BETWEEN DATE '${from}' AND DATE '${to}'
    ORDER BY session, symbol`;
}

/** Of every symbol but some: how many rows it has in [from, to], and their highest high and lowest low. */
export function extremesOf(rows: string, except: readonly string[], from: IsoDate, to: IsoDate): string {
  const others = except.length === 0 ? '' : ` AND symbol NOT IN (${except.map(sqlText).join(', ')})`;
  return `SELECT symbol, count(*)::INTEGER AS sessions, max(high) AS high, min(low) AS low FROM (${rows})
    WHERE session BETWEEN DATE '${from}' AND DATE '${to}'${others} GROUP BY symbol ORDER BY symbol`;
}

/** Highs and lows of some symbols in [from, to]. */
export function rangesOf(rows: string, symbols: readonly string[], from: IsoDate, to: IsoDate): string {
  return `SELECT symbol, session, high, low FROM (${rows})
    WHERE symbol IN (${symbols.map(sqlText).join(', ')}) AND session BETWEEN DATE '${from}' AND DATE '${to}'
    ORDER BY symbol, session`;
}

/** Symbols whose listing names one of some exchanges. */
export function symbolsOfExchanges(listings: string, exchanges: readonly string[]): string {
  return `SELECT DISTINCT symbol FROM (${listings}) WHERE exchange IN (${exchanges.map(sqlText).join(', ')})`;
}
