import { defined } from '#base/assert.ts';
import { addDays, type IsoDate, isoDate } from '#base/dates.ts';
import { type Listing, Listings } from '#market/security.ts';

/** One symbol standing for one security from `first` to `last`, both included. */
export interface LinkedSpan {
  readonly symbol: string;
  readonly first: IsoDate;
  readonly last: IsoDate;
  readonly securityId: string;
}

/** Dates in which a symbol stands for another security than before. */
export interface RelinkedRange {
  readonly symbol: string;
  readonly first: IsoDate;
  readonly last: IsoDate;
}

const EARLIEST = isoDate('0001-01-01');
const LATEST = isoDate('9999-12-31');

/**
 * The whole history, without gaps, of each symbol that was ever linked to a security of another name. SQL joins these spans;
 * every other symbol it takes for its own security.
 */
export function linkedSpans(rows: readonly Listing[]): LinkedSpan[] {
  const listings = new Listings(rows);
  const exceptions = listings.exceptions();
  const bySymbol = new Map<string, Listing[]>(exceptions.map((row) => [row.symbol, []]));
  for (const row of [...rows, ...exceptions]) bySymbol.get(row.symbol)?.push(row);
  const spans: LinkedSpan[] = [];
  for (const [symbol, ofSymbol] of [...bySymbol].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // Wherever anything is said to begin or end, the security may be another one; what it is, the listings say.
    const starts = new Set<IsoDate>([EARLIEST]);
    for (const { firstSession, lastSession } of ofSymbol) {
      starts.add(firstSession);
      if (lastSession !== null) starts.add(addDays(lastSession, 1));
    }
    for (const { first, last } of stretches(starts)) {
      const securityId = listings.resolve(symbol, first);
      const previous = spans.at(-1);
      if (previous?.symbol === symbol && previous.securityId === securityId) {
        spans[spans.length - 1] = { ...previous, last };
      } else spans.push({ symbol, first, last, securityId });
    }
  }
  return spans;
}

/** Where some symbol stands for one security by the one list and for another by the other. */
export function relinkedRanges(before: readonly LinkedSpan[], after: readonly LinkedSpan[]): RelinkedRange[] {
  const then = Map.groupBy(before, ({ symbol }) => symbol);
  const now = Map.groupBy(after, ({ symbol }) => symbol);
  const ranges: RelinkedRange[] = [];
  for (const symbol of new Set([...then.keys(), ...now.keys()])) {
    const a = then.get(symbol) ?? [];
    const b = now.get(symbol) ?? [];
    const starts = new Set<IsoDate>([EARLIEST, ...a.map((span) => span.first), ...b.map((span) => span.first)]);
    for (const { first, last } of stretches(starts)) {
      if (securityAt(a, symbol, first) !== securityAt(b, symbol, first)) ranges.push({ symbol, first, last });
    }
  }
  return ranges;
}

/** From each start to the day before the next one, the last until ever. */
function stretches(starts: ReadonlySet<IsoDate>): { first: IsoDate; last: IsoDate }[] {
  const ascending = [...starts].sort();
  return ascending.map((first, position) => {
    if (position === ascending.length - 1) return { first, last: LATEST };
    return { first, last: addDays(defined(ascending[position + 1], 'a next start'), -1) };
  });
}

function securityAt(spans: readonly LinkedSpan[], symbol: string, date: IsoDate): string {
  return spans.find((span) => span.first <= date && date <= span.last)?.securityId ?? symbol;
}
