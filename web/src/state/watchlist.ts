import { signal } from '@preact/signals';
import { readLocal, writeLocal } from './local-storage.ts';

/** The user's watchlist, stored in the browser. Undefined until it is first changed; the view then suggests symbols. */

export const WATCHLIST_MAX = 50;

export const watchlist = signal<readonly string[] | undefined>(read());

export function addToWatchlist(symbol: string): void {
  const symbols = watchlist.value ?? [];
  if (!symbols.includes(symbol) && symbols.length < WATCHLIST_MAX) saveWatchlist([...symbols, symbol]);
}

export function removeFromWatchlist(symbol: string): void {
  saveWatchlist((watchlist.value ?? []).filter((item) => item !== symbol));
}

export function toggleWatchlist(symbol: string): void {
  if ((watchlist.value ?? []).includes(symbol)) removeFromWatchlist(symbol);
  else addToWatchlist(symbol);
}

export function saveWatchlist(symbols: readonly string[]): void {
  watchlist.value = symbols;
  writeLocal('watchlist', JSON.stringify(symbols));
}

function read(): readonly string[] | undefined {
  const text = readLocal('watchlist');
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string').slice(0, WATCHLIST_MAX) : undefined;
  } catch {
    return undefined;
  }
}
