import type { RandomSource } from './random-source.ts';

/** Symbols and names that nobody could mistake for real companies: every name says that it is simulated. */

const FIRST = [
  'Amber',
  'Birch',
  'Cobalt',
  'Delta',
  'Ember',
  'Fable',
  'Granite',
  'Harbor',
  'Indigo',
  'Juniper',
  'Kestrel',
  'Lumen',
  'Marble',
  'Nimbus',
  'Onyx',
  'Prairie',
  'Quartz',
  'Raven',
  'Summit',
  'Tundra',
  'Umber',
  'Vertex',
  'Willow',
  'Xenon',
  'Yonder',
  'Zephyr',
] as const;
const SECOND = [
  'Bearings',
  'Biotics',
  'Cement',
  'Circuits',
  'Foods',
  'Freight',
  'Holdings',
  'Instruments',
  'Lending',
  'Mining',
  'Networks',
  'Optics',
  'Paper',
  'Power',
  'Retail',
  'Software',
  'Steel',
  'Textiles',
] as const;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** After this many draws of taken symbols, a symbol gets one more letter, so a market can have any number of them. */
const DRAWS_MAX = 16;

/** A share class is marked as in `BRK.B`, and preferred stock with a lower-case letter, as in `BACpB`. */
export type SymbolSuffix = '' | '.B' | 'pB';

/** Hands out symbols, each once. */
export class SymbolBook {
  readonly #random: RandomSource;
  readonly #taken = new Set<string>();

  constructor(random: RandomSource) {
    this.#random = random;
  }

  /** Returns a new symbol: Z and three more letters, since few real companies use those. */
  next(suffix: SymbolSuffix): string {
    let symbol = this.#draw(3) + suffix;
    for (let draws = 1; this.#taken.has(symbol); draws += 1) {
      symbol = this.#draw(3 + Math.floor(draws / DRAWS_MAX)) + suffix;
    }
    this.#taken.add(symbol);
    return symbol;
  }

  #draw(letters: number): string {
    let symbol = 'Z';
    for (let i = 0; i < letters; i += 1) symbol += LETTERS[this.#random.whole(0, LETTERS.length - 1)];
    return symbol;
  }
}

const SUFFIX_NAMES: Readonly<Record<SymbolSuffix, string>> = { '': '', '.B': ' Class B', pB: ' Preferred B' };

export function inventName(random: RandomSource, suffix: SymbolSuffix): string {
  return `${random.pick(FIRST)} ${random.pick(SECOND)}${SUFFIX_NAMES[suffix]} (simulated)`;
}
