import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { BLOCK_BYTES_MAX } from '#market/tick-block/block.ts';
import type { MinuteBar, MinuteBlock, TickPut, TickReader } from '#ports/tick-store.ts';
import { checkpointAt, flat, NEXT_SESSION, SESSION, type TickPlace } from './tick-places.ts';

const MINUTE_MS = 60_000;
const OPEN_MS = Date.parse('2026-12-01T09:30:00-05:00');
const NEXT_OPEN_MS = Date.parse('2026-12-02T09:30:00-05:00');
const EVER = { fromMs: 0, toMs: 2 ** 45 };

/** Contract suite for `TickStore` and `TickReader`, run on a real store. */
export function tickStoreContract(name: string, make: () => Promise<TickPlace>): void {
  describe(`the tick store "${name}"`, () => {
    test('without a put is empty for its writer and its readers', async () => {
      await using place = await make();
      using ticks = place.open();
      using other = place.openReader();
      for (const reader of [ticks.store, other.reader]) assert.deepEqual(await everything(reader), NOTHING);
      assert.equal(await ticks.store.checkpoint(), undefined);
      const report = await ticks.store.expire();
      assert.deepEqual(report, { deleted: [], sizeBytes: 0, isOverBound: false });
    });

    test('gives back what was put, to its writer and its readers', async () => {
      await using place = await make();
      using ticks = place.open();
      using other = place.openReader();
      const blocks = [block('AAPL', 0), block('AAPL', 0, { kind: 'quotes' }), block('AAPL', 1), block('BRK.B', 0)];
      const bars = [bar('AAPL', 0), bar('AAPL', 0, { part: 'rth-auction', origin: 'vendor' }), bar('BRK.B', 0)];
      await ticks.store.put({ session: SESSION, blocks, bars });
      for (const reader of [ticks.store, other.reader]) {
        assert.deepEqual(await blocksOf(reader), [blocks[0], blocks[3], blocks[2]], 'by minute');
        assert.deepEqual(await flat(reader.blocks({ ...EVER, kind: 'quotes' })), [blocks[1]]);
        assert.deepEqual(await flat(reader.bars(EVER)), bars);
        assert.deepEqual(await flat(reader.bars({ ...EVER, symbol: 'AAPL' })), bars.slice(0, 2));
        const [kept] = await reader.sessions();
        assert.deepEqual([kept?.session, kept?.blocks, kept?.bars], [SESSION, 4, 3]);
        assert.ok((kept?.sizeBytes ?? 0) > 0);
        assert.deepEqual(await reader.symbols(SESSION), [
          { symbol: 'AAPL', kind: 'bars', firstMs: OPEN_MS, lastMs: OPEN_MS, rows: 2 },
          { symbol: 'AAPL', kind: 'quotes', firstMs: OPEN_MS, lastMs: OPEN_MS, rows: 1 },
          { symbol: 'AAPL', kind: 'trades', firstMs: OPEN_MS, lastMs: OPEN_MS + MINUTE_MS, rows: 2 },
          { symbol: 'BRK.B', kind: 'bars', firstMs: OPEN_MS, lastMs: OPEN_MS, rows: 1 },
          { symbol: 'BRK.B', kind: 'trades', firstMs: OPEN_MS, lastMs: OPEN_MS, rows: 1 },
        ]);
        assert.deepEqual(await reader.symbols(NEXT_SESSION), []);
      }
    });

    test('reads from an instant until before another one, over sessions', async () => {
      await using place = await make();
      using ticks = place.open();
      await ticks.store.put({ session: NEXT_SESSION, blocks: [block('A', 0, { minuteMs: NEXT_OPEN_MS })] });
      const minutes = [0, 1, 2, 3];
      const blocks = minutes.flatMap((minute) => [block('A', minute), block('B', minute)]);
      const bars = minutes.map((minute) => bar('A', minute));
      await ticks.store.put({ session: SESSION, blocks, bars });
      const range = { fromMs: OPEN_MS + MINUTE_MS, toMs: OPEN_MS + 3 * MINUTE_MS };
      const at = (found: readonly MinuteBlock[]) => found.map((each) => `${each.symbol}${minuteOf(each.minuteMs)}`);
      assert.deepEqual(at(await blocksOf(ticks.store, range)), ['A1', 'B1', 'A2', 'B2']);
      assert.deepEqual(at(await blocksOf(ticks.store, { ...range, symbol: 'B' })), ['B1', 'B2']);
      assert.deepEqual(at(await blocksOf(ticks.store, { ...range, symbol: 'C' })), []);
      assert.deepEqual(await flat(ticks.store.bars(range)), bars.slice(1, 3));
      const sessions = await blocksOf(ticks.store, { ...range, symbol: 'A', toMs: NEXT_OPEN_MS + 1 });
      assert.deepEqual(
        sessions.map(({ minuteMs }) => minuteMs),
        [OPEN_MS + MINUTE_MS, OPEN_MS + 2 * MINUTE_MS, OPEN_MS + 3 * MINUTE_MS, NEXT_OPEN_MS],
      );
    });

    test('replaces a block or bar only by a higher rev, whatever order the puts come in', async () => {
      await using place = await make();
      using ticks = place.open();
      const revs = [3, 1, 5, 5, 2, 4];
      for (const [i, rev] of revs.entries()) {
        const pieces = [Uint8Array.of(rev, i)];
        const values = Uint8Array.of(rev, i);
        await ticks.store.put({
          session: SESSION,
          blocks: [block('A', 0, { rev, pieces })],
          bars: [bar('A', 0, { rev, values, state: rev === 5 ? 'corrected' : 'final' })],
        });
      }
      assert.deepEqual(await blocksOf(ticks.store), [block('A', 0, { rev: 5, pieces: [Uint8Array.of(5, 2)] })]);
      const [stored] = await flat(ticks.store.bars(EVER));
      assert.deepEqual(stored, bar('A', 0, { rev: 5, values: Uint8Array.of(5, 2), state: 'corrected' }));
    });

    test('holds blocks of several pieces, and of fewer after a higher rev', async () => {
      await using place = await make();
      using ticks = place.open();
      const pieces = [new Uint8Array(BLOCK_BYTES_MAX).fill(1), Uint8Array.of(2), new Uint8Array(0)];
      await ticks.store.put({ session: SESSION, blocks: [block('A', 0, { pieces }), block('B', 0, { pieces: [] })] });
      assert.deepEqual(
        (await blocksOf(ticks.store)).map((each) => each.pieces),
        [pieces, []],
      );
      await ticks.store.put({ session: SESSION, blocks: [block('A', 0, { rev: 2, pieces: [Uint8Array.of(9)] })] });
      assert.deepEqual((await blocksOf(ticks.store, { symbol: 'A' }))[0]?.pieces, [Uint8Array.of(9)]);
      const large = block('A', 1, { pieces: [new Uint8Array(BLOCK_BYTES_MAX + 1)] });
      await assert.rejects(ticks.store.put({ session: SESSION, blocks: [large] }), { name: 'AssertionError' });
    });

    test('reads more than a batch holds, each row once', async () => {
      await using place = await make();
      using ticks = place.open();
      const pieces = [new Uint8Array(180_000)];
      const blocks = Array.from({ length: 60 }, (_, i) => block(i % 2 === 0 ? 'A' : 'B', i >> 1, { pieces }));
      const bars = Array.from({ length: 60 }, (_, i) =>
        bar('A', i >> 1, { part: i % 2 === 0 ? 'rth' : 'rth-auction', values: new Uint8Array(180_000) }),
      );
      await ticks.store.put({ session: SESSION, blocks, bars });
      for (const symbol of ['A', undefined]) {
        const query = { ...EVER, ...(symbol === undefined ? {} : { symbol }) };
        let batches = 0;
        for await (const batch of ticks.store.blocks({ ...query, kind: 'trades' })) {
          batches += 1;
          assert.ok(batch.length < 25, 'a batch is bounded');
        }
        assert.ok(batches > 1);
        const wanted = blocks.filter((each) => symbol === undefined || each.symbol === symbol);
        assert.deepEqual(await blocksOf(ticks.store, query), wanted);
        assert.deepEqual(await flat(ticks.store.bars(query)), bars);
      }
    });

    test('shows a checkpoint only together with its put, and never moves it back', async () => {
      await using place = await make();
      using ticks = place.open();
      const [first = 0, second = 0] = await ticks.stream.append([frame(1), frame(2)]);
      const [third = 0] = await ticks.stream.append([frame(3)]);
      await ticks.store.put({ session: SESSION, blocks: [block('A', 0)], checkpoint: checkpointAt(second) });
      assert.deepEqual(await ticks.store.checkpoint(), checkpointAt(second));
      await ticks.store.put({ session: SESSION, checkpoint: checkpointAt(first) });
      assert.deepEqual(await ticks.store.checkpoint(), checkpointAt(second));
      const left = await flat(ticks.stream.read(second));
      assert.deepEqual(
        left.map(({ position }) => position),
        [third],
        'what a restart needs is there',
      );
      const newer = { position: third, readAfter: second, state: Uint8Array.of(3) };
      await ticks.store.put({ session: SESSION, checkpoint: newer });
      assert.equal((await flat(ticks.stream.read(second))).length, 1, 'a record that is needed again is still there');
      using again = place.open();
      assert.deepEqual(await again.store.checkpoint(), newer);
    });

    test('takes a checkpoint of a later session with a put to an earlier one', async () => {
      await using place = await make();
      using ticks = place.open();
      await ticks.stream.append([frame(1)]);
      place.present.session = NEXT_SESSION;
      const [second = 0, third = 0] = await ticks.stream.append([frame(2), frame(3)]);
      await ticks.store.put({ session: SESSION, blocks: [block('A', 0)], checkpoint: checkpointAt(second) });
      assert.deepEqual(await ticks.store.checkpoint(), checkpointAt(second));
      await ticks.store.put({ session: NEXT_SESSION, checkpoint: checkpointAt(third) });
      assert.deepEqual(await ticks.store.checkpoint(), checkpointAt(third));
      assert.deepEqual(await flat(ticks.stream.read(third)), []);
      await ticks.stream.trim(third);
      assert.deepEqual(await flat(ticks.stream.read()), []);
    });

    test('stores all of a put or nothing', async () => {
      await using place = await make();
      using ticks = place.open();
      const [position = 0] = await ticks.stream.append([frame(1)]);
      const broken: TickPut = {
        session: SESSION,
        blocks: [block('A', 0), block('B', 0, { pieces: [new Uint8Array(BLOCK_BYTES_MAX + 1)] })],
        bars: [bar('A', 0)],
        gaps: [{ symbols: null, fromMs: OPEN_MS, toMs: OPEN_MS + 1, reason: 'r' }],
        checkpoint: checkpointAt(position),
      };
      await assert.rejects(ticks.store.put(broken));
      const [kept, ...more] = await ticks.store.sessions();
      assert.deepEqual([kept?.blocks, kept?.bars, more], [0, 0, []]);
      assert.deepEqual({ ...(await everything(ticks.store)), sessions: [] }, NOTHING);
      assert.equal(await ticks.store.checkpoint(), undefined);
      assert.equal((await flat(ticks.stream.read())).length, 1);
    });

    test('remembers gaps through every later put, each once', async () => {
      await using place = await make();
      using ticks = place.open();
      using other = place.openReader();
      const all = { symbols: null, fromMs: OPEN_MS, toMs: OPEN_MS + 30_000, reason: 'disconnected' };
      const some = { symbols: ['B', 'A'], fromMs: OPEN_MS + MINUTE_MS, toMs: OPEN_MS + 90_000, reason: 'budget' };
      await ticks.store.put({ session: SESSION, gaps: [all, some] });
      await ticks.store.put({
        session: SESSION,
        gaps: [{ ...some, symbols: ['A', 'B'] }],
        blocks: [block('A', 0), block('A', 1)],
      });
      const told = [all, { ...some, symbols: ['A', 'B'] }].map((gap) => ({ session: SESSION, ...gap }));
      assert.deepEqual(await other.reader.gaps(EVER), told);
      assert.deepEqual(await other.reader.gaps({ ...EVER, symbol: 'A' }), told);
      assert.deepEqual(await other.reader.gaps({ ...EVER, symbol: 'C' }), told.slice(0, 1));
      assert.deepEqual(await other.reader.gaps({ fromMs: OPEN_MS + 30_000, toMs: OPEN_MS + MINUTE_MS }), []);
      assert.deepEqual(await other.reader.gaps({ fromMs: OPEN_MS + 29_999, toMs: OPEN_MS + 30_000 }), told.slice(0, 1));
    });

    test('remembers which stretches were listened to, and lets them only grow', async () => {
      await using place = await make();
      using ticks = place.open();
      const stretch = { symbol: null, kind: 'bars', fromMs: OPEN_MS, toMs: OPEN_MS + 10 } as const;
      const onDemand = { symbol: 'A', kind: 'trades', fromMs: OPEN_MS + 5, toMs: OPEN_MS + 20 } as const;
      await ticks.store.put({ session: SESSION, stretches: [stretch, onDemand] });
      await ticks.store.put({ session: SESSION, stretches: [{ ...stretch, toMs: OPEN_MS + 50 }] });
      await ticks.store.put({ session: SESSION, stretches: [stretch] });
      const told = [{ ...stretch, toMs: OPEN_MS + 50 }, onDemand].map((each) => ({ session: SESSION, ...each }));
      assert.deepEqual(await ticks.store.stretches(EVER), told);
      assert.deepEqual(await ticks.store.stretches({ ...EVER, symbol: 'A' }), told);
      assert.deepEqual(await ticks.store.stretches({ ...EVER, symbol: 'B' }), told.slice(0, 1));
      assert.deepEqual(await ticks.store.stretches({ fromMs: OPEN_MS + 50, toMs: OPEN_MS + 60 }), []);
    });

    test('never returns what belongs to an expired session, even before it is deleted', async () => {
      await using place = await make();
      using ticks = place.open();
      using other = place.openReader();
      const [checkpoint = 0] = await ticks.stream.append([frame(1)]);
      await ticks.stream.append([frame(2)]);
      const gaps = [{ symbols: null, fromMs: OPEN_MS, toMs: OPEN_MS + 1, reason: 'r' }];
      const stretches = [{ symbol: null, kind: 'bars', fromMs: OPEN_MS, toMs: OPEN_MS + 1 }] as const;
      const put = { session: SESSION, blocks: [block('A', 0)], bars: [bar('A', 0)], gaps, stretches };
      await ticks.store.put({ ...put, checkpoint: checkpointAt(checkpoint) });
      assert.notDeepEqual(await everything(other.reader), NOTHING);
      const half = other.reader.blocks({ ...EVER, kind: 'trades' });

      place.present.session = NEXT_SESSION;
      place.present.oldest = NEXT_SESSION;
      for (const reader of [ticks.store, other.reader]) assert.deepEqual(await everything(reader), NOTHING);
      assert.deepEqual(await flat(half), [], 'nor to a reader that began earlier');
      assert.deepEqual(await flat(ticks.stream.read()), []);
      assert.equal(await ticks.store.checkpoint(), undefined);
      await assert.rejects(ticks.store.put(put), { code: 'ticks-session-expired', kind: 'permanent' });

      const { deleted, sizeBytes } = await ticks.store.expire();
      assert.deepEqual(
        deleted.map(({ session, reason }) => [session, reason]),
        [[SESSION, 'expired']],
      );
      assert.equal(sizeBytes, 0);
      place.present.oldest = SESSION;
      for (const reader of [ticks.store, other.reader])
        assert.deepEqual(await everything(reader), NOTHING, 'it is gone');
    });

    test('deletes the oldest sessions until the others are within the bound, never the newest', async () => {
      await using place = await make();
      using ticks = place.open();
      using other = place.openReader();
      const sessions = ['2026-11-27', '2026-11-30', '2026-12-01'].map(isoDate);
      const pieces = [new Uint8Array(BLOCK_BYTES_MAX)];
      for (const session of sessions) {
        for (let i = 0; i < 30; i += 1) await ticks.store.put({ session, blocks: [block('A', i, { pieces })] });
      }
      assert.deepEqual(
        (await other.reader.sessions()).map(({ session }) => session),
        sessions,
      );
      const report = await ticks.store.expire();
      assert.deepEqual(
        report.deleted.map(({ session, reason }) => [session, reason]),
        [[sessions[0], 'over-bound']],
      );
      assert.ok(report.sizeBytes > 0 && !report.isOverBound);
      for (const reader of [ticks.store, other.reader]) {
        assert.deepEqual(
          (await reader.sessions()).map(({ session }) => session),
          sessions.slice(1),
        );
      }
      assert.deepEqual((await ticks.store.expire()).deleted, []);
    });
  });
}

