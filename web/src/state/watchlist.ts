import { signal } from '@preact/signals';
import { readStored, writeStored } from './stored.ts';

/** The symbols somebody watches, kept by the browser. Undefined until one is added: then the view suggests some. */

export const WATCHED_MAX = 50;

export const watchlist = signal<readonly string[] | undefined>(read());

export function watch(symbol: string): void {
  const now = watchlist.value ?? [];
  if (!now.includes(symbol) && now.length < WATCHED_MAX) keep([...now, symbol]);
}

export function unwatch(symbol: string): void {
  keep((watchlist.value ?? []).filter((item) => item !== symbol));
}

export function toggleWatched(symbol: string): void {
  if ((watchlist.value ?? []).includes(symbol)) unwatch(symbol);
  else watch(symbol);
}

export function keep(symbols: readonly string[]): void {
  watchlist.value = symbols;
  writeStored('watchlist', JSON.stringify(symbols));
}

function read(): readonly string[] | undefined {
  const text = readStored('watchlist');
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string').slice(0, WATCHED_MAX) : undefined;
  } catch {
    return undefined;
  }
}
