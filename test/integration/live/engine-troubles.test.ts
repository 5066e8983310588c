import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openTicks } from '#adapters/sqlite-ticks/open-ticks.ts';
import { isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import type { Trade } from '#market/trade.ts';
import { TradeDates } from '#market/trade-date.ts';
import type { FeedListener, FeedRun, MarketFeed } from '#ports/market-feed.ts';
import { type EngineNotice, LiveEngine } from '#speed/engine.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';

const SESSION = isoDate('2026-11-24');
const NOW = Date.parse('2026-11-24T10:00:00-05:00');
const OPTIONS = { secondBoundMs: 2000, boundMs: 5000, sealMs: 15 * 60_000 };

type Play = (listener: FeedListener, run: FeedRun, connection: number) => void | Promise<void>;

/** A feed that plays one part at each run, and ends on its signal. */
function feedOf(...plays: readonly Play[]): MarketFeed & { runs: number } {
  return {
    name: 'test',
    capabilities: { delayMs: 0, cancels: true, channels: ['trades'], topicsMax: 1, frameBytesMax: 2 ** 23 },
    runs: 0,
    async run(listener, run) {
      const play = plays[this.runs];
      this.runs += 1;
      await play?.(listener, run, run.firstConnection);
    },
    follow: () => undefined,
    unfollow: () => undefined,
    decode: (bytes) => ({ events: JSON.parse(new TextDecoder().decode(bytes)) as Trade[], rejects: [], rejected: 0 }),
  };
}

function connect(listener: FeedListener, connection: number, atMs = NOW): void {
  listener.changed({ kind: 'connected', connection, atMs });
  const topics = [{ channel: 'trades', symbol: null }] as const;
  listener.changed({ kind: 'following', connection, atMs, topics });
}

function trade(second: number, price: number): Trade {
  const atMs = NOW + second * 1000;
  const venue = { exchange: 4, trf: null, id: `${second}`, tape: 3 } as const;
  const rest = { nanosecond: 0, conditions: [], executedMs: null, trfMs: null };
  return { kind: 'trade', symbol: 'AAA', atMs, sequence: second, price, size: 100e6, ...venue, ...rest };
}

const frameOf = (connection: number, bytes: Uint8Array, receivedMs = NOW) => ({ connection, receivedMs, bytes });
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

async function withEngine(
  feed: MarketFeed,
  work: (engine: LiveEngine, notices: EngineNotice[], failing: { append: boolean }) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-engine-'));
  const clock = new VirtualClock(NOW);
  const sessions = { oldestSession: () => SESSION, currentSession: () => SESSION };
  try {
    using ticks = openTicks({
      folder,
      ...sessions,
      bytesMax: 2 ** 30,
      clock,
      onSetAside: ({ reason }) => assert.fail(reason),
    });
    const failing = { append: false };
    const full = (): CondvestError => new CondvestError({ code: 'ticks-no-space', kind: 'permanent', message: 'Full' });
    const stream = {
      append: (records: Parameters<typeof ticks.stream.append>[0]) =>
        failing.append ? Promise.reject(full()) : ticks.stream.append(records),
      read: (after?: number) => ticks.stream.read(after),
      trim: (through: number) => ticks.stream.trim(through),
    };
    const notices: EngineNotice[] = [];
    const tradeDates = new TradeDates(createCalendar({ lastYear: 2027 }), null);
    const onNotice = (notice: EngineNotice): void => void notices.push(notice);
    const engine = await LiveEngine.open({ feed, stream, ticks: ticks.store, tradeDates, clock, onNotice }, OPTIONS);
    await work(engine, notices, failing);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('an engine in trouble', () => {
  test('reports a refusal once, however often the feed tries again, and once more after a connection', async () => {
    const refuse = (listener: FeedListener, connection: number): void =>
      listener.changed({
        kind: 'refused',
        connection,
        atMs: NOW,
        reason: 'credentials',
        detail: 'unknown key',
        retryAtMs: NOW,
      });
    const feed = feedOf((listener, _, connection) => {
      for (const n of [0, 1, 2]) refuse(listener, connection + n);
      connect(listener, connection + 3);
      refuse(listener, connection + 4);
    });
    await withEngine(feed, async (engine, notices) => {
      await engine.run(new AbortController().signal);
      const message = 'The feed refuses the connection (credentials): unknown key';
      assert.deepEqual(notices, [
        { code: 'live-refused', message },
        { code: 'live-refused', message },
      ]);
    });
  });

  test('connects anew when more arrives than it can write, and calls what it dropped a gap', async () => {
    // 20 of them are more than the queue takes.
    const large = Buffer.from(`${' '.repeat(4_000_000)}[]`);
    const feed = feedOf(
      async (listener, { signal }, connection) => {
        connect(listener, connection);
        listener.frame(frameOf(connection, bytesOf([trade(1, 100)])));
        for (let n = 0; n < 20; n += 1) listener.frame(frameOf(connection, large));
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve());
        });
      },
      (listener, _, connection) => {
        connect(listener, connection, NOW + 30_000);
        listener.frame(frameOf(connection, bytesOf([trade(65, 101)]), NOW + 65_000));
      },
    );
    await withEngine(feed, async (engine, notices) => {
      await engine.run(new AbortController().signal);
      assert.equal(feed.runs, 2);
      assert.deepEqual(
        notices.map(({ code }) => code),
        ['live-overrun'],
      );
      assert.equal(engine.state.bar('AAA', '1m', 'session', NOW), undefined, 'not all of the minute was heard');
      assert.equal(engine.state.bar('AAA', '1m', 'session', NOW + 65_000)?.close, 101);
    });
  });

  test('goes on without its journal while the disk is full, and says when it begins and ends', async () => {
    const feed = feedOf(
      (listener, _, connection) => {
        connect(listener, connection);
        listener.frame(frameOf(connection, bytesOf([trade(1, 100)]), NOW + 1000));
      },
      (listener, _, connection) => {
        listener.frame(frameOf(connection, bytesOf([trade(2, 102)]), NOW + 2000));
      },
    );
    await withEngine(feed, async (engine, notices, failing) => {
      failing.append = true;
      await engine.run(new AbortController().signal);
      assert.equal(engine.state.bar('AAA', '1m', 'session', NOW)?.close, 100);
      assert.equal(engine.status().isKeeping, false);
      failing.append = false;
      await engine.run(new AbortController().signal);
      assert.equal(engine.state.bar('AAA', '1m', 'session', NOW)?.close, 102);
      assert.equal(engine.status().isKeeping, true);
      assert.deepEqual(
        notices.map(({ code }) => code),
        ['live-not-kept', 'live-kept-again'],
      );
    });
  });
});
