import { notEntitled } from '../http/http-errors.ts';

/** Prefixes by which the vendor tells other classes of assets from stocks. */
const OTHER_CLASSES: Readonly<Record<string, string>> = {
  'O:': 'options',
  'X:': 'crypto currencies',
  'C:': 'currencies',
  'I:': 'indices',
};

/** Throws `not-entitled` for a symbol that is no stock's: nothing else is in the lake. */
export function refuseOtherClasses(symbol: string): void {
  const other = OTHER_CLASSES[symbol.slice(0, 2)];
  if (other !== undefined) throw notEntitled(`${other}, only stocks`);
}
