import { append } from '#base/append.ts';
import { compare } from '#base/compare.ts';
import { addDays, type IsoDate } from '#base/dates.ts';

/**
 * A security keeps its identity while its symbol changes, and a symbol may belong to several securities over time.
 * Listings say which security had which symbol when. Without a listing, a symbol is its own security.
 */

/** A row of `bronze/listings`, limited to identity. */
export interface Listing {
  readonly securityId: string;
  readonly symbol: string;
  readonly firstSession: IsoDate;
  /** Null while the listing is open. */
  readonly lastSession: IsoDate | null;
}

/** Further details of a listing. Null: unknown. */
export interface ListingDetails {
  readonly name: string | null;
  /** The vendor's code: CS, ADRC, ETF … */
  readonly type: string | null;
  /** Primary exchange, MIC. */
  readonly exchange: string | null;
  /** Composite FIGI. */
  readonly figi: string | null;
}

/** A span of time in which a security had a symbol. */
export interface SymbolSpan {
  readonly symbol: string;
  /** Null: since before anything is known. */
  readonly first: IsoDate | null;
  /** Null: until today. */
  readonly last: IsoDate | null;
}

/**
 * Two listings that contradict each other: in one session, they give one symbol to two securities or two symbols to one
 * security. Either a bar's security would be ambiguous, or a security would have two bars.
 */
export interface ListingOverlap {
  readonly first: Listing;
  /** Begins while the first one is open. */
  readonly second: Listing;
}

/** The listings known at one instant, indexed. Immutable. */
export class Listings {
  static readonly none = new Listings([]);

  readonly #bySymbol = new Map<string, Listing[]>();
  readonly #bySecurity = new Map<string, Listing[]>();

  /** Spans in which a symbol's rows belong neither to a listing nor to the security of that name. */
  readonly #strays = new Map<string, Listing[]>();

