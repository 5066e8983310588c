import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CondvestError } from '#base/errors.ts';
import type { FeedChange, FeedFrame, FeedTopic, MarketFeed } from '#ports/market-feed.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';

/**
 * Contract suite for live feeds: the guarantees of `src/ports/market-feed.ts` as tests. A new feed is complete when it
 * passes.
 */
export interface FeedUnderTest extends AsyncDisposable {
  readonly feed: MarketFeed;
  /** A symbol that trades several times a minute, and another one. */
  readonly symbols: readonly [string, string];
  /** Lets time of the feed's clock pass. */
  readonly pass: (ms: number) => Promise<void>;
  /** Ends the connection, as the other side or the network would. The next attempt succeeds. */
  readonly cut: () => Promise<void>;
}

/** Everything a feed handed over, in order. */
type Heard = ({ readonly kind: 'frame' } & FeedFrame) | FeedChange;

interface Running {
  readonly heard: Heard[];
  /** Aborts, and waits for the end. */
  readonly stop: () => Promise<void>;
}

/** `open` returns a feed in regular trading hours; `openAtNight` one while nothing trades. */
export function marketFeedContract(
  name: string,
  open: () => Promise<FeedUnderTest>,
  openAtNight: () => Promise<FeedUnderTest>,
): void {
  describe(`the live feed "${name}"`, () => {
    test('hands over frames in order of receipt, between the connection and its loss, each of which is reported', async () => {
      await using of = await open();
      of.feed.follow([{ channel: 'trades', symbol: null }]);
      const { heard, stop } = start(of.feed, 7);
      await of.pass(20_000);
      await of.cut();
      await of.pass(20_000);
      await stop();
      let connected: number | undefined;
      let last = 6;
      let receivedMs = 0;
      for (const one of heard) {
        if (one.kind === 'connecting') assert.equal(one.connection, ++last, 'connections are numbered from the first');
        if (one.kind === 'connected') connected = one.connection;
        if (one.kind === 'lost') connected = undefined;
        if (one.kind !== 'frame') continue;
        assert.equal(one.connection, connected);
        assert.ok(one.receivedMs >= receivedMs);
        ({ receivedMs } = one);
      }
      const kinds = heard.map(({ kind }) => kind);
      assert.equal(kinds[0], 'connecting');
      assert.ok(kinds.includes('lost') && last >= 8, 'a lost connection is replaced');
      const again = heard.findLast(({ kind }) => kind === 'following');
      assert.equal(again?.connection, last, 'topics are asked for again');
      const lost = heard.find((one) => one.kind === 'lost');
      assert.ok(lost?.kind === 'lost' && lost.retryAtMs >= lost.atMs && lost.lastReceivedMs <= lost.atMs);
    });

    test('sends what is followed and nothing else, from the report on', async () => {
      await using of = await open();
      const [symbol, other] = of.symbols;
      const { heard, stop } = start(of.feed);
      await of.pass(2000);
      assert.deepEqual(eventsOf(of.feed, heard), []);
      const topic: FeedTopic = { channel: 'trades', symbol };
      of.feed.follow([topic]);
      await of.pass(60_000);
      const following = heard.find((one) => one.kind === 'following');
      assert.ok(following?.kind === 'following');
      assert.deepEqual(following.topics, [topic]);
      const events = eventsOf(of.feed, heard);
      assert.ok(events.length > 0);
      assert.deepEqual([...new Set(events.map(({ kind, symbol }) => `${kind} ${symbol}`))], [`trade ${symbol}`]);
      of.feed.follow([{ channel: 'trades', symbol: other }]);
      of.feed.unfollow([topic]);
      await of.pass(10_000);
      const later = heard.length;
      await of.pass(60_000);
      const after = eventsOf(of.feed, heard.slice(later));
      assert.deepEqual([...new Set(after.map(({ symbol }) => symbol))], [other]);
      await stop();
    });

    test('is alive while it is quiet: it says so at least every 30 s, and at most once a second', async () => {
      await using of = await openAtNight();
      of.feed.follow([{ channel: 'trades', symbol: null }]);
      const { heard, stop } = start(of.feed);
      await of.pass(180_000);
      await stop();
      assert.ok(!heard.some(({ kind }) => kind === 'frame' || kind === 'lost'));
      const instants = heard.flatMap((one) => (one.kind === 'alive' || one.kind === 'connected' ? [one.atMs] : []));
      assert.ok(instants.length >= 6);
      for (const [index, at] of instants.entries()) {
        const next = instants[index + 1];
        if (next !== undefined) assert.ok(next - at >= 1000 && next - at <= 30_000, `${next - at} ms`);
      }
    });

    test('ends soon after its signal, calls the listener no more, and can run again', async () => {
      await using of = await open();
      of.feed.follow([{ channel: 'trades', symbol: null }]);
      const first = start(of.feed, 1);
      await of.pass(5000);
      await first.stop();
      const count = first.heard.length;
      const second = start(of.feed, 50);
      await of.pass(5000);
      await second.stop();
      assert.equal(first.heard.length, count);
      assert.equal(second.heard[0]?.kind, 'connecting');
      assert.ok(second.heard.some((one) => one.kind === 'frame' && one.connection >= 50));
      const aborted = AbortSignal.abort();
      const listener = { frame: () => assert.fail('a frame after the end'), changed: () => undefined };
      await of.feed.run(listener, { firstConnection: 90, signal: aborted });
    });

    test('does not follow more topics than it can', async () => {
      await using of = await open();
      const topic = (index: number): FeedTopic => ({ channel: 'trades', symbol: `S${index}` });
      const topics = Array.from({ length: of.feed.capabilities.topicsMax + 1 }, (_, index) => topic(index));
      assert.throws(
        () => of.feed.follow(topics),
        (error) => error instanceof CondvestError && error.code === 'feed-too-many-topics',
      );
      of.feed.follow(topics.slice(1));
      of.feed.follow(topics.slice(1));
    });

    test('decodes the same bytes to the same events, and whatever arrives without throwing, within bounds', async () => {
      await using of = await open();
      of.feed.follow([{ channel: 'trades', symbol: null }]);
      const { heard, stop } = start(of.feed);
      await of.pass(20_000);
      await stop();
      const frames = heard.flatMap((one) => (one.kind === 'frame' ? [one.bytes] : []));
      assert.ok(frames.length > 0);
      const random = seededRandom(5);
      for (const bytes of frames.slice(0, 50)) {
        assert.ok(bytes.length <= of.feed.capabilities.frameBytesMax);
        const decoded = of.feed.decode(bytes);
        assert.deepEqual(of.feed.decode(Uint8Array.from(bytes)), decoded);
        assert.equal(decoded.rejected, 0);
        for (let example = 0; example < 40; example += 1) {
          const broken = Uint8Array.from(bytes);
          const at = Math.floor(random.next() * broken.length);
          broken[at] = Math.floor(random.next() * 256);
          const { rejects, rejected } = of.feed.decode(random.next() < 0.2 ? broken.subarray(0, at) : broken);
          assert.ok(rejects.length <= rejected);
          for (const { excerpt } of rejects) assert.ok(Buffer.byteLength(excerpt) <= 2048);
        }
      }
    });
  });
}

function start(feed: MarketFeed, firstConnection = 1): Running {
  const heard: Heard[] = [];
  const abort = new AbortController();
  const listener = {
    frame: (frame: FeedFrame) => void heard.push({ kind: 'frame', ...frame }),
    changed: (change: FeedChange) => void heard.push(change),
  };
  const ended = feed.run(listener, { firstConnection, signal: abort.signal });
  return {
    heard,
    stop: async () => {
      abort.abort();
      await ended;
    },
  };
}

function eventsOf(feed: MarketFeed, heard: readonly Heard[]) {
  return heard.flatMap((one) => (one.kind === 'frame' ? feed.decode(one.bytes).events : []));
}
