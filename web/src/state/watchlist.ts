import { signal } from '@preact/signals';
import { readLocal, writeLocal } from './local-storage.ts';

/** The user's watchlist, stored in the browser. Undefined until it is first changed; the view then suggests symbols. */

export const WATCHLIST_MAX = 50;

export const watchlist = signal<readonly string[] | undefined>(readList('watchlist'));

export function addToWatchlist(symbol: string): void {
  const symbols = watchlist.value ?? [];
  if (!symbols.includes(symbol) && symbols.length < WATCHLIST_MAX) saveWatchlist([...symbols, symbol]);
}

export function removeFromWatchlist(symbol: string): void {
  saveWatchlist((watchlist.value ?? []).filter((item) => item !== symbol));
}

/** Symbols added while the rest of the list is still suggested. */
export const addedSymbols = signal<readonly string[]>(readList('watchlist-added') ?? []);

export function isWatched(symbol: string): boolean {
  return (watchlist.value ?? addedSymbols.value).includes(symbol);
}

/** Adds or removes a symbol. Until the list is put together by hand, it is added to the suggested ones. */
export function toggleWatchlist(symbol: string): void {
  if (watchlist.value === undefined) {
    const others = addedSymbols.value.filter((item) => item !== symbol);
    addedSymbols.value = isWatched(symbol) ? others : [...others, symbol].slice(-WATCHLIST_MAX);
    writeLocal('watchlist-added', JSON.stringify(addedSymbols.value));
  } else if (isWatched(symbol)) removeFromWatchlist(symbol);
  else addToWatchlist(symbol);
}

export function saveWatchlist(symbols: readonly string[]): void {
  watchlist.value = symbols;
  writeLocal('watchlist', JSON.stringify(symbols));
}

function readList(name: string): readonly string[] | undefined {
  const text = readLocal(name);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string').slice(0, WATCHLIST_MAX) : undefined;
  } catch {
    return undefined;
  }
}
