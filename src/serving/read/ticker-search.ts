import type { IsoDate } from '#base/dates.ts';
import type { Ticker, TickerDirectory } from './ticker-directory.ts';

/** Match quality of a ticker in a search: lower is better. */
const SYMBOL_IS = 0;
const SYMBOL_BEGINS = 1;
const NAME_BEGINS = 2;
const WORD_BEGINS = 3;
const NAME_HOLDS = 4;
const NO_MATCH = 5;

export interface FoundTicker {
  readonly ticker: Ticker;
  /** On the session that was asked for. */
  readonly isActive: boolean;
}

/**
 * The tickers that a text may mean, out of those that are wanted: first those whose symbol begins with it, then those
 * whose name has it, each by how well they fit, then those that are still traded, then by symbol. Upper and lower case
 * are the same.
 */
export function searchTickers(
  directory: TickerDirectory,
  search: string,
  request: { readonly session: IsoDate; readonly limit: number; readonly isWanted: (found: FoundTicker) => boolean },
): FoundTicker[] {
  const { session, limit, isWanted } = request;
  const text = search.trim().toLowerCase();
  const all: (FoundTicker & { readonly fit: number })[] = [];
  for (const ticker of directory.tickers) {
    const fit = fitOf(ticker, text);
    if (fit === NO_MATCH) continue;
    const found = { ticker, fit, isActive: directory.isActive(ticker, session) };
    if (isWanted(found)) all.push(found);
  }
  // The directory ascends by symbol, and a sort keeps what is equal in its order.
  return all.sort((a, b) => a.fit - b.fit || Number(b.isActive) - Number(a.isActive)).slice(0, limit);
}

function fitOf({ symbol, name }: Ticker, text: string): number {
  const lower = symbol.toLowerCase();
  if (lower === text) return SYMBOL_IS;
  if (lower.startsWith(text)) return SYMBOL_BEGINS;
  const words = name?.toLowerCase() ?? '';
  const at = words.indexOf(text);
  if (at === -1) return NO_MATCH;
  if (at === 0) return NAME_BEGINS;
  return words.includes(` ${text}`) ? WORD_BEGINS : NAME_HOLDS;
}
