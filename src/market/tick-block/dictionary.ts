import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { readUnsigned, writeUnsigned } from './columns.ts';
import { damaged } from './damaged.ts';

/**
 * Columns whose values are short lists of small whole numbers, most of them the same few: the conditions of a trade, or
 * the place where it was made. Each distinct list is written once, and each row takes its index.
 */
export class DictionaryWriter {
  readonly #entries: (readonly number[])[] = [];
  readonly #indexes: number[] = [];
  readonly #indexByKey = new Map<number | string, number>();

  /** Adds the list of the next row and returns its index. */
  add(list: readonly number[]): number {
    const key = keyOf(list);
    let index = this.#indexByKey.get(key);
    if (index === undefined) {
      index = this.#entries.push(list) - 1;
      this.#indexByKey.set(key, index);
    }
    this.#indexes.push(index);
    return index;
  }

  write(writer: ByteWriter): void {
    writer.unsigned(this.#entries.length);
    for (const list of this.#entries) {
      writer.unsigned(list.length);
      for (const value of list) writer.unsigned(value);
    }
    writeUnsigned(writer, this.#indexes);
  }
}

export interface DictionaryColumn {
  readonly entries: readonly (readonly number[])[];
  /** Index of the entry of each row. */
  readonly indexes: readonly number[];
}

export function readDictionary(reader: ByteReader, count: number): DictionaryColumn {
  const entries: number[][] = [];
  const size = reader.count('entries of a dictionary', count);
  for (let i = 0; i < size; i += 1) {
    const list: number[] = [];
    const length = reader.unsigned();
    for (let at = 0; at < length; at += 1) list.push(reader.unsigned());
    entries.push(list);
  }
  const indexes = readUnsigned(reader, count);
  for (const index of indexes) {
    if (index >= size) throw damaged(`entry ${index} of a dictionary of ${size}`);
  }
  return { entries, indexes };
}

/**
 * Returns a small whole number for nearly all lists, since it is found faster than a text: four numbers below 127, or
 * three below 1023.
 */
function keyOf(list: readonly number[]): number | string {
  return digitsOf(list, 4, 128) ?? digitsOf(list, 3, -1024) ?? list.join();
}

/** Returns the list as the digits of one number, none of them zero; undefined if it is too long or too large for that. */
function digitsOf(list: readonly number[], lengthMax: number, base: number): number | undefined {
  if (list.length > lengthMax) return undefined;
  const size = Math.abs(base);
  let key = 0;
  for (let i = 0; i < list.length; i += 1) {
    const value = list[i] ?? 0;
    if (value >= size - 1) return undefined;
    key = key * size + value + 1;
  }
  return Math.sign(base) * key;
}
