import { assert } from '#base/assert.ts';
import type { Quote } from '../trade.ts';
import { type BlockKey, decodeBlock, encodeBlocks, type TickBlock, type TickColumns } from './block.ts';
import type { ByteReader } from './byte-reader.ts';
import { readDecimals, readDeltas, readUnsigned, writeDecimals, writeDeltas, writeUnsigned } from './columns.ts';
import { damaged } from './damaged.ts';
import { DictionaryWriter, readDictionary } from './dictionary.ts';
import { tapeOf } from './trade-block.ts';

/** Returns the quotes of a minute as blocks; see `encodeBlocks`. */
export function encodeQuotes(block: TickBlock<Quote>, bytesMax?: number): Uint8Array[] {
  return encodeBlocks(COLUMNS, block, bytesMax);
}

/** Returns the quotes of a block, equal to those that were encoded; see `decodeBlock` for what it throws. */
export function decodeQuotes(bytes: Uint8Array): TickBlock<Quote> {
  return decodeBlock(COLUMNS, bytes);
}

const COLUMNS: TickColumns<Quote> = {
  kind: 'quotes',
  write(writer, { symbol, minuteMs, ticks }) {
    const places = new DictionaryWriter();
    const conditions = new DictionaryWriter();
    const indicators = new DictionaryWriter();
    for (const quote of ticks) {
      assert(quote.symbol === symbol, 'all ticks of a block are of its symbol');
      places.add([quote.bidExchange, quote.askExchange, quote.tape]);
      conditions.add(quote.conditions);
      indicators.add(quote.indicators);
    }
    writeDeltas(
      writer,
      ticks.map(({ atMs }) => atMs),
      minuteMs,
    );
    writeUnsigned(
      writer,
      ticks.map(({ nanosecond }) => nanosecond),
    );
    writeDeltas(
      writer,
      ticks.map(({ sequence }) => sequence),
      0,
    );
    writeDecimals(
      writer,
      ticks.map(({ bidPrice }) => bidPrice),
    );
    writeDecimals(
      writer,
      ticks.map(({ bidSize }) => bidSize),
    );
    writeDecimals(
      writer,
      ticks.map(({ askPrice }) => askPrice),
    );
    writeDecimals(
      writer,
      ticks.map(({ askSize }) => askSize),
    );
    places.write(writer);
    conditions.write(writer);
    indicators.write(writer);
  },
  read: readQuotes,
};

function readQuotes(reader: ByteReader, { symbol, minuteMs }: BlockKey, count: number): Quote[] {
  const atMs = readDeltas(reader, count, minuteMs);
  const nanosecond = readUnsigned(reader, count);
  const sequence = readDeltas(reader, count, 0);
  const bidPrice = readDecimals(reader, count);
  const bidSize = readDecimals(reader, count);
  const askPrice = readDecimals(reader, count);
  const askSize = readDecimals(reader, count);
  const places = readDictionary(reader, count);
  const conditions = readDictionary(reader, count);
  const indicators = readDictionary(reader, count);
  const venues = places.entries.map(venuesOf);
  const quotes: Quote[] = [];
  for (let i = 0; i < count; i += 1) {
    const venue = venues[places.indexes[i] ?? 0];
    const conditionList = conditions.entries[conditions.indexes[i] ?? 0];
    const indicatorList = indicators.entries[indicators.indexes[i] ?? 0];
    if (venue === undefined || conditionList === undefined || indicatorList === undefined) {
      throw damaged('a dictionary is empty');
    }
    quotes.push({
      kind: 'quote',
      symbol,
      atMs: atMs[i] ?? 0,
      nanosecond: nanosecond[i] ?? 0,
      sequence: sequence[i] ?? 0,
      bidPrice: bidPrice[i] ?? 0,
      bidSize: bidSize[i] ?? 0,
      bidExchange: venue.bidExchange,
      askPrice: askPrice[i] ?? 0,
      askSize: askSize[i] ?? 0,
      askExchange: venue.askExchange,
      conditions: conditionList,
      indicators: indicatorList,
      tape: venue.tape,
    });
  }
  return quotes;
}

function venuesOf(entry: readonly number[]): Pick<Quote, 'bidExchange' | 'askExchange' | 'tape'> {
  const [bidExchange, askExchange, tape, ...rest] = entry;
  if (bidExchange === undefined || askExchange === undefined || rest.length > 0) throw damaged('a venue is incomplete');
  return { bidExchange, askExchange, tape: tapeOf(tape) };
}
