import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Delivery } from '#adapters/simulator/live-deliveries.ts';
import { type LiveFault, liveFaults } from '#adapters/simulator/live-faults.ts';
import { SimulatedFeed } from '#adapters/simulator/live-feed.ts';
import { LiveSchedule } from '#adapters/simulator/live-schedule.ts';
import { encodeEvent } from '#adapters/simulator/live-wire.ts';
import { SimulatedTape } from '#adapters/simulator/tape.ts';
import { SimulatedHistory } from '#adapters/simulator/trade-history.ts';
import { isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { BAR_FIELDS } from '#market/bar.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { standingTrades } from '#market/standing-trades.ts';
import type { MarketEvent, Trade, TradeEvent, VendorBar } from '#market/trade.ts';
import { unknownConditions } from '#market/trade-conditions.ts';
import { TradeDates } from '#market/trade-date.ts';
import { SessionFold } from '#market/trade-fold.ts';
import { LIVE_SCENARIO_NAMES, LIVE_SCENARIOS, type LiveScenarioName } from '#ports/live-scenario-names.ts';
import type { FeedChange, FeedChannel, FeedFrame, FeedTopic } from '#ports/market-feed.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';

const calendar = createCalendar({ lastYear: 2028 });
const SEED = 3;
const market = { seed: SEED, securities: 10, from: isoDate('2024-01-02') };
const SESSION = isoDate('2024-03-28');
const OPEN_MS = calendar.openMs(SESSION);
const CLOSE_MS = calendar.closeMs(SESSION);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const dates = new TradeDates(calendar, null);
const tape = new SimulatedTape({ calendar, market });
const haltingTape = new SimulatedTape({ calendar, market, halts: true });

interface Listened {
  readonly frames: readonly FeedFrame[];
  readonly changes: readonly FeedChange[];
  readonly events: readonly { readonly event: MarketEvent; readonly receivedMs: number }[];
  readonly rejected: number;
}

/** Listens to a feed for a while, on a clock that takes no time. */
async function listen(
  faults: readonly LiveFault[],
  span: { readonly fromMs: number; readonly forMs: number; readonly tickMs?: number },
  channels: readonly FeedChannel[] = ['trades'],
  of: SimulatedTape = tape,
): Promise<Listened> {
  const clock = new VirtualClock(span.fromMs);
  const feed = new SimulatedFeed({ calendar, clock, seed: SEED, tape: of, faults, tickMs: span.tickMs ?? 250 });
  feed.follow(channels.map((channel): FeedTopic => ({ channel, symbol: null })));
  const [frames, changes]: [FeedFrame[], FeedChange[]] = [[], []];
  const abort = new AbortController();
  const listener = {
    frame: (frame: FeedFrame) => void frames.push(frame),
    changed: (change: FeedChange) => void changes.push(change),
  };
  const ended = feed.run(listener, { firstConnection: 1, signal: abort.signal });
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  while (!isOver && clock.nowMs() < span.fromMs + span.forMs) await new Promise((resolve) => setImmediate(resolve));
  abort.abort();
  await ended;
  const decoded = frames.map((frame) => ({ frame, ...feed.decode(frame.bytes) }));
  return {
    frames,
    changes,
    events: decoded.flatMap(({ frame, events }) => events.map((event) => ({ event, receivedMs: frame.receivedMs }))),
    rejected: decoded.reduce((sum, { rejected }) => sum + rejected, 0),
  };
}

/** Returns everything that a feed sends of a session, as it is read again from the wire. */
function wholeDay(faults: readonly LiveFault[], channels: readonly FeedChannel[], of = tape): MarketEvent[] {
  const feed = new SimulatedFeed({ calendar, clock: new VirtualClock(0), seed: SEED, tape: of });
  const schedule = new LiveSchedule({ calendar, tape: of, seed: SEED, dates, faults });
  const startMs = OPEN_MS - 6 * HOUR_MS;
  schedule.restart(
    startMs,
    channels.map((channel): FeedTopic => ({ channel, symbol: null })),
  );
  const deliveries = schedule.take(CLOSE_MS + 6 * HOUR_MS).filter((one): one is Delivery => one.channel !== 'raw');
  const texts = deliveries.map(({ event }) => encodeEvent(event));
  const { events, rejected } = feed.decode(Buffer.from(`[${texts.join()}]`));
  assert.equal(rejected, 0);
  return [...events];
}

function isTradeEvent(event: MarketEvent): event is TradeEvent {
  return event.kind === 'trade' || event.kind === 'cancel' || event.kind === 'correction';
}

/** Asserts that the trades that stand in the end fold to the daily bars of all securities. */
function assertFolds(events: readonly MarketEvent[], of = tape): void {
  const session = of.session(SESSION);
  assert.ok(session !== undefined);
  for (const { symbol, bar } of session.securities) {
    const own = events.filter((event) => event.symbol === symbol).filter(isTradeEvent);
    const fold = new SessionFold(dates.of(SESSION));
    const { trades, unmatched } = standingTrades(own);
    assert.deepEqual(unmatched, []);
    for (const trade of trades) fold.add(trade);
    const day = fold.dayBar();
    const vwap = day?.vwap === undefined || day.vwap === null ? null : Math.round(day.vwap * 10_000) / 10_000;
    for (const field of BAR_FIELDS)
      assert.equal(field === 'vwap' ? vwap : day?.[field], bar[field], `${symbol} ${field}`);
  }
}

function count(events: readonly MarketEvent[], kind: MarketEvent['kind']): number {
  return events.filter((event) => event.kind === kind).length;
}

function lagsOf({ events }: Listened): number[] {
  return events.flatMap(({ event, receivedMs }) => (event.kind === 'trade' ? [receivedMs - event.atMs] : []));
}

function kindsOf({ changes }: Listened): string[] {
  return changes.flatMap((change) => {
    if (change.kind === 'alive') return [];
    return 'reason' in change && change.kind !== 'declined' ? [`${change.kind} ${change.reason}`] : [change.kind];
  });
}

const MORNING = { fromMs: OPEN_MS + 30 * MINUTE_MS, forMs: 40 * MINUTE_MS, tickMs: 1000 };
const HOURS = { fromMs: OPEN_MS, forMs: 2 * HOUR_MS, tickMs: 1000 };

const BEHAVIORS: Readonly<Record<LiveScenarioName, () => Promise<void>>> = {
  'late-prints': async () => {
    const lags = lagsOf(await listen(liveFaults(['late-prints']), MORNING));
    const share = lags.filter((lag) => lag >= 2100).length / lags.length;
    assert.ok(share > 0.002 && share < 0.01, `${share}`);
    assert.ok(lags.some((lag) => lag >= 14 * MINUTE_MS) && lags.some((lag) => lag >= 16 * MINUTE_MS));
    assert.ok(Math.max(...lagsOf(await listen([], MORNING))) < 2100);
  },
  busts: async () => {
    const events = wholeDay(liveFaults(['busts']), ['trades']);
    assert.ok(count(events, 'cancel') > 20);
    assertFolds(events);
  },
  'trade-corrections': async () => {
    const events = wholeDay(liveFaults(['trade-corrections']), ['trades']);
    assert.ok(count(events, 'correction') > 20);
    assertFolds(events);
  },
  'duplicate-trades': async () => {
    const events = wholeDay(liveFaults(['duplicate-trades']), ['trades']).filter(isTradeEvent);
    const own = events.filter(({ symbol }) => symbol === tape.session(SESSION)?.securities[0]?.symbol);
    assert.ok(standingTrades(own).duplicates > own.length / 100);
    assertFolds(events);
  },
  'out-of-order': async () => {
    const disorder = ({ events }: Listened): number => {
      const last = new Map<string, number>();
      return events.filter(({ event }) => {
        if (event.kind !== 'trade') return false;
        const before = last.get(event.symbol) ?? 0;
        last.set(event.symbol, Math.max(before, event.atMs));
        return event.atMs < before;
      }).length;
    };
    const [clean, shuffled] = [await listen([], MORNING), await listen(liveFaults(['out-of-order']), MORNING)];
    assert.ok(disorder(shuffled) > 10 * disorder(clean), `${disorder(clean)} and ${disorder(shuffled)}`);
    assert.ok(Math.max(...lagsOf(shuffled)) <= 1900 + 2000);
  },
  disconnects: async () => {
    const heard = await listen(liveFaults(['disconnects']), { fromMs: OPEN_MS, forMs: 6.5 * HOUR_MS, tickMs: 1000 });
    const holes = holesOf(heard);
    assert.ok(
      holes.some((ms) => ms >= 30_000 && ms < 70_000),
      `${holes}`,
    );
    assert.ok(
      holes.some((ms) => ms >= 10 * MINUTE_MS && ms < 13 * MINUTE_MS),
      `${holes}`,
    );
    assert.ok(kindsOf(heard).includes('lost closed') && kindsOf(heard).includes('refused unreachable'));
  },
  'silent-socket': async () => {
    const heard = await listen(liveFaults(['silent-socket']), HOURS);
    assert.ok(kindsOf(heard).includes('lost silent'));
    const lost = heard.changes.find((change) => change.kind === 'lost');
    assert.ok(lost?.kind === 'lost' && lost.atMs - lost.lastReceivedMs >= 30_000);
  },
  halts: async () => {
    const events = wholeDay(liveFaults(['halts']), ['trades', 'halts'], haltingTape);
    const halts = events.filter((event) => event.kind === 'halt');
    const halted = halts.find(({ change }) => change === 'halted');
    const resumed = halts.find(({ change, symbol }) => change === 'resumed' && symbol === halted?.symbol);
    const limits = halts.find(({ change }) => change === 'limits');
    assert.ok(halted !== undefined && resumed !== undefined && (limits?.upperLimit ?? 0) > (limits?.lowerLimit ?? 0));
    const between = events.filter(
      (event): event is Trade =>
        event.kind === 'trade' &&
        event.symbol === halted.symbol &&
        event.atMs > halted.atMs &&
        event.atMs < resumed.atMs,
    );
    assert.deepEqual(between, []);
    assertFolds(events, haltingTape);
  },
  'malformed-frames': async () => {
    const heard = await listen(liveFaults(['malformed-frames']), { ...MORNING, forMs: 30 * MINUTE_MS });
    assert.ok(heard.rejected >= 20, `${heard.rejected}`);
    const clean = await listen([], { ...MORNING, forMs: 30 * MINUTE_MS });
    assert.deepEqual(heard.events, clean.events, 'nothing else is lost');
  },
  'unknown-condition': async () => {
    const events = wholeDay(liveFaults(['unknown-condition']), ['trades']);
    const unknown = events.filter((event) => event.kind === 'trade' && unknownConditions(event.conditions).length > 0);
    assert.ok(unknown.length > events.length / 200);
    assertFolds(events);
  },
  'key-elsewhere': async () => {
    const heard = await listen(liveFaults(['key-elsewhere']), { fromMs: OPEN_MS, forMs: 6.5 * HOUR_MS, tickMs: 1000 });
    const kinds = kindsOf(heard);
    assert.ok(kinds.includes('lost key-elsewhere') && kinds.includes('refused key-elsewhere'));
    const lost = heard.changes.find((change) => change.kind === 'lost');
    assert.ok(lost?.kind === 'lost' && lost.retryAtMs - lost.atMs === 300_000, 'it does not fight for the connection');
    assert.ok(holesOf(heard).some((ms) => ms >= 12 * MINUTE_MS));
  },
  'feed-refused': async () => {
    const heard = await listen(liveFaults(['feed-refused']), { fromMs: OPEN_MS, forMs: MINUTE_MS });
    const refused = ['connecting', 'refused unreachable'];
    assert.deepEqual(kindsOf(heard).slice(0, 8), [...refused, ...refused, ...refused, 'connecting', 'connected']);
    const forGood: LiveFault[] = [{ name: 'feed-refused', times: Number.POSITIVE_INFINITY }];
    const never = await listen(forGood, { fromMs: OPEN_MS, forMs: MINUTE_MS });
    assert.deepEqual(kindsOf(never), ['connecting', 'gave-up credentials']);
  },
  rebroadcast: async () => {
    const bars = wholeDay(liveFaults(['rebroadcast']), ['minutes']).filter((event) => event.kind === 'vendor-bar');
    const byStart = new Map<string, VendorBar[]>();
    for (const bar of bars) {
      const key = `${bar.symbol} ${bar.startMs}`;
      byStart.set(key, [...(byStart.get(key) ?? []), bar]);
    }
    const twice = [...byStart.values()].filter(({ length }) => length === 2);
    assert.ok(twice.length > byStart.size / 20);
    const truth = wholeDay([], ['minutes']).filter((event) => event.kind === 'vendor-bar');
    assert.equal(truth.length, byStart.size);
    for (const bar of truth) assert.deepEqual(byStart.get(`${bar.symbol} ${bar.startMs}`)?.at(-1), bar);
    // The last trade may be an official price, which has no volume.
    const grown = twice.filter(([early, again]) => (early?.volume ?? 0) < (again?.volume ?? 0));
    assert.ok(grown.length > 0.9 * twice.length);
  },
  burst: async () => {
    const heard = await listen(liveFaults(['burst']), HOURS);
    const clean = await listen([], HOURS);
    const largest = (of: Listened): number => {
      const counts = new Map<number, number>();
      for (const { receivedMs } of of.events) counts.set(receivedMs, (counts.get(receivedMs) ?? 0) + 1);
      return Math.max(...counts.values());
    };
    assert.ok(largest(heard) > 10 * largest(clean), `${largest(heard)} and ${largest(clean)}`);
    assert.deepEqual(kindsOf(heard), ['connecting', 'connected', 'following']);
    assert.equal(heard.events.length, clean.events.length);
  },
  'clock-ahead': async () => {
    const { events } = await listen(liveFaults(['clock-ahead']), { fromMs: OPEN_MS, forMs: 5 * MINUTE_MS });
    const ahead = events.flatMap(({ event, receivedMs }) => (event.kind === 'trade' ? [event.atMs - receivedMs] : []));
    assert.ok(ahead.length > 0 && ahead.every((ms) => ms > HOUR_MS - 5000 && ms <= HOUR_MS));
  },
  'recovery-short': async () => {
    const nowMs = OPEN_MS + HOUR_MS;
    const history = historyAt(nowMs, liveFaults(['recovery-short']));
    const symbol = tape.session(SESSION)?.securities[0]?.symbol ?? '';
    const ask = (fromMs: number) => history.trades({ symbol, fromMs, toMs: nowMs }, BUDGET);
    assert.equal((await ask(nowMs - 4 * MINUTE_MS)).kind, 'events');
    assert.equal((await ask(nowMs - 6 * MINUTE_MS)).kind, 'beyond-plan');
  },
};

const BUDGET = { requestsMax: 10, eventsMax: 100_000 };

function historyAt(nowMs: number, faults: readonly LiveFault[] = []): SimulatedHistory {
  return new SimulatedHistory({ calendar, clock: new VirtualClock(nowMs), seed: SEED, tape, faults });
}

/** Returns the lengths of the stretches without a connection. */
function holesOf({ changes }: Listened): number[] {
  const holes: number[] = [];
  let lostMs: number | undefined;
  for (const { kind, atMs } of changes) {
    if (kind === 'lost') lostMs = atMs;
    if (kind === 'connected' && lostMs !== undefined) holes.push(atMs - lostMs);
  }
  return holes;
}

describe('each scenario of the live feed does what it says', () => {
  for (const name of LIVE_SCENARIO_NAMES) test(`${name}: ${LIVE_SCENARIOS[name]}`, BEHAVIORS[name]);

  test('the reference has them all', () => {
    const page = readFileSync('docs/reference/simulated-market.md', 'utf8');
    for (const name of LIVE_SCENARIO_NAMES) assert.ok(page.includes(`| \`${name}\` | ${LIVE_SCENARIOS[name]} |`), name);
  });
});

describe('the simulated feed', () => {
  test('sends the same bytes on every machine and in every release, whenever it starts', async () => {
    const span = { fromMs: OPEN_MS + 10 * MINUTE_MS, forMs: 2 * MINUTE_MS };
    const channels: FeedChannel[] = ['trades', 'quotes', 'seconds', 'minutes', 'halts'];
    const { frames, events } = await listen([], span, channels);
    const hash = createHash('sha256');
    for (const { bytes } of frames) hash.update(bytes);
    assert.equal(hash.digest('hex'), '0fb3f92314fe0f8cb365acb8bf457d71ba7d6ae9235292245d50388f113de2c0');
    const later = await listen([], { fromMs: span.fromMs + MINUTE_MS, forMs: MINUTE_MS }, channels);
    const rest = events.filter(({ receivedMs }) => receivedMs > span.fromMs + MINUTE_MS);
    assert.deepEqual(later.events, rest);
  });

  test('sends a whole day that folds to the daily bars, with all faults that lose nothing at once', () => {
    const faults = liveFaults(['late-prints', 'busts', 'trade-corrections', 'duplicate-trades', 'out-of-order']);
    assertFolds(wholeDay(faults, ['trades']));
    assertFolds(wholeDay([], ['trades']));
  });

  test('builds minute bars that have the values of its trades, with the day so far', () => {
    const events = wholeDay([], ['trades', 'minutes']);
    const day = tape.session(SESSION)?.securities[0];
    const bars = events.filter((event) => event.kind === 'vendor-bar' && event.symbol === day?.symbol) as VendorBar[];
    const trades = events.filter((event): event is Trade => event.kind === 'trade' && event.symbol === day?.symbol);
    const fold = new SessionFold(dates.of(SESSION));
    for (const trade of trades) fold.add(trade);
    const truth = fold.bars('1m', 'clock');
    assert.deepEqual(
      bars.map(({ startMs, open, high, low, close, volume }) => [startMs, open, high, low, close, volume]),
      truth.map(({ startMs, open, high, low, close, volume }) => [
        startMs,
        open,
        high,
        low,
        close,
        Math.round(volume * 1e6),
      ]),
    );
    assert.equal(bars.at(-1)?.officialOpen, day?.bar.open);
    const dayVolumes = bars.map(({ dayVolume }) => dayVolume ?? 0);
    assert.ok(dayVolumes.every((volume, index) => volume >= (dayVolumes[index - 1] ?? 0)));
    assert.ok((dayVolumes.at(-1) ?? 0) <= (day?.bar.volume ?? 0) * 1e6);
  });

  test('reads back every event that it writes, but for what its wire does not carry', () => {
    const feed = new SimulatedFeed({ calendar, clock: new VirtualClock(0), seed: SEED, tape });
    const channels: FeedChannel[] = ['trades', 'quotes', 'seconds', 'minutes', 'halts'];
    const schedule = new LiveSchedule({
      calendar,
      tape: haltingTape,
      seed: SEED,
      dates,
      faults: liveFaults(['busts', 'trade-corrections']),
    });
    schedule.restart(
      OPEN_MS - 6 * HOUR_MS,
      channels.map((channel): FeedTopic => ({ channel, symbol: null })),
    );
    const sent = schedule.take(OPEN_MS + 2 * HOUR_MS).flatMap((one) => (one.channel === 'raw' ? [] : [one.event]));
    assert.deepEqual(new Set(sent.map(({ kind }) => kind)).size, 6);
    for (const event of sent) {
      const { events, rejects } = feed.decode(Buffer.from(`[${encodeEvent(event)}]`));
      assert.deepEqual(rejects, []);
      assert.deepEqual(events, [carried(event)]);
    }
  });

  test('is connected and silent before 04:00, and trades from then on', async () => {
    const { events, changes } = await listen([], { fromMs: OPEN_MS - 5.6 * HOUR_MS, forMs: 40 * MINUTE_MS });
    assert.ok(
      events.length > 0 && events.every(({ event }) => event.kind === 'trade' && event.conditions.includes(12)),
    );
    assert.ok(events.every(({ event }) => event.kind === 'trade' && event.atMs >= OPEN_MS - 5.5 * HOUR_MS));
    assert.ok(changes.some(({ kind, atMs }) => kind === 'alive' && atMs < OPEN_MS - 5.55 * HOUR_MS));
  });
});

/** Returns the event as it arrives: the wire has no nanoseconds, no time of execution, and no number of trades. */
function carried(event: MarketEvent): MarketEvent {
  if (event.kind === 'trade') return { ...event, nanosecond: 0, executedMs: null };
  if (event.kind === 'quote') return { ...event, nanosecond: 0 };
  if (event.kind === 'vendor-bar') return { ...event, trades: null };
  if (event.kind === 'correction') return { ...event, trade: { ...event.trade, nanosecond: 0, executedMs: null } };
  return event;
}

describe('the history of the simulated feed', () => {
  const symbol = tape.session(SESSION)?.securities[1]?.symbol ?? '';
  const nowMs = CLOSE_MS + 2 * HOUR_MS;

  test('has what the feed sent, with the same identity, also of what was missed while it was lost', async () => {
    const heard = await listen([], MORNING);
    const [fromMs, toMs] = [MORNING.fromMs + 5 * MINUTE_MS, MORNING.fromMs + 35 * MINUTE_MS];
    const reply = await historyAt(nowMs).trades({ symbol, fromMs, toMs }, BUDGET);
    assert.ok(reply.kind === 'events' && reply.requests === 1);
    const sent = heard.events.flatMap(({ event }) =>
      event.kind === 'trade' && event.symbol === symbol && event.atMs >= fromMs && event.atMs < toMs ? [event] : [],
    );
    assert.deepEqual(
      standingTrades(sent).trades,
      reply.events.map((event) => (event.kind === 'trade' ? carried(event) : event)),
    );
  });

  test('has the cancels and corrections of its trades, and those published in the stretch, as known by now', async () => {
    const faults = liveFaults(['busts', 'trade-corrections']);
    const endMs = CLOSE_MS + 5 * HOUR_MS;
    const all = await historyAt(endMs, faults).trades({ symbol, fromMs: OPEN_MS - 6 * HOUR_MS, toMs: endMs }, BUDGET);
    assert.ok(all.kind === 'events');
    assertFoldsOne(all.events);
    const cancel = all.events.find((event) => event.kind === 'cancel' || event.kind === 'correction');
    assert.ok(cancel !== undefined);
    const around = await historyAt(nowMs, faults).trades(
      { symbol, fromMs: cancel.atMs, toMs: cancel.atMs + 1 },
      BUDGET,
    );
    assert.ok(around.kind === 'events' && around.events.some((event) => event.kind === cancel.kind));
    const before = await historyAt(cancel.atMs - 1, faults).trades(
      { symbol, fromMs: OPEN_MS, toMs: cancel.atMs - 1 },
      BUDGET,
    );
    assert.ok(
      before.kind === 'events' && !before.events.some((event) => event.kind !== 'trade' && event.atMs >= cancel.atMs),
    );
  });

  test('refuses more than the budget, and says so of what is too recent or too old', async () => {
    const history = historyAt(nowMs);
    const day = { symbol, fromMs: OPEN_MS, toMs: CLOSE_MS };
    for (const budget of [
      { requestsMax: 10, eventsMax: 20 },
      { requestsMax: 0, eventsMax: 100_000 },
    ]) {
      await assert.rejects(
        history.trades(day, budget),
        (error) => error instanceof CondvestError && error.code === 'history-over-budget',
      );
    }
    assert.equal((await history.trades({ ...day, toMs: nowMs + 1 }, BUDGET)).kind, 'not-yet');
    assert.equal((await history.minutes({ ...day, fromMs: 0 }, BUDGET)).kind, 'beyond-plan');
    const unknown = await history.trades({ ...day, symbol: 'NOSUCH' }, BUDGET);
    assert.deepEqual(unknown, { kind: 'events', events: [], requests: 1 });
  });

  test('has the minute bars that the feed sends', async () => {
    const reply = await historyAt(nowMs).minutes({ symbol, fromMs: OPEN_MS, toMs: CLOSE_MS }, BUDGET);
    assert.ok(reply.kind === 'events');
    const sent = wholeDay([], ['minutes']).filter(
      (event) =>
        event.kind === 'vendor-bar' && event.symbol === symbol && event.startMs >= OPEN_MS && event.startMs < CLOSE_MS,
    );
    assert.deepEqual(reply.events.map(carried), sent);
  });

  function assertFoldsOne(events: readonly TradeEvent[]): void {
    const bar = tape.session(SESSION)?.securities[1]?.bar;
    const fold = new SessionFold(dates.of(SESSION));
    for (const trade of standingTrades(events).trades) fold.add(trade);
    const day = fold.dayBar();
    assert.deepEqual(
      [day?.open, day?.high, day?.low, day?.close, day?.volume, day?.trades],
      [bar?.open, bar?.high, bar?.low, bar?.close, bar?.volume, bar?.trades],
    );
  }
});
