import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';

import { fromEpochDay } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Quote, Tape, Trade, TradeEvent, TradeIdentity } from '../trade.ts';
import { BLOCK_BYTES_MAX, type TickBlock } from './block.ts';
import { crc32 } from './crc32.ts';
import { decodeQuotes, encodeQuotes } from './quote-block.ts';
import { decodeTrades, encodeTrades } from './trade-block.ts';

const MINUTE_MS = Date.parse('2026-12-01T10:30:00-05:00');

const trade: Trade = {
  kind: 'trade',
  symbol: 'AAPL',
  atMs: MINUTE_MS + 12,
  nanosecond: 0,
  sequence: 4711,
  exchange: 4,
  trf: 202,
  id: '71675577320245',
  price: 189.34,
  size: 100e6,
  conditions: [14, 37],
  tape: 3,
  executedMs: MINUTE_MS + 5,
  trfMs: MINUTE_MS + 11,
};

const quote: Quote = {
  kind: 'quote',
  symbol: 'AAPL',
  atMs: MINUTE_MS + 12,
  nanosecond: 0,
  sequence: 1,
  bidPrice: 189.33,
  bidSize: 3,
  bidExchange: 11,
  askPrice: 189.35,
  askSize: 2,
  askExchange: 12,
  conditions: [1],
  indicators: [],
  tape: 3,
};

const block = (ticks: readonly TradeEvent[]): TickBlock<TradeEvent> => ({ symbol: 'AAPL', minuteMs: MINUTE_MS, ticks });

function onlyBlock(ticks: readonly TradeEvent[]): Uint8Array {
  const [bytes, ...more] = encodeTrades(block(ticks));
  assert.ok(bytes !== undefined && more.length === 0);
  return bytes;
}

/** `deepStrictEqual` tells −0 from 0. */
function comesBack(ticks: readonly TradeEvent[]): void {
  assert.deepStrictEqual(decodeTrades(onlyBlock(ticks)), block(ticks));
}

const whole = (max: number) => fc.integer({ min: 0, max });
const cents = fc.integer({ min: 1, max: 100_000_000 }).map((n) => n / 100);
const prices = fc.oneof(
  { weight: 6, arbitrary: cents },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 1_000_000 }).map((n) => n / 1e4) },
  fc.integer({ min: 1, max: 1_000_000 }).map((n) => n / 1e6),
  fc.constantFrom(800_123.45, 0.000001, 0, -0, 0.1 + 0.2, 1 / 3, 5e-324, 1e300, 2 ** 53, Number.MAX_VALUE, Infinity),
  fc.double(),
);
const sizes = fc.oneof(
  whole(10_000).map((n) => n * 1e6),
  whole(1e9),
  fc.constantFrom(0, 1, 999_999, 1_000_001, 1e15),
);
const instants = fc.oneof(
  whole(59_999).map((n) => MINUTE_MS + n),
  whole(2 ** 43),
);
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { freq: 3 });
const ids = fc.oneof(
  { weight: 3, arbitrary: whole(Number.MAX_SAFE_INTEGER).map(String) },
  whole(999).map(String),
  fc.constantFrom('', '0', '00', '007', '-1', '1.0', '1e3', '999999999999999', '1000000000000000', '\ud800', '٣'),
  fc.uuid(),
  fc.string({ unit: 'binary' }),
);
const lists = fc.oneof(
  fc.constantFrom<number[]>([], [14], [14, 37], [0], [0, 0], [126, 127], [12, 14, 37, 41]),
  fc.array(whole(300), { maxLength: 6 }),
);
const tapes = fc.constantFrom<Tape>(1, 2, 3);
const identities: fc.Arbitrary<TradeIdentity> = fc.record(
  { exchange: whole(400), trf: maybe(whole(2000)), id: ids },
  { noNullPrototype: true },
);
const orders = { atMs: instants, sequence: whole(2 ** 40), nanosecond: fc.oneof(fc.constant(0), whole(999_999)) };

