import { changeOf, type MarketDay, type MarketRow } from './market-day.ts';

/** Securities by how far they moved, as the vendor ranks them and as the page shows them. */

/** The vendor ranks only what was traded at least so often: one trade of a shell is no move. In shares. */
const VOLUME_MIN = 10_000;

export interface Mover {
  readonly row: MarketRow;
  readonly amount: number;
  readonly percent: number;
}

/** The `limit` securities that gained (or lost) most, in percent of their previous close; equals by symbol. */
export function moversOf(
  day: MarketDay,
  direction: 'gainers' | 'losers',
  limit: number,
  isWanted: (row: MarketRow) => boolean = () => true,
): Mover[] {
  const sign = direction === 'gainers' ? 1 : -1;
  const movers: Mover[] = [];
  for (const row of day.rows) {
    const change = changeOf(row);
    if (change === undefined || change.percent * sign <= 0) continue;
    if ((row.day?.volume ?? 0) < VOLUME_MIN || !isWanted(row)) continue;
    movers.push({ row, ...change });
  }
  return movers
    .sort((a, b) => (b.percent - a.percent) * sign || (a.row.symbol < b.row.symbol ? -1 : 1))
    .slice(0, limit);
}

/** The `limit` securities of which most shares changed hands. */
export function mostActive(day: MarketDay, limit: number): MarketRow[] {
  return day.rows
    .filter((row) => row.day !== undefined)
    .sort((a, b) => (b.day?.volume ?? 0) - (a.day?.volume ?? 0) || (a.symbol < b.symbol ? -1 : 1))
    .slice(0, limit);
}
