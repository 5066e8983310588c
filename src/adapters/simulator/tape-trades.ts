import type { RandomSource } from './random-source.ts';
import type { TradeStyle } from './tape-venues.ts';

/**
 * The trades of one minute as prices and sizes that make a given volume and a given amount of money exactly.
 *
 * All but two are drawn one by one, each so that an average within the range is left for the others. Prices and sizes come
 * in combinations whose money is a whole number of cents: half cents with even sizes, hundredths of a cent with multiples
 * of 100 shares, fractions of a share in pairs at one price. The last two trade at the two prices in whole cents around the
 * average that is left, with the one pair of sizes that makes it.
 */

/** Prices in hundredths of a cent, sizes in micro-shares. */
export interface DrawnTrade {
  price: number;
  size: number;
  style: TradeStyle;
  isOffExchange: boolean;
}

export interface MinuteTask {
  readonly trades: number;
  /** In whole shares, at least as many as trades. */
  readonly shares: number;
  /** In cents times shares, between `low` and `high` times shares. */
  readonly money: number;
  /** Prices in cents that the trades stay within. */
  readonly low: number;
  readonly high: number;
  /** By how much the price moves within the minute, in cents. */
  readonly slope: number;
  readonly lot: number;
  /** Price in cents that one odd lot may have, although it is outside the range of the day: it sets no price. */
  readonly outside: number | undefined;
}

const MICRO = 1_000_000;
const UNITS_A_CENT = 100;

/** Returns the trades of a minute, in the order in which they happen. */
export function drawTrades(random: RandomSource, task: MinuteTask): DrawnTrade[] {
  if (task.trades === 0) return [];
  return new MinuteDraw(random, task).draw();
}

class MinuteDraw {
  readonly #random: RandomSource;
  readonly #task: MinuteTask;
  readonly #drawn: DrawnTrade[] = [];
  /** Left for the trades that are still to be drawn. */
  #trades: number;
  #shares: number;
  #money: number;

  constructor(random: RandomSource, task: MinuteTask) {
    this.#random = random;
    this.#task = task;
    this.#trades = task.trades;
    this.#shares = task.shares;
    this.#money = task.money;
  }

  draw(): DrawnTrade[] {
    const { outside } = this.#task;
    if (this.#trades === 1) return [this.#single()];
    if (outside !== undefined && this.#trades > 4 && this.#leavesEnough(outside, 1))
      this.#add(outside * UNITS_A_CENT, 1, 'odd-lot', false);
    while (this.#trades > 2) this.#next();
    this.#addPair();
    return this.#drawn;
  }

  /** The price of a trade that is all there is. Only an average-price print has fractions of a cent. */
  #single(): DrawnTrade {
    const price = this.#money / this.#shares;
    if (Number.isInteger(price))
      return this.#trade(price * UNITS_A_CENT, this.#shares * MICRO, this.#styleOf(this.#shares), false);
    return this.#trade(Math.round(price * UNITS_A_CENT), this.#shares * MICRO, 'average', true);
  }

  #next(): void {
    const luck = this.#random.uniform();
    if (luck < 0.03 && this.#trades > 4) this.#addFractions();
    else if (luck < 0.09) this.#addMidpoint();
    else if (luck < 0.11) this.#addAverage();
    else this.#addPlain();
  }

  #addPlain(): void {
    const shares = this.#drawShares();
    const isOffExchange = this.#random.chance(0.3);
    this.#add(
      this.#fittingPrice(this.#drawPrice(), shares) * UNITS_A_CENT,
      shares,
      this.#styleOf(shares),
      isOffExchange,
    );
  }

