import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { openTicks, type Ticks } from '#adapters/sqlite-ticks/open-ticks.ts';
import { systemClock } from '#adapters/system/clock.ts';
import { isoDate } from '#base/dates.ts';
import { decodeTrades, encodeTrades } from '#market/tick-block/trade-block.ts';
import type { Tape, Trade, TradeEvent } from '#market/trade.ts';

import { BEGIN, COMMIT, CREATE_PLAIN, INSERT_PLAIN, READ_PLAIN } from './live-store.sql.ts';

/**
 * Trades of a session in blocks, compared with the same trades as rows of a plain SQLite table: processor time to write
 * them minute by minute, and to read a symbol's day as objects. Both ways alternate. Then the time that a flush of the
 * journal waits for the disk.
 */

const WRITE_LIMIT = 0.75;
const READ_LIMIT = 0.25;
const SYMBOLS = 12;
const MINUTES = 390;
/** Trades a minute of the busiest symbol; the others have fewer by rank. */
const BUSIEST = 150;
const ROUNDS = 3;
const SESSION = isoDate('2026-12-01');
const OPEN_MS = Date.parse('2026-12-01T09:30:00-05:00');
const MINUTE_MS = 60_000;
/** A flush: frames of ten trades each, as 20,000 events a second bring them in 100 ms. */
const FRAMES = 200;
const FRAME_BYTES = 1500;
const FLUSHES = 50;

/** Returns the trades of a symbol in a minute. Reproducible: every number follows from its arguments. */
function tradesOf(rank: number, minute: number): Trade[] {
  const count = Math.max(1, Math.round(BUSIEST / (rank + 1) ** 1.2));
  return Array.from({ length: count }, (_, i) => {
    const n = rank * 1_000_003 + minute * 7919 + i * 104_729;
    const atMs = OPEN_MS + minute * MINUTE_MS + Math.floor((i * MINUTE_MS) / count);
    const isTrf = n % 3 === 0;
    return {
      kind: 'trade',
      symbol: symbolOf(rank),
      atMs,
      nanosecond: 0,
      sequence: minute * 10_000 + i * 7 + (n % 5),
      exchange: isTrf ? 4 : 10 + (n % 6),
      trf: isTrf ? 201 + (n % 2) : null,
      id: String(52_983_525_000_000 + minute * 1000 + i * 3),
      price: (10_000 + rank * 500 + (n % 41)) / 100 + (n % 17 === 0 ? 0.005 : 0),
      size: n % 23 === 0 ? (n % 1_000_000) + 1 : (1 + (n % 300)) * 1e6,
      conditions: [[14, 41], [], [14, 37, 41], [37], [12, 37]][n % 5] ?? [],
      tape: ((n % 3) + 1) as Tape,
      executedMs: null,
      trfMs: isTrf ? atMs - (n % 900) : null,
    };
  });
}

function symbolOf(rank: number): string {
  return `S${String(rank).padStart(4, '0')}`;
}

class PlainTable {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec(CREATE_PLAIN);
  }

  write(minute: readonly Trade[][]): void {
    const insert = this.#database.prepare(INSERT_PLAIN);
    this.#database.exec(BEGIN);
    for (const trade of minute.flat()) {
      const {
        symbol,
        atMs,
        nanosecond,
        sequence,
        exchange,
        trf,
        id,
        price,
        size,
        conditions,
        tape,
        executedMs,
        trfMs,
      } = trade;
      insert.run(
        ...[symbol, atMs, nanosecond, sequence, exchange, trf, id],
        ...[price, size, conditions.join(), tape, executedMs, trfMs],
      );
    }
    this.#database.exec(COMMIT);
  }

  read(symbol: string): Trade[] {
    const trades: Trade[] = [];
    for (const row of this.#database.prepare(READ_PLAIN).iterate(symbol) as Iterable<Record<string, never>>) {
      const conditions: string = row['conditions'] ?? '';
      trades.push({
        kind: 'trade',
        symbol,
        atMs: row['at_ms'] ?? 0,
        nanosecond: row['nanosecond'] ?? 0,
        sequence: row['sequence'] ?? 0,
        exchange: row['exchange'] ?? 0,
        trf: row['trf'] ?? null,
        id: row['id'] ?? '',
        price: row['price'] ?? 0,
        size: row['size'] ?? 0,
        conditions: conditions === '' ? [] : conditions.split(',').map(Number),
        tape: row['tape'] ?? 1,
        executedMs: row['executed_ms'] ?? null,
        trfMs: row['trf_ms'] ?? null,
      });
    }
    return trades;
  }

  close(): void {
    this.#database.close();
  }
}