const NOTHING = { sessions: [], symbols: [], blocks: [], quotes: [], bars: [], stretches: [], gaps: [] };

async function everything(reader: TickReader): Promise<typeof NOTHING> {
  return {
    sessions: (await reader.sessions()) as [],
    symbols: (await reader.symbols(SESSION)) as [],
    blocks: (await blocksOf(reader)) as [],
    quotes: (await flat(reader.blocks({ ...EVER, kind: 'quotes' }))) as [],
    bars: (await flat(reader.bars(EVER))) as [],
    stretches: (await reader.stretches(EVER)) as [],
    gaps: (await reader.gaps(EVER)) as [],
  };
}

function blocksOf(reader: TickReader, query: { symbol?: string; fromMs?: number; toMs?: number } = {}) {
  return flat(reader.blocks({ ...EVER, kind: 'trades', ...query }));
}

function block(symbol: string, minute: number, more: Partial<MinuteBlock> = {}): MinuteBlock {
  const minuteMs = OPEN_MS + minute * MINUTE_MS;
  return {
    symbol,
    kind: 'trades',
    minuteMs,
    rev: 1,
    pieces: [new TextEncoder().encode(`${symbol} ${minute}`)],
    ...more,
  };
}

function bar(symbol: string, minute: number, more: Partial<MinuteBar> = {}): MinuteBar {
  const startMs = OPEN_MS + minute * MINUTE_MS;
  const values = new TextEncoder().encode(`bar of ${symbol} ${minute}`);
  return { symbol, startMs, part: 'rth', rev: 1, state: 'final', origin: 'built', values, ...more };
}

function frame(n: number) {
  return { number: n, kind: 'frame', connection: 1, receivedMs: OPEN_MS + n, bytes: Uint8Array.of(n) };
}

function minuteOf(minuteMs: number): number {
  return (minuteMs - OPEN_MS) / MINUTE_MS;
}
