import { assert } from '#base/assert.ts';
import { type EpochDay, fromEpochDay, type InstantMs, toEpochDay } from '#base/dates.ts';
import type { Tape, Trade, TradeCancel, TradeEvent, TradeIdentity } from '../trade.ts';
import { type BlockKey, decodeBlock, encodeBlocks, type TickBlock, type TickColumns } from './block.ts';
import type { ByteReader } from './byte-reader.ts';
import { unzigzag } from './byte-reader.ts';
import { type ByteWriter, zigzag } from './byte-writer.ts';
import { readDecimals, readDeltas, readUnsigned, writeDecimals, writeDeltas, writeUnsigned } from './columns.ts';
import { damaged } from './damaged.ts';
import { DictionaryWriter, readDictionary } from './dictionary.ts';
import { readIds, writeIds } from './ids.ts';

/** Returns the trades of a minute as blocks; see `encodeBlocks`. */
export function encodeTrades(block: TickBlock<TradeEvent>, bytesMax?: number): Uint8Array[] {
  return encodeBlocks(COLUMNS, block, bytesMax);
}

/** Returns the trades of a block, equal to those that were encoded; see `decodeBlock` for what it throws. */
export function decodeTrades(bytes: Uint8Array): TickBlock<TradeEvent> {
  return decodeBlock(COLUMNS, bytes);
}

const COLUMNS: TickColumns<TradeEvent> = {
  kind: 'trades',
  write(writer, { symbol, minuteMs, ticks }) {
    const trades: Trade[] = [];
    const amendments: number[] = [];
    for (const [row, tick] of ticks.entries()) {
      assert(tick.symbol === symbol, 'all ticks of a block are of its symbol');
      if (tick.kind !== 'trade') amendments.push(row);
      if (tick.kind !== 'cancel') trades.push(tick.kind === 'trade' ? tick : tick.trade);
    }
    writeAmendments(writer, { minuteMs, ticks, amendments });
    writeTrades(writer, trades, minuteMs);
  },
  read(reader, key, count) {
    const amendments = readAmendments(reader, key, count);
    const cancels = amendments.reduce((sum, { type }) => sum + (type === CANCEL ? 1 : 0), 0);
    const trades = readTrades(reader, key, count - cancels);
    return amendments.length === 0 ? trades : woven(amendments, trades, key.symbol, count);
  },
};

/** Types of amendments. */
const CANCEL = 0;
const CORRECTION = 1;

interface Amendment {
  readonly row: number;
  readonly type: number;
  readonly atMs: InstantMs;
  readonly sequence: number;
  readonly tradeDay: EpochDay;
  readonly of: TradeIdentity;
}

/** Writes cancels and corrections row by row, since they are rare; the trade of a correction is among the trades. */
function writeAmendments(
  writer: ByteWriter,
  block: {
    readonly minuteMs: InstantMs;
    readonly ticks: readonly TradeEvent[];
    readonly amendments: readonly number[];
  },
): void {
  writer.unsigned(block.amendments.length);
  let before = 0;
  for (const row of block.amendments) {
    const tick = block.ticks[row];
    assert(tick !== undefined && tick.kind !== 'trade', 'an amendment is a cancel or a correction');
    const of = tick.kind === 'cancel' ? tick.canceled : tick.replaced;
    writer.unsigned(row - before);
    before = row;
    writer.byte(tick.kind === 'cancel' ? CANCEL : CORRECTION);
    writer.signed(tick.atMs - block.minuteMs);
    writer.unsigned(tick.sequence);
    writer.signed(toEpochDay(tick.tradeDate));
    writer.unsigned(of.exchange);
    writer.unsigned(orZero(of.trf));
    writer.text(of.id);
  }
}

function readAmendments(reader: ByteReader, { minuteMs }: BlockKey, ticks: number): Amendment[] {
  const amendments: Amendment[] = [];
  const count = reader.count('cancels and corrections', ticks);
  let row = 0;
  for (let i = 0; i < count; i += 1) {
    const ahead = reader.unsigned();
    row += ahead;
    if (row >= ticks || (ahead === 0 && i > 0)) throw damaged(`a cancel or correction in row ${row} of ${ticks}`);
    const type = reader.byte();
    if (type !== CANCEL && type !== CORRECTION) throw damaged(`a tick of type ${type}`);
    amendments.push({
      row,
      type,
      atMs: minuteMs + reader.signed(),
      sequence: reader.unsigned(),
      tradeDay: reader.signed(),
      of: { exchange: reader.unsigned(), trf: orNull(reader.unsigned()), id: reader.text() },
    });
  }
  return amendments;
}

