/** The columns of daily_bars that a fold reads. `bars` is SQL text; `first` and `last` bound the sessions. */
export function barsBetween(bars: string, first: string, last: string): string {
  return `select symbol, session, open, high, low, close, volume, vwap, trades
    from (${bars}) where session >= date '${first}' and session <= date '${last}'`;
}

export function distinctSessions(bars: string): string {
  return `select distinct session from (${bars}) where session is not null order by session`;
}

/** Bounds of all stored windows. */
export function storedBounds(silver: string): string {
  return `select distinct first_session, last_session from (${silver}) order by first_session`;
}