const trades: fc.Arbitrary<Trade> = fc
  .tuple(
    identities,
    fc.record({
      ...orders,
      price: prices,
      size: sizes,
      conditions: lists,
      tape: tapes,
      executedMs: maybe(instants),
      trfMs: maybe(instants),
    }),
  )
  .map(([identity, rest]) => ({ kind: 'trade', symbol: 'AAPL', ...identity, ...rest }));
const amended = fc.record({
  atMs: instants,
  sequence: whole(2 ** 40),
  tradeDate: fc.integer({ min: -719_162, max: 2_932_896 }).map(fromEpochDay),
});
const tradeTicks: fc.Arbitrary<TradeEvent> = fc.oneof(
  { weight: 8, arbitrary: trades },
  fc
    .tuple(amended, identities)
    .map(([rest, canceled]) => ({ kind: 'cancel' as const, symbol: 'AAPL', ...rest, canceled })),
  fc.tuple(amended, identities, trades).map(([rest, replaced, better]) => ({
    kind: 'correction' as const,
    symbol: 'AAPL',
    ...rest,
    replaced,
    trade: better,
  })),
);
const quotes: fc.Arbitrary<Quote> = fc
  .record({
    ...orders,
    bidPrice: prices,
    bidSize: fc.oneof(whole(1000), fc.double()),
    bidExchange: whole(200),
    askPrice: prices,
    askSize: fc.oneof(whole(1000), fc.double()),
    askExchange: whole(200),
    conditions: lists,
    indicators: lists,
    tape: tapes,
  })
  .map((rest) => ({ kind: 'quote', symbol: 'AAPL', ...rest }));

describe('a block of trades', () => {
  test('comes back as it was, in the order of arrival', () => {
    fc.assert(fc.property(fc.array(tradeTicks, { maxLength: 40 }), comesBack));
  });

  test('comes back from any number of pieces under a bound', () => {
    fc.assert(
      fc.property(
        fc.array(tradeTicks, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 700, max: 3000 }),
        (ticks, max) => {
          const pieces = encodeTrades(block(ticks), max);
          for (const piece of pieces) assert.ok(piece.length <= max);
          const decoded = pieces.map(decodeTrades);
          for (const { symbol, minuteMs } of decoded) assert.deepEqual([symbol, minuteMs], ['AAPL', MINUTE_MS]);
          assert.deepStrictEqual(
            decoded.flatMap((piece) => piece.ticks),
            ticks,
          );
        },
      ),
    );
  });

  test('without ticks is a block as well', () => {
    comesBack([]);
    assert.equal(onlyBlock([]).length, 43, 'and small');
  });

  test('takes symbols that no table of letters has foreseen', () => {
    for (const symbol of ['BRK.B', 'BACpB', 'ZVZZT', 'ÄÖ/WS', '']) {
      const [bytes = new Uint8Array()] = encodeTrades({ symbol, minuteMs: 0, ticks: [{ ...trade, symbol }] });
      assert.equal(decodeTrades(bytes).symbol, symbol);
    }
  });

  test('takes a dozen bytes a trade of a vendor', () => {
    const day = Array.from({ length: 500 }, (_, i) => ({
      ...trade,
      atMs: MINUTE_MS + i * 100,
      sequence: 4711 + i * 7,
      id: String(71_675_577_320_245 + i * 3),
      price: (18_934 + (i % 7)) / 100,
      size: (1 + (i % 300)) * 1e6,
      exchange: [4, 11, 12][i % 3] ?? 4,
      executedMs: null,
      trfMs: null,
    }));
    const { length } = onlyBlock(day);
    assert.ok(length / day.length < 10, `${length / day.length} bytes a trade`);
  });

  test('of more trades than one block can hold is split', () => {
    const ticks = Array.from({ length: 45_000 }, (_, i) => ({ ...trade, sequence: i, price: (i % 999_983) / 7 }));
    const pieces = encodeTrades(block(ticks));
    assert.ok(pieces.length > 1);
    for (const piece of pieces) assert.ok(piece.length <= BLOCK_BYTES_MAX);
    assert.deepEqual(
      pieces.flatMap((piece) => decodeTrades(piece).ticks.map(({ sequence }) => sequence)),
      ticks.map(({ sequence }) => sequence),
    );
  });

  test('refuses ticks of another symbol, which would come back under the wrong one', () => {
    const other = { ...trade, symbol: 'MSFT' };
    assert.throws(() => encodeTrades(block([other])), /all ticks of a block are of its symbol/);
  });
});

