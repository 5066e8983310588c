import { assert } from '#base/assert.ts';
import type { BarValues } from '#market/bar.ts';
import { emptyPartialBar, type PartialBar } from '#market/partial-bar.ts';
import type { MinuteRows } from '#market/trade-fold.ts';

/**
 * Minutes as bytes of the tick store, which does not look into them: JSON lists, since most numbers are short. `shown`
 * rows have the values of the bar; the others are partial bars, from which longer bars are summed after a restart.
 */
export type MinutePart = 'shown' | keyof MinuteRows;
export const ROW_PARTS: readonly (keyof MinuteRows)[] = ['regular', 'extended', 'auction'];

/** Returns the values of a bar; of a bar that was taken away, an empty list. */
export function encodeValues(values: BarValues | undefined): Uint8Array {
  if (values === undefined) return encode([]);
  const { open, high, low, close, volume, vwap, trades } = values;
  return encode([open, high, low, close, volume, vwap, trades]);
}

export function decodeValues(bytes: Uint8Array): BarValues | undefined {
  const [open, high, low, close, volume, vwap, trades] = decode(bytes);
  if (open === undefined) return undefined;
  return {
    open: numberOf(open),
    high: numberOf(high),
    low: numberOf(low),
    close: numberOf(close),
    volume: numberOf(volume),
    vwap: vwap === null ? null : numberOf(vwap),
    trades: trades === null ? null : numberOf(trades),
  };
}

export function encodePartial(bar: PartialBar): Uint8Array {
  return encode(bar);
}

export function decodePartial(bytes: Uint8Array): PartialBar {
  const bar = emptyPartialBar();
  const numbers = decode(bytes);
  assert(numbers.length === bar.length, `a partial bar of ${numbers.length} numbers`);
  for (const [index, value] of numbers.entries()) bar[index] = numberOf(value);
  return bar;
}

function encode(list: readonly (number | null)[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(list));
}

function decode(bytes: Uint8Array): unknown[] {
  const list: unknown = JSON.parse(new TextDecoder().decode(bytes));
  assert(Array.isArray(list), 'a minute is stored as a list');
  return list;
}

function numberOf(value: unknown): number {
  assert(typeof value === 'number', `a stored number: ${String(value)}`);
  return value;
}
