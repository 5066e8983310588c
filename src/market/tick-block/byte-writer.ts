import { assert } from '#base/assert.ts';

const FIRST_CAPACITY = 256;
/** Bytes of the longest number: 53 bits, 7 a byte. */
const NUMBER_BYTES_MAX = 8;

/** A growing array of bytes, written number by number. */
export class ByteWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** Returns the bytes written so far. They are valid until the next write. */
  written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Writes a whole number from 0 to 2^53 − 1 in groups of 7 bits, the lowest first; the top bit says "more follows". */
  unsigned(value: number): void {
    this.#reserve(NUMBER_BYTES_MAX);
    // Bitwise operators work on 32 bits only, and nearly all numbers have fewer.
    let rest = value | 0;
    if (rest !== value || rest < 0) rest = this.#highGroups(value);
    const bytes = this.#bytes;
    let at = this.#length;
    while (rest > 127) {
      bytes[at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#length = at;
  }

  /** Writes a whole number within ±2^52: an even number if it is positive, an odd one if it is negative. */
  signed(value: number): void {
    this.unsigned(zigzag(value));
  }

  /** Writes 8 bytes, little-endian. */
  float64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** Writes 4 bytes, little-endian. */
  uint32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  /** Writes the length and the UTF-16 code units, so that every text comes back as it was. */
  text(value: string): void {
    this.unsigned(value.length);
    for (let i = 0; i < value.length; i += 1) this.unsigned(value.charCodeAt(i));
  }

  /** Writes groups until what remains has at most 31 bits, and returns that. */
  #highGroups(value: number): number {
    assert(value >= 0 && Number.isSafeInteger(value), 'a number of a block is whole, from 0 to 2^53 - 1');
    let rest = value;
    while (rest > 0x7fffffff) {
      this.#bytes[this.#length++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    return rest;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.#length + more));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Maps 0, −1, 1, −2, 2 … to 0, 1, 2, 3, 4 …, so that numbers near zero are short. */
export function zigzag(value: number): number {
  return value >= 0 ? value * 2 : value * -2 - 1;
}
