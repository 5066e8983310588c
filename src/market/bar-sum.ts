import type { BarField } from './bar.ts';

/** Daily rows in columns, ascending by session. NaN: the value is not known; a volume always is. */
export interface RowColumns extends Readonly<Record<BarField, Float64Array>> {
  /** A number that ascends with the session: its index, or its day. */
  readonly at: Int32Array;
}

/** A split inside a window: rows before `at` are multiplied by its factors. */
export interface InnerSplit {
  readonly at: number;
  readonly price: number;
  readonly shares: number;
}

export function innerSplit(at: number, splitFrom: number, splitTo: number): InnerSplit {
  return { at, price: splitFrom / splitTo, shares: splitTo / splitFrom };
}

/**
 * The bar of one security in one window, as far as its rows were added: the one place where daily rows become a bar.
 * `money` is Σ(vwap · volume), which a split leaves as it is. NaN marks sums of which a part is not known.
 *
 * Rows come in columns, since a rebuild folds hundreds of millions of them.
 */
export class BarSum {
  sessions = 0;
  firstAt = 0;
  lastAt = 0;
  open = Number.NaN;
  high = Number.NEGATIVE_INFINITY;
  low = Number.POSITIVE_INFINITY;
  close = Number.NaN;
  volume = 0;
  money = 0;
  trades = 0;

  /** Dollars by shares on the bar's share basis; NaN if nothing was traded, or a row with volume has no vwap. */
  get vwap(): number {
    return this.volume > 0 ? this.money / this.volume : Number.NaN;
  }

  clear(): void {
    this.sessions = 0;
    this.open = Number.NaN;
    this.high = Number.NEGATIVE_INFINITY;
    this.low = Number.POSITIVE_INFINITY;
    this.close = Number.NaN;
    this.volume = 0;
    this.money = 0;
    this.trades = 0;
  }

  /** Adds rows `from` to `to - 1`, all later than those before. `splits` ascend. */
  add(rows: RowColumns, from: number, to: number, splits: readonly InnerSplit[]): void {
    let start = from;
    for (const [position, { at }] of splits.entries()) {
      let end = start;
      while (end < to && (rows.at[end] as number) < at) end += 1;
      let price = 1;
      let shares = 1;
      for (const later of splits.slice(position)) {
        price *= later.price;
        shares *= later.shares;
      }
      this.#add(rows, start, end, price, shares);
      start = end;
    }
    this.#add(rows, start, to, 1, 1);
  }

  /** Sums in local variables, which is several times faster than in fields. */
  #add(rows: RowColumns, from: number, to: number, price: number, shares: number): void {
    if (from === to) return;
    if (this.sessions === 0) this.firstAt = rows.at[from] as number;
    this.lastAt = rows.at[to - 1] as number;
    this.sessions += to - from;
    let { open, high, low, close, volume, money, trades } = this;
    for (let row = from; row < to; row += 1) {
      const rowOpen = rows.open[row] as number;
      const rowHigh = (rows.high[row] as number) * price;
      const rowLow = (rows.low[row] as number) * price;
      const rowClose = rows.close[row] as number;
      const rowVolume = rows.volume[row] as number;
      if (Number.isNaN(open)) open = rowOpen * price;
      if (rowHigh > high) high = rowHigh;
      if (rowLow < low) low = rowLow;
      if (!Number.isNaN(rowClose)) close = rowClose * price;
      volume += rowVolume * shares;
      if (rowVolume > 0) money += (rows.vwap[row] as number) * rowVolume;
      trades += rows.trades[row] as number;
    }
    this.open = open;
    this.high = high;
    this.low = low;
    this.close = close;
    this.volume = volume;
    this.money = money;
    this.trades = trades;
  }

  /** Adds other rows of the same bar, of other sessions: earlier, later, or in between. */
  absorb(other: BarSum): void {
    const [earlier, later] = [other.firstAt < this.firstAt ? other : this, other.lastAt > this.lastAt ? other : this];
    const { firstAt, open } = earlier;
    const { lastAt, close } = later;
    this.sessions += other.sessions;
    this.firstAt = firstAt;
    this.lastAt = lastAt;
    this.open = open;
    this.high = Math.max(this.high, other.high);
    this.low = Math.min(this.low, other.low);
    this.close = close;
    this.volume += other.volume;
    this.money += other.money;
    this.trades += other.trades;
  }
}
