/** The columns of daily_bars that a fold reads. `bars` is SQL text; `first` and `last` bound the sessions. */
export function barsBetween(bars: string, first: string, last: string): string {
  return `select symbol, session, open, high, low, close, volume, vwap, trades
    from (${bars}) where session >= date '${first}' and session <= date '${last}'`;
}

export function distinctSessions(bars: string): string {
  return `select distinct session from (${bars}) where session is not null order by session`;
}

export function allSplits(splits: string): string {
  return `select symbol, ex_date, split_from, split_to, source from (${splits})
    order by symbol, ex_date, split_from, split_to`;
}

export function allListings(listings: string): string {
  return `select security_id, symbol, first_session, last_session from (${listings}) order by symbol, first_session`;
}

/** Bounds of all stored windows. */
export function storedBounds(silver: string): string {
  return `select distinct first_session, last_session from (${silver}) order by first_session`;
}

export function distinctFirstSessions(silver: string): string {
  return `select distinct first_session from (${silver}) where first_session is not null order by first_session`;
}

/** The columns of the stored windows, without those that are written anew. */
export function carriedRows(silver: string, columns: readonly string[], replaced: readonly string[]): string {
  const dates = replaced.map((date) => `date '${date}'`).join(', ');
  return `select ${columns.join(', ')} from (${silver})${dates === '' ? '' : ` where first_session not in (${dates})`}`;
}

/** Folded and carried rows together, in the stored order. */
export function inStoredOrder(selects: readonly string[], sortBy: readonly string[]): string {
  return `select * from (${selects.map((select) => `(${select})`).join(' union all by name ')}) order by ${sortBy.join(', ')}`;
}