/** Returns all ticks in the order of arrival. */
function woven(
  amendments: readonly Amendment[],
  trades: readonly Trade[],
  symbol: string,
  count: number,
): TradeEvent[] {
  const ticks: TradeEvent[] = [];
  let nextTrade = 0;
  let nextAmendment = 0;
  const takeTrade = (): Trade => {
    const trade = trades[nextTrade];
    nextTrade += 1;
    if (trade === undefined) throw damaged('it has too few trades');
    return trade;
  };
  for (let row = 0; row < count; row += 1) {
    const amendment = amendments[nextAmendment];
    if (amendment?.row !== row) {
      ticks.push(takeTrade());
      continue;
    }
    nextAmendment += 1;
    const { type, atMs, sequence, of } = amendment;
    const shared = { symbol, atMs, sequence, tradeDate: dateOf(amendment.tradeDay) };
    ticks.push(
      type === CANCEL
        ? { kind: 'cancel', ...shared, canceled: of }
        : { kind: 'correction', ...shared, replaced: of, trade: takeTrade() },
    );
  }
  return ticks;
}

/** Micro-shares of a whole share. */
const MICRO = 1e6;

function writeTrades(writer: ByteWriter, trades: readonly Trade[], minuteMs: InstantMs): void {
  const places = new DictionaryWriter();
  const venues = trades.map(({ exchange, trf, tape }) => places.add([exchange, orZero(trf), tape]));
  const conditions = new DictionaryWriter();
  for (const trade of trades) conditions.add(trade.conditions);

  writeDeltas(
    writer,
    trades.map(({ atMs }) => atMs),
    minuteMs,
  );
  writeUnsigned(
    writer,
    trades.map(({ nanosecond }) => nanosecond),
  );
  writeDeltas(
    writer,
    trades.map(({ sequence }) => sequence),
    0,
  );
  writeDecimals(
    writer,
    trades.map(({ price }) => price),
  );
  writeUnsigned(
    writer,
    trades.map(({ size }) => (size % MICRO === 0 ? (size / MICRO) * 2 : size * 2 + 1)),
  );
  places.write(writer);
  conditions.write(writer);
  writeIds(
    writer,
    trades.map(({ id }) => id),
    venues,
  );
  writeUnsigned(
    writer,
    trades.map(({ atMs, executedMs }) => backwards(atMs, executedMs)),
  );
  writeUnsigned(
    writer,
    trades.map(({ atMs, trfMs }) => backwards(atMs, trfMs)),
  );
}

function readTrades(reader: ByteReader, { symbol, minuteMs }: BlockKey, count: number): Trade[] {
  const atMs = readDeltas(reader, count, minuteMs);
  const nanosecond = readUnsigned(reader, count);
  const sequence = readDeltas(reader, count, 0);
  const price = readDecimals(reader, count);
  const size = readUnsigned(reader, count);
  const places = readDictionary(reader, count);
  const conditions = readDictionary(reader, count);
  const ids = readIds(reader, count, places.indexes);
  const executed = readUnsigned(reader, count);
  const trf = readUnsigned(reader, count);
  const venues = places.entries.map(venueOf);
  const trades: Trade[] = [];
  for (let i = 0; i < count; i += 1) {
    const venue = venues[places.indexes[i] ?? 0];
    const list = conditions.entries[conditions.indexes[i] ?? 0];
    if (venue === undefined || list === undefined) throw damaged('a dictionary is empty');
    const shares = size[i] ?? 0;
    const at = atMs[i] ?? 0;
    trades.push({
      kind: 'trade',
      symbol,
      atMs: at,
      nanosecond: nanosecond[i] ?? 0,
      sequence: sequence[i] ?? 0,
      exchange: venue.exchange,
      trf: venue.trf,
      id: ids[i] ?? '',
      price: price[i] ?? 0,
      size: shares % 2 === 0 ? (shares / 2) * MICRO : (shares - 1) / 2,
      conditions: list,
      tape: venue.tape,
      executedMs: forwards(at, executed[i] ?? 0),
      trfMs: forwards(at, trf[i] ?? 0),
    });
  }
  return trades;
}

function venueOf(entry: readonly number[]): Pick<Trade, 'exchange' | 'trf' | 'tape'> {
  const [exchange, trf, tape, ...rest] = entry;
  if (exchange === undefined || trf === undefined || rest.length > 0) throw damaged('a venue is incomplete');
  return { exchange, trf: orNull(trf), tape: tapeOf(tape) };
}

/** Returns the tape with this number. */
export function tapeOf(tape: number | undefined): Tape {
  if (tape === 1 || tape === 2 || tape === 3) return tape;
  throw damaged(`tape ${tape}`);
}

function dateOf(day: EpochDay): TradeCancel['tradeDate'] {
  try {
    return fromEpochDay(day);
  } catch {
    throw damaged(`day ${day} is no date`);
  }
}

/** Numbers that may be null: zero stands for null. */
function orZero(value: number | null): number {
  return value === null ? 0 : value + 1;
}

function orNull(stored: number): number | null {
  return stored === 0 ? null : stored - 1;
}

/** Instants that may be null: usually shortly before the event time. */
function backwards(atMs: InstantMs, instantMs: InstantMs | null): number {
  return instantMs === null ? 0 : zigzag(atMs - instantMs) + 1;
}

function forwards(atMs: InstantMs, stored: number): InstantMs | null {
  return stored === 0 ? null : atMs - unzigzag(stored - 1);
}
