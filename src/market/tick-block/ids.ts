import type { ByteReader } from './byte-reader.ts';
import { unzigzag } from './byte-reader.ts';
import { type ByteWriter, zigzag } from './byte-writer.ts';
import { readUnsigned, writeUnsigned } from './columns.ts';

/**
 * The column of trade ids. Most venues count their trades, so a decimal id is written as its difference from the last
 * one of the same venue, plus one. Zero stands for any other id, which follows as text.
 */

/** Digits of the longest id that is written as a number: the difference of any two is below 2^52. */
const DIGITS_MAX = 15;
const ZERO = '0'.charCodeAt(0);

/** Writes ids; `venues` has a small whole number for the venue of each. */
export function writeIds(writer: ByteWriter, ids: readonly string[], venues: readonly number[]): void {
  const last: number[] = [];
  const texts: string[] = [];
  const column = ids.map((id, i) => {
    const number = numberOf(id);
    if (number === undefined) {
      texts.push(id);
      return 0;
    }
    const venue = venues[i] ?? 0;
    const delta = number - (last[venue] ?? 0);
    last[venue] = number;
    return zigzag(delta) + 1;
  });
  writeUnsigned(writer, column);
  for (const text of texts) writer.text(text);
}

export function readIds(reader: ByteReader, count: number, venues: readonly number[]): string[] {
  const column = readUnsigned(reader, count);
  const last: number[] = [];
  return column.map((value, i) => {
    if (value === 0) return reader.text();
    const venue = venues[i] ?? 0;
    const number = (last[venue] ?? 0) + unzigzag(value - 1);
    last[venue] = number;
    return String(number);
  });
}

/** Returns the number that an id spells, or undefined if the number would be spelled differently or is too long. */
function numberOf(id: string): number | undefined {
  const { length } = id;
  if (length === 0 || length > DIGITS_MAX || (length > 1 && id.charCodeAt(0) === ZERO)) return undefined;
  let number = 0;
  for (let i = 0; i < length; i += 1) {
    const digit = id.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return number;
}
