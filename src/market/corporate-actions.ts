import { append } from '#base/append.ts';
import type { IsoDate } from '#base/dates.ts';
import type { Listings } from './security.ts';

/** Splits and dividends: facts as the vendor files them, and which of them count for which security. */

/**
 * A row of `bronze/splits`: `splitFrom` shares become `splitTo` shares on the ex-date. A ratio r is stored as 1 and r.
 */
export interface SplitFact {
  readonly symbol: string;
  readonly exDate: IsoDate;
  readonly splitFrom: number;
  readonly splitTo: number;
  readonly source: string | null;
}

/** A row of `bronze/dividends`, in dollars per share on the share basis of the ex-date. */
export interface DividendFact {
  readonly symbol: string;
  readonly exDate: IsoDate;
  readonly kind: string;
  readonly cashAmount: number;
  readonly source: string | null;
}

/** A dividend with everything that its source said about it; null where it said nothing. */
export interface FiledDividend extends DividendFact {
  readonly declarationDate: IsoDate | null;
  readonly recordDate: IsoDate | null;
  readonly payDate: IsoDate | null;
  /** Payments a year; 0 if it is not regular. */
  readonly frequency: number | null;
}

export interface AppliedSplit extends SplitFact {
  readonly securityId: string;
}

export interface AppliedDividend extends DividendFact {
  readonly securityId: string;
}

/** An event that is stored and reported but not applied. */
export interface HeldEvent {
  readonly kind: 'split' | 'dividend';
  readonly securityId: string;
  readonly exDate: IsoDate;
  readonly terms: string;
  readonly reason: string;
}

export interface Resolved<T> {
  /** By security, each ascending by ex-date. */
  readonly applied: ReadonlyMap<string, readonly T[]>;
  readonly held: readonly HeldEvent[];
}

/**
 * Returns the splits of each security. Facts are resolved by symbol and ex-date, with today's symbol as a fallback.
 * Equal facts count once; two different ratios for one security and date are both held back.
 */
export function resolveSplits(listings: Listings, facts: Iterable<SplitFact>): Resolved<AppliedSplit> {
  return resolve(listings, facts, {
    kind: 'split',
    keyOf: () => '',
    equal: (a, b) => a.splitTo / a.splitFrom === b.splitTo / b.splitFrom,
    terms: splitTerms,
  });
}

/**
 * Returns the dividends of each security, resolved like `resolveSplits`, unique by security, ex-date and kind. Some
 * sources call all of them special, so a supplemental or irregular dividend with the amount of a special one on the
 * same day is the same dividend.
 */
export function resolveDividends<Fact extends DividendFact>(
  listings: Listings,
  facts: Iterable<Fact>,
): Resolved<Fact & AppliedDividend> {
  const { applied, held } = resolve(listings, facts, {
    kind: 'dividend',
    keyOf: (fact) => fact.kind,
    equal: (a, b) => a.cashAmount === b.cashAmount,
    terms: dividendTerms,
  });
  const once = [...applied].map(([id, dividends]): [string, typeof dividends] => {
    const specials = new Set(
      dividends.flatMap((one) => (one.kind === 'SC' ? [`${one.exDate} ${one.cashAmount}`] : [])),
    );
    const isSpecial = (one: AppliedDividend): boolean =>
      FINER_THAN_SPECIAL.has(one.kind) && specials.has(`${one.exDate} ${one.cashAmount}`);
    return [id, dividends.filter((one) => !isSpecial(one))];
  });
  return { applied: new Map(once), held };
}

/** Kinds that some sources file as special: supplemental and irregular. */
const FINER_THAN_SPECIAL: ReadonlySet<string> = new Set(['SU', 'IR']);

export function splitTerms(split: { readonly splitFrom: number; readonly splitTo: number }): string {
  return `${split.splitTo} for ${split.splitFrom}`;
}

export function dividendTerms(dividend: { readonly cashAmount: number; readonly kind: string }): string {
  return `$${dividend.cashAmount} ${dividend.kind}`;
}

interface Fact {
  readonly symbol: string;
  readonly exDate: IsoDate;
}

interface Rule<T> {
  readonly kind: 'split' | 'dividend';
  readonly keyOf: (fact: T) => string;
  readonly equal: (a: T, b: T) => boolean;
  readonly terms: (fact: T) => string;
}

function resolve<T extends Fact>(
  listings: Listings,
  facts: Iterable<T>,
  rule: Rule<T>,
): Resolved<T & { securityId: string }> {
  const byKey = new Map<string, (T & { securityId: string })[]>();
  for (const fact of facts) {
    const securityId = securityOfEvent(listings, fact);
    const key = `${securityId}\n${fact.exDate}\n${rule.keyOf(fact)}`;
    const same = byKey.get(key);
    if (same === undefined) byKey.set(key, [{ ...fact, securityId }]);
    else if (!same.some((other) => rule.equal(other, fact))) same.push({ ...fact, securityId });
  }
  const applied = new Map<string, (T & { securityId: string })[]>();
  const held: HeldEvent[] = [];
  const ascending = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [, values] of ascending) {
    const [first, second] = values;
    if (first === undefined) continue;
    if (second === undefined) {
      append(applied, first.securityId, first);
      continue;
    }
    const reason = `${values.length} different values for one security and date`;
    for (const fact of values) {
      held.push({ kind: rule.kind, securityId: fact.securityId, exDate: fact.exDate, terms: rule.terms(fact), reason });
    }
  }
  for (const list of applied.values()) list.sort((a, b) => (a.exDate < b.exDate ? -1 : 1));
  return { applied, held };
}

/**
 * Vendors file events under the symbol of that day or under today's. Once its last listing has ended, a symbol no
 * longer belongs to that security: later announcements under it are another security's.
 */
export function securityOfEvent(listings: Listings, { symbol, exDate }: Fact): string {
  const listing = listings.listed(symbol, exDate) ?? listings.newest(symbol);
  const isOver = typeof listing?.lastSession === 'string' && listing.lastSession < exDate;
  return listing === undefined || isOver ? listings.resolve(symbol, exDate) : listing.securityId;
}