describe('a block of quotes', () => {
  test('comes back as it was, in the order of arrival', () => {
    fc.assert(
      fc.property(fc.array(quotes, { maxLength: 40 }), (ticks) => {
        const [bytes = new Uint8Array()] = encodeQuotes({ symbol: 'AAPL', minuteMs: MINUTE_MS, ticks });
        assert.deepStrictEqual(decodeQuotes(bytes), { symbol: 'AAPL', minuteMs: MINUTE_MS, ticks });
      }),
    );
  });

  test('is never read as trades', () => {
    const [bytes = new Uint8Array()] = encodeQuotes({ symbol: 'AAPL', minuteMs: MINUTE_MS, ticks: [quote] });
    assert.throws(() => decodeTrades(bytes), { code: 'tick-block-corrupt', kind: 'corrupt' });
  });
});

describe('a damaged block', () => {
  const damage = { name: 'CondvestError', code: 'tick-block-corrupt', kind: 'corrupt' };

  test('is an error wherever one bit differs, never wrong rows', () => {
    const bytes = onlyBlock([trade, { ...trade, price: 1 / 3, id: 'x' }]);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const torn = bytes.slice();
      torn[bit >> 3] = (torn[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.throws(() => decodeTrades(torn), damage, `bit ${bit}`);
    }
  });

  test('is an error wherever it was cut, and if something follows it', () => {
    const bytes = onlyBlock([trade]);
    for (let end = 0; end < bytes.length; end += 1) assert.throws(() => decodeTrades(bytes.subarray(0, end)), damage);
    assert.throws(() => decodeTrades(Uint8Array.of(...bytes, 0)), damage);
  });

  test('is an error even if its checksum is right, and never allocates what its counts claim', () => {
    const bytes = onlyBlock([trade, { ...trade, id: 'text', price: 1 / 3 }]);
    fc.assert(
      fc.property(whole(bytes.length - 9), fc.uint8Array({ minLength: 1, maxLength: 9 }), (at, noise) => {
        const forged = withChecksum(bytes, (body) => body.set(noise.subarray(0, body.length - 4 - at), 4 + at));
        try {
          decodeTrades(forged);
        } catch (cause) {
          assert.ok(cause instanceof CondvestError && cause.code === 'tick-block-corrupt', String(cause));
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('of a later version says so', () => {
    const later = withChecksum(onlyBlock([trade]), (body) => {
      body[2] = 2;
    });
    assert.throws(() => decodeTrades(later), { code: 'tick-block-too-new', kind: 'permanent' });
  });

  test('is found from the middle of a larger array', () => {
    const bytes = onlyBlock([trade]);
    const larger = new Uint8Array(bytes.length + 20);
    larger.set(bytes, 7);
    assert.deepStrictEqual(decodeTrades(larger.subarray(7, 7 + bytes.length)).ticks, [trade]);
  });
});

test('the checksum is that of zlib', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.equal(crc32(bytes, bytes.length), zlibCrc32(bytes));
    }),
  );
});

/** Returns the block with a changed body and the checksum that belongs to it. */
function withChecksum(block: Uint8Array, change: (body: Uint8Array) => void): Uint8Array {
  const forged = block.slice();
  const end = forged.length - 4;
  change(forged.subarray(0, end));
  new DataView(forged.buffer).setUint32(end, crc32(forged, end), true);
  return forged;
}
