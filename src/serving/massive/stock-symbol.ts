import { notEntitled } from '../http/http-errors.ts';

/** Classes of assets other than stocks, as the vendor's parameters name them. */
const OTHER_CLASSES: Readonly<Record<string, string>> = {
  options: 'options',
  crypto: 'crypto currencies',
  fx: 'currencies',
  indices: 'indices',
  futures: 'futures',
};

/** Prefixes by which the vendor tells their symbols from those of stocks. */
const PREFIXES: Readonly<Record<string, string>> = { 'O:': 'options', 'X:': 'crypto', 'C:': 'fx', 'I:': 'indices' };

/** Throws `not-entitled` for a class of assets other than stocks: an empty list would say that it has no members. */
export function refuseOtherClass(name: string): void {
  const other = OTHER_CLASSES[name];
  if (other !== undefined) throw notEntitled(`${other}, only stocks`);
}

/** Throws `not-entitled` for a symbol that is no stock's: nothing else is in the lake. */
export function refuseOtherClasses(symbol: string): void {
  refuseOtherClass(PREFIXES[symbol.slice(0, 2)] ?? '');
}
