import { damaged } from './damaged.ts';

const TWO_28 = 2 ** 28;

/** Bytes read number by number. Throws `tick-block-corrupt` at the end of the bytes and on numbers that are too long. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #at: number;

  /** Reads from `start` to before `end`. */
  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#end;
  }

  byte(): number {
    if (this.#at >= this.#end) throw damaged('it ends early');
    return this.#bytes[this.#at++] ?? 0;
  }

  unsigned(): number {
    const first = this.byte();
    if (first < 128) return first;
    let value = first & 127;
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    return value + this.#highBits() * TWO_28;
  }

  /** Reads a number for each row of a column. */
  unsigneds(count: number): number[] {
    const values = new Array<number>(count);
    const bytes = this.#bytes;
    for (let i = 0; i < count; i += 1) {
      // Most numbers of a column have one byte.
      const at = this.#at;
      const first = at < this.#end ? (bytes[at] ?? 0) : 128;
      if (first < 128) {
        this.#at = at + 1;
        values[i] = first;
      } else {
        values[i] = this.unsigned();
      }
    }
    return values;
  }

  signed(): number {
    return unzigzag(this.unsigned());
  }

  float64(): number {
    if (this.#at + 8 > this.#end) throw damaged('it ends early');
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  text(): string {
    const length = this.count('characters', this.#end - this.#at);
    let text = '';
    for (let i = 0; i < length; i += 1) {
      const unit = this.unsigned();
      if (unit > 0xffff) throw damaged('a character is no UTF-16 code unit');
      text += String.fromCharCode(unit);
    }
    return text;
  }

  /** Reads a number of things, of which there are at most `max`, so that no damage makes the reader allocate more. */
  count(things: string, max: number): number {
    const count = this.unsigned();
    if (count > max) throw damaged(`${count} ${things}, at most ${max} are possible`);
    return count;
  }

  /** Reads the bits from 2^28 on: at most 25, since numbers have at most 53. */
  #highBits(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) {
        if (value < 2 ** 25) return value;
        break;
      }
    }
    throw damaged('a number has more than 53 bits');
  }
}

/** Undoes `zigzag`. */
export function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