  constructor(rows: Iterable<Listing>) {
    const ascending = [...rows].sort((a, b) => compare(a.firstSession, b.firstSession) || compare(a.symbol, b.symbol));
    for (const row of ascending) {
      append(this.#bySymbol, row.symbol, row);
      append(this.#bySecurity, row.securityId, row);
    }
    for (const row of ascending) {
      // An id with `@` is not a symbol, so no row can end up under it by accident.
      if (row.symbol === row.securityId || row.securityId.includes('@')) continue;
      for (const gap of this.#gaps(row.securityId, row.firstSession, row.lastSession)) {
        if (gap.first === null) continue;
        const stray: Listing = {
          securityId: `${row.securityId}@unlisted`,
          symbol: row.securityId,
          firstSession: gap.first,
          lastSession: gap.last,
        };
        append(this.#strays, row.securityId, stray);
        append(this.#bySecurity, stray.securityId, stray);
      }
    }
  }

  /**
   * Returns the security that had a symbol in a session. If no listing covers it, the symbol is its own security,
   * except while the security of that name has another symbol (`FB` after it became META), since a security has one bar
   * per session.
   */
  resolve(symbol: string, session: IsoDate): string {
    const listed = this.listed(symbol, session);
    if (listed !== undefined) return listed.securityId;
    return this.#strays.get(symbol)?.find((row) => covers(row, session))?.securityId ?? symbol;
  }

  /** Returns the listing of a symbol in a session. */
  listed(symbol: string, session: IsoDate): Listing | undefined {
    return this.#bySymbol.get(symbol)?.findLast((row) => covers(row, session));
  }

  /** Returns the newest listing of a symbol: its current meaning at the vendor, unless it has ended. */
  newest(symbol: string): Listing | undefined {
    return this.#bySymbol.get(symbol)?.at(-1);
  }

  /**
   * Returns the spans in which rows belong to a security, ascending and disjoint. A security whose id is a symbol also
   * owns that symbol's rows that no listing covers.
   */
  spans(securityId: string): SymbolSpan[] {
    const listed = (this.#bySecurity.get(securityId) ?? []).map(spanOf);
    const strays = (this.#strays.get(securityId) ?? []).map(spanOf);
    // An id with `@` is not a symbol, so no rows belong to it by name.
    const gaps = securityId.includes('@') ? [] : this.#gaps(securityId, null, null);
    const own = gaps.flatMap((gap) => cut(gap, strays));
    const ascending = [...listed, ...own].sort((a, b) => compare(a.first ?? '', b.first ?? ''));
    const spans: SymbolSpan[] = [];
    for (const span of ascending) {
      const before = spans.at(-1);
      const touches = before?.symbol === span.symbol && before.last !== null && dayAfter(before.last) === span.first;
      if (touches && before !== undefined) spans[spans.length - 1] = { ...before, last: span.last };
      else spans.push(span);
    }
    return spans;
  }

  /** Returns every symbol whose rows can belong to a security in any session. */
  symbolsOf(securityId: string): Set<string> {
    return new Set([securityId, ...(this.#bySecurity.get(securityId) ?? []).map(({ symbol }) => symbol)]);
  }

  /**
   * Returns the spans in which a symbol's rows belong to a security of another name, ascending by symbol and first
   * session. That is all it takes to map rows to securities: every other row belongs to the security named like its
   * symbol.
   */
  exceptions(): Listing[] {
    const mapped = [...this.#bySymbol.values()].flat().filter((row) => row.securityId !== row.symbol);
    const strays = [...this.#strays.values()].flat();
    return [...mapped, ...strays].sort(
      (a, b) => compare(a.symbol, b.symbol) || compare(a.firstSession, b.firstSession),
    );
  }

  has(symbol: string): boolean {
    return this.#bySymbol.has(symbol);
  }

  get symbols(): IterableIterator<string> {
    return this.#bySymbol.keys();
  }

  /** Returns listings that contradict each other. There must be none. */
  overlaps(): ListingOverlap[] {
    const twoSymbols = [...this.#bySecurity.values()]
      .flatMap(overlapsIn)
      .filter(({ first, second }) => first.symbol !== second.symbol);
    return [...[...this.#bySymbol.values()].flatMap(overlapsIn), ...twoSymbols];
  }

  /** Returns the parts of [first, last] that no listing of a symbol covers. */
  #gaps(symbol: string, first: IsoDate | null, last: IsoDate | null): SymbolSpan[] {
    return cut({ symbol, first, last }, (this.#bySymbol.get(symbol) ?? []).map(spanOf));
  }
}

/**
 * Returns a permanent id for a security first seen under a symbol: the symbol itself or, if another security already
 * has that id, the symbol and the first session. So rows need no mapping until a symbol is reused or changed.
 */
export function newSecurityId(symbol: string, firstSession: IsoDate, taken: (id: string) => boolean): string {
  return taken(symbol) ? `${symbol}@${firstSession}` : symbol;
}

function spanOf(row: Listing): SymbolSpan {
  return { symbol: row.symbol, first: row.firstSession, last: row.lastSession };
}

/** Returns a span minus others, which are ascending. */
function cut(span: SymbolSpan, others: readonly SymbolSpan[]): SymbolSpan[] {
  const left: SymbolSpan[] = [];
  let first = span.first;
  for (const other of others) {
    if (span.last !== null && other.first !== null && other.first > span.last) break;
    if (other.last !== null && first !== null && other.last < first) continue;
    if (other.first !== null && (first === null || first < other.first)) {
      left.push({ symbol: span.symbol, first, last: addDays(other.first, -1) });
    }
    if (other.last === null) return left;
    first = dayAfter(other.last);
  }
  if (span.last === null || first === null || first <= span.last)
    left.push({ symbol: span.symbol, first, last: span.last });
  return left;
}

function dayAfter(date: IsoDate): IsoDate {
  return addDays(date, 1);
}

function covers(row: Listing, session: IsoDate): boolean {
  return row.firstSession <= session && (row.lastSession === null || session <= row.lastSession);
}

/** Returns, of listings ascending by first session, each one that begins before all earlier ones have ended. */
function overlapsIn(ascending: readonly Listing[]): ListingOverlap[] {
  const overlaps: ListingOverlap[] = [];
  let longest: Listing | undefined;
  for (const listing of ascending) {
    if (longest !== undefined && covers(longest, listing.firstSession)) {
      overlaps.push({ first: longest, second: listing });
    }
    if (longest === undefined || endOf(listing) > endOf(longest)) longest = listing;
  }
  return overlaps;
}

/** Sorts after every date while the listing is open. */
function endOf(listing: Listing): string {
  return listing.lastSession ?? '~';
}
