import { BLOCK_ROWS, type NumberBlock, type NumberTable } from '#lake/number-table.ts';
import type { BarSum } from '#market/bar-sum.ts';

/** The columns of folded bars, in the order of `Block.columns`. */
const COLUMNS = [
  { name: 'pair', type: 'integer' },
  { name: 'w', type: 'integer' },
  { name: 'sessions', type: 'integer' },
  { name: 'first_at', type: 'integer' },
  { name: 'last_at', type: 'integer' },
  { name: 'open', type: 'double' },
  { name: 'high', type: 'double' },
  { name: 'low', type: 'double' },
  { name: 'close', type: 'double' },
  { name: 'volume', type: 'double' },
  { name: 'money', type: 'double' },
  { name: 'trades', type: 'double' },
] as const;

class Block implements NumberBlock {
  rowCount = 0;
  readonly pair = new Int32Array(BLOCK_ROWS);
  readonly window = new Int32Array(BLOCK_ROWS);
  readonly sessions = new Int32Array(BLOCK_ROWS);
  readonly firstAt = new Int32Array(BLOCK_ROWS);
  readonly lastAt = new Int32Array(BLOCK_ROWS);
  readonly open = new Float64Array(BLOCK_ROWS);
  readonly high = new Float64Array(BLOCK_ROWS);
  readonly low = new Float64Array(BLOCK_ROWS);
  readonly close = new Float64Array(BLOCK_ROWS);
  readonly volume = new Float64Array(BLOCK_ROWS);
  readonly money = new Float64Array(BLOCK_ROWS);
  readonly trades = new Float64Array(BLOCK_ROWS);

  get columns() {
    const { pair, window, sessions, firstAt, lastAt, open, high, low, close, volume, money, trades } = this;
    return [pair, window, sessions, firstAt, lastAt, open, high, low, close, volume, money, trades];
  }
}

/** Folded bars, 76 bytes each. An erased bar has no sessions. */
export class BarRows implements NumberTable {
  readonly columns = COLUMNS;
  readonly blocks: Block[] = [];

  get count(): number {
    return Math.max(0, this.blocks.length - 1) * BLOCK_ROWS + (this.blocks.at(-1)?.rowCount ?? 0);
  }

  /** Appends a bar and returns its row. */
  push(pair: number, window: number, sum: BarSum): number {
    let block = this.blocks.at(-1);
    if (block === undefined || block.rowCount === BLOCK_ROWS) {
      block = new Block();
      this.blocks.push(block);
    }
    const place = block.rowCount;
    block.rowCount += 1;
    block.pair[place] = pair;
    block.window[place] = window;
    store(block, place, sum);
    return (this.blocks.length - 1) * BLOCK_ROWS + place;
  }

  pairAt(row: number): number {
    return this.#blockOf(row).pair[row % BLOCK_ROWS] as number;
  }

  windowAt(row: number): number {
    return this.#blockOf(row).window[row % BLOCK_ROWS] as number;
  }

  /** Reads a bar into `sum`. */
  load(row: number, sum: BarSum): void {
    const block = this.#blockOf(row);
    const place = row % BLOCK_ROWS;
    sum.sessions = block.sessions[place] as number;
    sum.firstAt = block.firstAt[place] as number;
    sum.lastAt = block.lastAt[place] as number;
    sum.open = block.open[place] as number;
    sum.high = block.high[place] as number;
    sum.low = block.low[place] as number;
    sum.close = block.close[place] as number;
    sum.volume = block.volume[place] as number;
    sum.money = block.money[place] as number;
    sum.trades = block.trades[place] as number;
  }

  store(row: number, sum: BarSum): void {
    store(this.#blockOf(row), row % BLOCK_ROWS, sum);
  }

  erase(row: number): void {
    this.#blockOf(row).sessions[row % BLOCK_ROWS] = 0;
  }

  #blockOf(row: number): Block {
    return this.blocks[Math.floor(row / BLOCK_ROWS)] as Block;
  }
}

function store(block: Block, place: number, sum: BarSum): void {
  block.sessions[place] = sum.sessions;
  block.firstAt[place] = sum.firstAt;
  block.lastAt[place] = sum.lastAt;
  block.open[place] = sum.open;
  block.high[place] = sum.high;
  block.low[place] = sum.low;
  block.close[place] = sum.close;
  block.volume[place] = sum.volume;
  block.money[place] = sum.money;
  block.trades[place] = sum.trades;
}
