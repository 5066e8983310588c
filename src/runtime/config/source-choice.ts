import type { Config } from './config.ts';

/** Returns the kind of daily source that the configuration selects; `auto` means the vendor if there is an API key. */
export function sourceChoice({ source, massiveApiKey }: Config): 'simulated' | 'massive' | 'flat-files' {
  if (source !== 'auto') return source;
  return massiveApiKey === undefined ? 'simulated' : 'massive';
}

/** Returns the source's name as the ledger records it, without opening the source. */
export function sourceName(config: Config): string {
  const choice = sourceChoice(config);
  return choice === 'flat-files' ? 'flat-file' : choice;
}

/** Returns whether sessions come from outside: from a vendor's API or a folder of its files. */
export function isFromVendor(config: Config): boolean {
  return sourceChoice(config) !== 'simulated';
}