  /** Between bid and ask, off the exchanges: half a cent, so an even number of shares. */
  #addMidpoint(): void {
    const shares = 2 * Math.floor(this.#drawShares() / 2);
    const price = Math.floor(this.#money / this.#shares) + 0.5;
    if (shares === 0 || !this.#fits(price, shares)) this.#addPlain();
    else this.#add(price * UNITS_A_CENT, shares, shares < this.#task.lot ? 'odd-lot' : 'midpoint', true);
  }

  /** The average price of many trades: hundredths of a cent, so a multiple of 100 shares. */
  #addAverage(): void {
    const shares = 100 * Math.floor(this.#drawShares() / 100);
    const price = (this.#drawPrice() * UNITS_A_CENT + this.#random.whole(1, UNITS_A_CENT - 1)) / UNITS_A_CENT;
    if (shares === 0 || !this.#fits(price, shares)) this.#addPlain();
    else this.#add(Math.round(price * UNITS_A_CENT), shares, 'average', true);
  }

  /** Two odd lots at one price that have whole shares together. */
  #addFractions(): void {
    const shares = Math.min(this.#drawShares(), this.#task.lot - 1);
    if (shares < 2) {
      this.#addPlain();
      return;
    }
    const price = this.#fittingPrice(this.#drawPrice(), shares) * UNITS_A_CENT;
    const first = this.#random.whole(1, shares * MICRO - 1);
    this.#drawn.push(this.#trade(price, first, 'odd-lot', true));
    this.#trades -= 1;
    this.#add(price, shares, 'odd-lot', true);
    const second = this.#drawn.at(-1);
    if (second !== undefined) second.size -= first;
  }

  /** Two trades at the prices around the average that is left. */
  #addPair(): void {
    const below = Math.floor(this.#money / this.#shares);
    const above = this.#money - below * this.#shares;
    const sizes = above === 0 ? this.#halves() : ([this.#shares - above, above] as const);
    this.#drawn.push(this.#trade(below * UNITS_A_CENT, sizes[0] * MICRO, this.#styleOf(sizes[0]), false));
    const price = above === 0 ? below : below + 1;
    this.#drawn.push(this.#trade(price * UNITS_A_CENT, sizes[1] * MICRO, this.#styleOf(sizes[1]), true));
    // Where they happen is not to be told from where they were drawn.
    const { length } = this.#drawn;
    for (const from of [length - 1, length - 2]) this.#swap(from, this.#random.whole(0, from));
  }

  #halves(): readonly [number, number] {
    const first = this.#random.whole(1, this.#shares - 1);
    return [first, this.#shares - first];
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#drawn[a], this.#drawn[b]];
    if (one === undefined || other === undefined) return;
    this.#drawn[a] = other;
    this.#drawn[b] = one;
  }

  #add(price: number, shares: number, style: TradeStyle, isOffExchange: boolean): void {
    this.#drawn.push(this.#trade(price, shares * MICRO, style, isOffExchange));
    this.#trades -= 1;
    this.#shares -= shares;
    this.#money -= (price * shares) / UNITS_A_CENT;
  }

  #trade(price: number, size: number, style: TradeStyle, isOffExchange: boolean): DrawnTrade {
    return { price, size, style, isOffExchange };
  }

  /** Many small trades, few large ones; at most half of what is left, so that a fitting price exists. */
  #drawShares(): number {
    const { lot } = this.#task;
    const luck = this.#random.uniform();
    const spread = this.#random.uniform();
    const factor = luck < 0.5 ? 0.1 + 0.5 * spread : luck < 0.9 ? 0.6 + spread : 1.6 + 3.4 * spread;
    const drawn = (this.#shares / this.#trades) * factor;
    const whole = drawn > lot && luck > 0.3 ? lot * Math.round(drawn / lot) : Math.round(drawn);
    return Math.max(1, Math.min(whole, this.#shares - (this.#trades - 1), Math.floor(this.#shares / 2)));
  }

  /** Around the average that is left, moving along with the minute, bouncing between bid and ask. */
  #drawPrice(): number {
    const { trades, slope, low, high } = this.#task;
    const done = (trades - this.#trades) / trades - 0.5;
    const noise = (this.#random.uniform() - 0.5) * (high - low) * 0.6;
    const price = this.#money / this.#shares + slope * done + noise;
    return Math.min(high, Math.max(low, Math.round(price)));
  }

  /** Returns the price, or one next to the average if it would leave too much or too little to the other trades. */
  #fittingPrice(price: number, shares: number): number {
    if (this.#fits(price, shares)) return price;
    const average = this.#money / this.#shares;
    const below = Math.floor(average);
    const above = Math.ceil(average);
    // One of the two fits if the trade has at most half of the shares.
    return average - below < above - average ? below : above;
  }

  #fits(price: number, shares: number): boolean {
    const { low, high } = this.#task;
    return price >= low && price <= high && this.#leavesEnough(price, shares);
  }

  #leavesEnough(price: number, shares: number): boolean {
    const { low, high } = this.#task;
    const left = this.#shares - shares;
    const money = this.#money - price * shares;
    return money >= low * left && money <= high * left;
  }

  #styleOf(shares: number): TradeStyle {
    if (shares < this.#task.lot) return 'odd-lot';
    const luck = this.#random.uniform();
    return luck < 0.25 ? 'sweep' : luck < 0.4 ? 'exempt' : 'regular';
  }
}
