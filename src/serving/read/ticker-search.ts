import type { IsoDate } from '#base/dates.ts';
import { isOneTypo } from './one-typo.ts';
import type { Ticker, TickerDirectory } from './ticker-directory.ts';

/** Match quality of a ticker in a search: lower is better. */
const SYMBOL_IS = 0;
const SYMBOL_IS_BUT_CASE = 1;
const SYMBOL_IS_BUT_SEPARATORS = 2;
const SYMBOL_BEGINS = 3;
const NAME_BEGINS = 4;
const WORD_BEGINS = 5;
const SYMBOL_CONTAINS = 6;
const NAME_CONTAINS = 7;
const ONE_TYPO = 8;
const NO_MATCH = 9;

/** Shorter texts are one typing mistake away from too many symbols and words. */
const TYPO_LENGTH_MIN = 3;

export interface FoundTicker {
  readonly ticker: Ticker;
  /** On the session that was asked for. */
  readonly isActive: boolean;
}

/**
 * The tickers that a text may mean, out of those that are wanted: those whose symbol or name contains it, by how well
 * they fit, then those that are still traded, then by symbol. Case does not matter, and neither do the separators
 * `-`, `/` and `.`. Tickers that are one typing mistake away fill the rest of the limit.
 */
export function searchTickers(
  directory: TickerDirectory,
  search: string,
  request: { readonly session: IsoDate; readonly limit: number; readonly isWanted: (found: FoundTicker) => boolean },
): FoundTicker[] {
  const text = wantedText(search);
  const found = matching(directory, (ticker) => fitOf(ticker, text), request);
  if (found.length >= request.limit || text.symbol.length < TYPO_LENGTH_MIN) return found;
  const known = new Set(found.map(({ ticker }) => ticker));
  const typos = (ticker: Ticker): number => (!known.has(ticker) && isTypoOf(ticker, text) ? ONE_TYPO : NO_MATCH);
  return [...found, ...matching(directory, typos, { ...request, limit: request.limit - found.length })];
}

function matching(
  directory: TickerDirectory,
  fitOfTicker: (ticker: Ticker) => number,
  { session, limit, isWanted }: Parameters<typeof searchTickers>[2],
): FoundTicker[] {
  const all: (FoundTicker & { readonly fit: number })[] = [];
  for (const ticker of directory.tickers) {
    const fit = fitOfTicker(ticker);
    if (fit === NO_MATCH) continue;
    const found = { ticker, fit, isActive: directory.isActive(ticker, session) };
    if (isWanted(found)) all.push(found);
  }
  // The directory ascends by symbol, and the sort is stable.
  return all.sort((a, b) => a.fit - b.fit || Number(b.isActive) - Number(a.isActive)).slice(0, limit);
}

interface WantedText {
  readonly exact: string;
  readonly symbol: string;
  readonly name: string;
}

function wantedText(search: string): WantedText {
  const exact = search.trim();
  // A text of nothing but separators matches nothing, rather than everything.
  return { exact, symbol: symbolKey(exact) || exact, name: nameKey(exact).trim() || exact };
}

/** `brkb` for `BRK.B`, `BRK/B` and `BRK-B`. */
function symbolKey(symbol: string): string {
  return symbol.toLowerCase().replaceAll(/[-/. ]/g, '');
}

function nameKey(name: string): string {
  return name.toLowerCase().replaceAll(/[-/. ]+/g, ' ');
}

function fitOf(ticker: Ticker, text: WantedText): number {
  if (ticker.symbol === text.exact) return SYMBOL_IS;
  if (ticker.symbol.toLowerCase() === text.exact.toLowerCase()) return SYMBOL_IS_BUT_CASE;
  const symbol = symbolKey(ticker.symbol);
  if (symbol === text.symbol) return SYMBOL_IS_BUT_SEPARATORS;
  if (symbol.startsWith(text.symbol)) return SYMBOL_BEGINS;
  const name = nameKey(ticker.name ?? '');
  const at = name.indexOf(text.name);
  if (at === 0) return NAME_BEGINS;
  if (at > 0 && name.includes(` ${text.name}`)) return WORD_BEGINS;
  if (symbol.includes(text.symbol)) return SYMBOL_CONTAINS;
  return at > 0 ? NAME_CONTAINS : NO_MATCH;
}

/** A symbol as a whole, or a name from the start of one of its words. */
function isTypoOf(ticker: Ticker, text: WantedText): boolean {
  if (isOneTypo(symbolKey(ticker.symbol), text.symbol)) return true;
  if (ticker.name === null || text.name.length <= TYPO_LENGTH_MIN) return false;
  const name = nameKey(ticker.name);
  for (let start = 0; start >= 0; start = name.indexOf(' ', start) + 1 || -1) {
    for (const more of [0, 1, -1]) {
      if (isOneTypo(name.slice(start, start + text.name.length + more), text.name)) return true;
    }
  }
  return false;
}