async function writeBlocks({ store }: Ticks, minute: readonly Trade[][]): Promise<void> {
  const blocks = minute.map((ticks) => {
    const symbol = ticks[0]?.symbol ?? '';
    const minuteMs = Math.floor((ticks[0]?.atMs ?? 0) / MINUTE_MS) * MINUTE_MS;
    return { symbol, kind: 'trades', minuteMs, rev: 1, pieces: encodeTrades({ symbol, minuteMs, ticks }) } as const;
  });
  await store.put({ session: SESSION, blocks });
}

async function readBlocks({ store }: Ticks, symbol: string): Promise<TradeEvent[]> {
  const trades: TradeEvent[] = [];
  const query = { symbol, kind: 'trades', fromMs: OPEN_MS, toMs: OPEN_MS + MINUTES * MINUTE_MS } as const;
  for await (const batch of store.blocks(query)) {
    for (const { pieces } of batch)
      for (const piece of pieces) for (const trade of decodeTrades(piece).ticks) trades.push(trade);
  }
  return trades;
}

/** Milliseconds of processor time of this process. */
class Meter {
  ms = 0;
  async add<T>(work: () => T | Promise<T>): Promise<T> {
    const before = process.cpuUsage();
    const result = await work();
    const { user, system } = process.cpuUsage(before);
    this.ms += (user + system) / 1000;
    return result;
  }
}

async function main(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-live-store-'));
  await mkdir(join(folder, 'plain'));
  const path = join(folder, 'plain', 'trades.sqlite');
  const plain = new PlainTable(path);
  using ticks = openTicks({
    folder: join(folder, 'live'),
    currentSession: () => SESSION,
    oldestSession: () => SESSION,
    bytesMax: 8e9,
    clock: systemClock,
    onSetAside: ({ reason }) => process.stdout.write(`${reason}\n`),
  });
  try {
    const write = { plain: new Meter(), blocks: new Meter() };
    let trades = 0;
    for (let minute = 0; minute < MINUTES; minute += 1) {
      const all = Array.from({ length: SYMBOLS }, (_, rank) => tradesOf(rank, minute));
      trades += all.flat().length;
      await write.plain.add(() => plain.write(all));
      await write.blocks.add(() => writeBlocks(ticks, all));
    }
    const read = { plain: new Meter(), blocks: new Meter() };
    for (let round = 0; round < ROUNDS * SYMBOLS; round += 1) {
      const symbol = symbolOf(round % SYMBOLS);
      // The first round is warm-up.
      const meters = round < SYMBOLS ? { plain: new Meter(), blocks: new Meter() } : read;
      const rows = await meters.plain.add(() => plain.read(symbol));
      const decoded = await meters.blocks.add(() => readBlocks(ticks, symbol));
      if (rows.length !== decoded.length) throw new Error(`${rows.length} rows, ${decoded.length} trades in blocks`);
    }
    const blockBytes = (await stat(join(folder, 'live', `ticks-${SESSION}.sqlite`))).size;
    const flushMs = await flushTimes(ticks);
    const isWithin = [
      line('writing', write.blocks.ms / write.plain.ms, WRITE_LIMIT),
      line("reading symbols' days", read.blocks.ms / read.plain.ms, READ_LIMIT),
    ];
    const size = (bytes: number): string => `${(bytes / trades).toFixed(1)} bytes a trade`;
    process.stdout.write(
      `${trades.toLocaleString('en-US')} trades; plain ${size((await stat(path)).size)}, blocks ${size(blockBytes)}\n` +
        `flush of ${(FRAMES * FRAME_BYTES) / 1000} kB: median ${flushMs.toFixed(1)} ms\n`,
    );
    return isWithin.every(Boolean);
  } finally {
    plain.close();
    ticks[Symbol.dispose]();
    await rm(folder, { recursive: true });
  }
}

async function flushTimes({ stream }: Ticks): Promise<number> {
  const times: number[] = [];
  for (let flush = 0; flush < FLUSHES; flush += 1) {
    const frames = Array.from({ length: FRAMES }, (_, i) => ({
      number: flush * FRAMES + i,
      kind: 'frame',
      connection: 1,
      receivedMs: OPEN_MS + flush * 100,
      bytes: new Uint8Array(FRAME_BYTES).fill(i),
    }));
    const startMs = performance.now();
    await stream.append(frames);
    times.push(performance.now() - startMs);
  }
  return times.toSorted((a, b) => a - b)[FLUSHES >> 1] ?? Number.NaN;
}

function line(what: string, share: number, limit: number): boolean {
  const isWithin = share <= limit;
  const verdict = `limit ${limit}: ${isWithin ? 'within' : 'OVER'}`;
  process.stdout.write(`${what} in blocks: ${share.toFixed(2)} of a plain table's processor time (${verdict})\n`);
  return isWithin;
}

if (import.meta.main && !(await main())) process.exitCode = 1;
