import { parseArgs } from 'node:util';

import { isoDate } from '#base/dates.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { toMicroShares } from '#market/exact-sum.ts';
import { INTRADAY_INTERVALS } from '#market/intraday-interval.ts';
import type { Tape, Trade } from '#market/trade.ts';
import { TradeDates } from '#market/trade-date.ts';
import { SessionFold } from '#market/trade-fold.ts';

/**
 * Trades as the vendor's socket sends them, parsed and folded into every bar from a second to the day, as a share of the
 * rate of `JSON.parse` alone on the same frames. Processor time, interleaved, best of several runs.
 *
 * Once with the busiest symbols of the market, and once with all of it, where most seconds have a trade of their own.
 *
 *     node bench/live-fold.ts [--trades 100000] [--rate 5000]
 */

const LIMIT = 0.55;
const RUNS = 4;
const FRAME_TRADES = 40;
/** Trades of a symbol in a row, on average. */
const BURST_TRADES = 3;

const BUSY_SYMBOLS = 200;
const ALL_SYMBOLS = 10_000;

const { values } = parseArgs({
  options: { trades: { type: 'string', default: '100000' }, rate: { type: 'string', default: '5000' } },
});
const trades = Number(values.trades);
const dates = new TradeDates(createCalendar({ lastYear: 2028 }), null);
const parts = dates.of(isoDate('2026-11-24'));

/** A trade as the vendor's socket sends it. */
interface WireTrade {
  readonly sym: string;
  readonly x: number;
  readonly i: string;
  readonly z: Tape;
  readonly p: number;
  readonly s: number;
  readonly ds: string;
  readonly c?: readonly number[];
  readonly t: number;
  readonly q: number;
  readonly trfi?: number;
  readonly trft?: number;
}

/** Conditions as they occur on a day, roughly. */
const CONDITIONS: readonly (readonly number[] | undefined)[] = [
  ...[[14, 41], [14, 37, 41], [37], undefined, undefined, [12, 37], [12], [14, 12, 41], [10, 41], [37, 41]],
];

/** Returns frames of trades at the rate, from the open on. */
function frames(symbols: number): string[] {
  const msPerTrade = 1000 / Number(values.rate);
  let symbol = 0;
  const wire = Array.from({ length: trades }, (_, i): WireTrade => {
    // An order often trades with several others at once.
    if (Math.random() < 1 / BURST_TRADES) symbol = Math.floor(Math.random() * symbols);
    const atMs = parts.openMs + Math.floor(i * msPerTrade);
    const size = Math.random() < 0.03 ? Math.random() * 10 : Math.ceil(Math.random() * 300);
    const isOffExchange = i % 3 === 0;
    const conditions = CONDITIONS[i % CONDITIONS.length];
    return {
      ...{ sym: `SYM${symbol}`, x: isOffExchange ? 4 : 11, i: String(50_000_000_000 + i), z: 3 as const },
      ...{ p: Math.round((20 + symbol + Math.random()) * 10_000) / 10_000, s: Math.floor(size), ds: size.toFixed(6) },
      ...(conditions === undefined ? {} : { c: conditions }),
      ...{ t: atMs, q: 1000 + i },
      ...(isOffExchange ? { trfi: 202, trft: atMs - 3 } : {}),
    };
  });
  const grouped = Array.from({ length: Math.ceil(trades / FRAME_TRADES) }, (_, i) =>
    wire.slice(i * FRAME_TRADES, (i + 1) * FRAME_TRADES),
  );
  return grouped.map((group) => JSON.stringify(group.map((trade) => ({ ev: 'T', ...trade }))));
}

const NO_CONDITIONS: readonly number[] = [];

function tradeOf(wire: WireTrade): Trade {
  return {
    kind: 'trade',
    symbol: wire.sym,
    atMs: wire.t,
    nanosecond: 0,
    sequence: wire.q,
    exchange: wire.x,
    trf: wire.trfi ?? null,
    id: wire.i,
    price: wire.p,
    size: toMicroShares(Number(wire.ds)),
    conditions: wire.c ?? NO_CONDITIONS,
    tape: wire.z,
    executedMs: null,
    trfMs: wire.trft ?? null,
  };
}

/** Returns a number that depends on everything, so that nothing can be left out. */
function parseOnly(texts: readonly string[]): number {
  let sum = 0;
  for (const text of texts) sum += (JSON.parse(text) as WireTrade[]).length;
  return sum;
}

function parseAndFold(texts: readonly string[]): number {
  const folds = new Map<string, SessionFold>();
  for (const text of texts) {
    for (const wire of JSON.parse(text) as WireTrade[]) {
      const trade = tradeOf(wire);
      const session = dates.at(trade.atMs);
      let fold = folds.get(trade.symbol);
      if (fold === undefined && session !== undefined) {
        fold = new SessionFold(session);
        folds.set(trade.symbol, fold);
      }
      fold?.add(trade);
    }
  }
  let bars = 0;
  for (const fold of folds.values()) {
    for (const interval of INTRADAY_INTERVALS) bars += fold.bars(interval, 'session').length;
    if (fold.dayBar() !== undefined) bars += 1;
  }
  return bars;
}

function seconds(work: () => number): number {
  const start = process.cpuUsage();
  if (work() === 0) throw new Error('nothing was done');
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

for (const [symbols, limit] of [[BUSY_SYMBOLS, LIMIT], [ALL_SYMBOLS]] as const) {
  const texts = frames(symbols);
  const [alone, folded]: [number[], number[]] = [[], []];
  for (let run = 0; run < RUNS; run += 1) {
    alone.push(seconds(() => parseOnly(texts)));
    folded.push(seconds(() => parseAndFold(texts)));
  }
  const [parseSeconds, foldSeconds] = [Math.min(...alone), Math.min(...folded)];
  const share = parseSeconds / foldSeconds;
  const verdict =
    limit === undefined ? '' : ` (limit ${(limit * 100).toFixed(0)}: ${share >= limit ? 'within' : 'UNDER'})`;
  process.stdout.write(
    `${trades} trades of ${symbols} symbols: JSON.parse ${rate(parseSeconds)}, parsed and folded ${rate(foldSeconds)} = ` +
      `${(share * 100).toFixed(0)} %${verdict}\n`,
  );
}

function rate(took: number): string {
  return `${Math.round(trades / took / 1000)} k/s`;
}
