import type { RandomSource } from './random-source.ts';

/** Symbols and names that nobody could take for real companies: every name says that it is simulated. */

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

/** Hands out symbols, each once. */
export class SymbolBook {
  readonly #random: RandomSource;
  readonly #taken = new Set<string>();

  constructor(random: RandomSource) {
    this.#random = random;
  }

  /**
   * A new symbol: Z and two or three more letters, so that few of them are also those of real companies; now and then a
   * share class (`ZBC.B`) or preferred stock (`ZBCpB`).
   */
  next(): string {
    for (;;) {
      let symbol = 'Z';
      const more = this.#random.whole(2, 3);
      for (let i = 0; i < more; i += 1) symbol += LETTERS[this.#random.whole(0, 25)];
      const kind = this.#random.uniform();
      if (kind < 0.02) symbol += '.B';
      else if (kind < 0.04) symbol += 'pB';
      if (this.#taken.has(symbol)) continue;
      this.#taken.add(symbol);
      return symbol;
    }
  }

  name(symbol: string): string {
    const words = `${this.#random.pick(FIRST)} ${this.#random.pick(SECOND)}`;
    const suffix = symbol.endsWith('.B') ? ' Class B' : symbol.endsWith('pB') ? ' Preferred B' : '';
    return `${words}${suffix} (simulated)`;
  }
}
