import type { ByteReader } from './byte-reader.ts';
import { unzigzag } from './byte-reader.ts';
import { type ByteWriter, zigzag } from './byte-writer.ts';
import { damaged } from './damaged.ts';

/** Columns of numbers: one value a row, in the order of the rows. */

/** Forms of a column: one value for all rows, or one each. */
const SAME = 0;
const EACH = 1;

/** Writes whole numbers from 0 to 2^53 − 1; a single one if they are all the same. */
export function writeUnsigned(writer: ByteWriter, values: readonly number[]): void {
  const [first = 0] = values;
  if (values.every((value) => value === first)) {
    writer.byte(SAME);
    writer.unsigned(first);
    return;
  }
  writer.byte(EACH);
  for (const value of values) writer.unsigned(value);
}

export function readUnsigned(reader: ByteReader, count: number): number[] {
  const form = reader.byte();
  if (form === SAME) return new Array<number>(count).fill(reader.unsigned());
  if (form !== EACH) throw damaged(`a column has the form ${form}`);
  return reader.unsigneds(count);
}

/** Writes whole numbers as differences from the one before, the first from `origin`. Neighbors must be within 2^52. */
export function writeDeltas(writer: ByteWriter, values: readonly number[], origin: number): void {
  let before = origin;
  const deltas = values.map((value) => {
    const delta = zigzag(value - before);
    before = value;
    return delta;
  });
  writeUnsigned(writer, deltas);
}

export function readDeltas(reader: ByteReader, count: number, origin: number): number[] {
  const values = readUnsigned(reader, count);
  let before = origin;
  for (let i = 0; i < count; i += 1) {
    before += unzigzag(values[i] ?? 0);
    values[i] = before;
  }
  return values;
}

/** Decimal places that a column of decimals may have, as powers of ten. */
const SCALES = [1, 1e2, 1e4, 1e6] as const;
/** Keeps the difference of any two of them within 2^52. */
const MANTISSA_MAX = 2 ** 50;

/**
 * Writes any float64 numbers, bit by bit as they are. Decimals of up to six places take the whole number that remains
 * without the point, as a difference from the one before; all others take eight bytes, after a list of their rows.
 * Dividing a whole number by a power of ten gives the float64 nearest to the decimal, which is what the decimal was
 * parsed to, so this is exact. The check below proves it for each number.
 */
export function writeDecimals(writer: ByteWriter, values: readonly number[]): void {
  let places = 0;
  const exceptions: number[] = [];
  for (let i = 0; i < values.length; i += 1) {
    const needed = placesOf(values[i] ?? 0, places);
    if (needed === undefined) exceptions.push(i);
    else places = needed;
  }
  const scale = SCALES[places] ?? 1;
  let next = 0;
  let before = 0;
  const mantissas = values.map((value, i) => {
    if (exceptions[next] === i) next += 1;
    else before = Math.round(value * scale);
    return before;
  });
  writer.byte(places);
  writeDeltas(writer, mantissas, 0);
  writer.unsigned(exceptions.length);
  let row = 0;
  for (const i of exceptions) {
    writer.unsigned(i - row);
    writer.float64(values[i] ?? 0);
    row = i;
  }
}

export function readDecimals(reader: ByteReader, count: number): number[] {
  const places = reader.byte();
  const scale = SCALES[places];
  if (scale === undefined) throw damaged(`a column has the scale ${places}`);
  const values = readDeltas(reader, count, 0);
  for (let i = 0; i < count; i += 1) values[i] = (values[i] ?? 0) / scale;
  const exceptions = reader.count('numbers in a column', count);
  let row = 0;
  for (let i = 0; i < exceptions; i += 1) {
    row += reader.unsigned();
    if (row >= count) throw damaged(`a number in row ${row} of ${count}`);
    values[row] = reader.float64();
  }
  return values;
}

/**
 * Returns the index in `SCALES`, from `least` on, at which a number is whole; undefined if there is none. A number that
 * is whole at one scale must still be within bounds at a larger one, so the bound is that of the largest.
 */
function placesOf(value: number, least: number): number | undefined {
  // False for what is no number, for infinity, and for −0, which no whole number stands for.
  if (!(Math.abs(value) <= MANTISSA_MAX / 1e6) || Object.is(value, -0)) return undefined;
  for (let places = least; places < SCALES.length; places += 1) {
    const scale = SCALES[places] ?? 1;
    if (Math.round(value * scale) / scale === value) return places;
  }
  return undefined;
}
