import type { IsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import type { Listings } from '#market/security.ts';
import { distinctSymbols, hasSymbol, lastSessionOf } from './bars.sql.ts';
import { isOneTypo } from './one-typo.ts';

/** The requested symbol, and when. */
export interface SymbolQuery {
  readonly symbol: string;
  /** The day asked for. On a symbol's first day nothing has been published under it yet. */
  readonly date: IsoDate;
  /** The last session published on or before that day. */
  readonly session: IsoDate;
}

/**
 * The security that a symbol means on a day. Where listings know the symbol but not on that day (`FB`, asked for after
 * it became META), it is the security of the last session before it in which the symbol was traded.
 */
export async function securityOf(
  lake: Lake,
  bars: Snapshot,
  listings: Listings,
  { symbol, date, session }: SymbolQuery,
): Promise<string> {
  const begun = listings.listed(symbol, date);
  if (begun !== undefined && begun.firstSession > session) return begun.securityId;
  if (!listings.has(symbol) || listings.listed(symbol, session) !== undefined) return listings.resolve(symbol, session);
  const rows = await lake.table(DAILY_BARS).scanSql(bars.files);
  const [last] = await lake.rows<{ session: IsoDate | null }>(lastSessionOf(rows, symbol, session));
  return listings.resolve(symbol, last?.session ?? session);
}

const NEAR_MISSES_MAX = 5;
const ALTERNATIVES = new Intl.ListFormat('en', { type: 'disjunction' });

/**
 * Returns where one of the symbols has bars, whenever; otherwise throws `symbol-unknown` with symbols like the first.
 */
export async function refuseUnknown(
  lake: Lake,
  bars: Snapshot,
  symbols: readonly [string, ...string[]],
): Promise<void> {
  const rows = await lake.table(DAILY_BARS).scanSql(bars.files);
  for (const symbol of new Set(symbols)) {
    const found = await lake.rows(hasSymbol(rows, symbol));
    if (found.length > 0) return;
  }
  const known = await lake.rows<{ symbol: string }>(distinctSymbols(rows));
  const near = nearMisses(
    symbols[0],
    known.map(({ symbol }) => symbol),
  );
  throw new UsageError({
    code: 'symbol-unknown',
    message: `No data for "${symbols[0]}"`,
    action: near.length > 0 ? `Did you mean ${ALTERNATIVES.format(near)}?` : 'List the symbols with: condvest symbols',
  });
}

/** Similarity of two symbols, by rule: lower is closer. */
const SAME_BUT_CASE = 0;
const SAME_BUT_PUNCTUATION = 1;
const BEGINS_ALIKE = 2;
const ONE_TYPO = 3;

/**
 * Symbols that differ by case, by punctuation, by an ending or by one typing mistake; nearest first.
 */
export function nearMisses(symbol: string, known: readonly string[]): string[] {
  return known
    .map((candidate) => ({ candidate, distance: distanceOf(symbol.toUpperCase(), candidate.toUpperCase()) }))
    .filter((entry): entry is { candidate: string; distance: number } => entry.distance !== undefined)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, NEAR_MISSES_MAX)
    .map((entry) => entry.candidate);
}

function distanceOf(wanted: string, other: string): number | undefined {
  if (other === wanted) return SAME_BUT_CASE;
  if (lettersOf(other) === lettersOf(wanted)) return SAME_BUT_PUNCTUATION;
  if (wanted !== '' && (other.startsWith(wanted) || wanted.startsWith(other))) {
    return BEGINS_ALIKE + Math.abs(other.length - wanted.length) / (other.length + wanted.length);
  }
  return isOneTypo(wanted, other) ? ONE_TYPO : undefined;
}

function lettersOf(symbol: string): string {
  return symbol.replaceAll(/[^A-Z0-9]/g, '');
}
