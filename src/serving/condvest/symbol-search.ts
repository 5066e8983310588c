import type { IsoDate } from '#base/dates.ts';
import type { Ticker, TickerDirectory } from '../ticker-directory.ts';
import type { FoundSymbol } from './shapes/market.ts';

/** How well a ticker fits a search: the lower the better. */
const SYMBOL_IS = 0;
const SYMBOL_BEGINS = 1;
const NAME_BEGINS = 2;
const WORD_BEGINS = 3;
const NAME_HOLDS = 4;
const NO_MATCH = 5;

/**
 * The tickers that a text may mean: those whose symbol begins with it, then those whose name has it, each first by how well
 * they fit, then those that are still traded, then by symbol. Upper and lower case are the same. One row a symbol: its newest ticker.
 */
export function searchTickers(
  directory: TickerDirectory,
  search: string,
  session: IsoDate,
  limit: number,
): FoundSymbol[] {
  const text = search.trim().toLowerCase();
  const found: { readonly ticker: Ticker; readonly fit: number; readonly isActive: boolean }[] = [];
  for (const ticker of directory.tickers) {
    if (directory.newest(ticker.symbol) !== ticker) continue;
    const fit = fitOf(ticker, text);
    if (fit < NO_MATCH) found.push({ ticker, fit, isActive: directory.isActive(ticker, session) });
  }
  return found
    .sort(
      (a, b) =>
        a.fit - b.fit || Number(b.isActive) - Number(a.isActive) || (a.ticker.symbol < b.ticker.symbol ? -1 : 1),
    )
    .slice(0, limit)
    .map(({ ticker, isActive }) => ({
      symbol: ticker.symbol,
      name: ticker.name,
      type: ticker.type,
      exchange: ticker.exchange,
      first_session: ticker.firstSession,
      last_session: ticker.lastSession,
      active: isActive,
    }));
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
