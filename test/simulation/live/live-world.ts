import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { RandomSource } from '#adapters/simulator/random-source.ts';
import { openTicks } from '#adapters/sqlite-ticks/open-ticks.ts';
import { isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { INTRADAY_INTERVALS, INTRADAY_MS } from '#market/intraday-interval.ts';
import { standingTrades } from '#market/standing-trades.ts';
import { decodeTrades } from '#market/tick-block/trade-block.ts';
import type { MarketEvent, Trade } from '#market/trade.ts';
import { TradeDates } from '#market/trade-date.ts';
import { SessionFold } from '#market/trade-fold.ts';
import type { EventStream, StreamRecord } from '#ports/event-stream.ts';
import type { FeedChange } from '#ports/market-feed.ts';
import type { TickStore } from '#ports/tick-store.ts';
import { LiveEngine } from '#speed/engine.ts';
import { LiveState } from '#speed/live-state.ts';
import { decodeValues } from '#speed/storage/minute-bytes.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { drawScript, ScriptedFeed, SESSION, SYMBOLS } from './scripted-feed.ts';

/** The end of a process: nothing after it happens. */
class Killed extends Error {}

export type Wrap = (ports: { readonly stream: EventStream; readonly ticks: TickStore }) => {
  readonly stream: EventStream;
  readonly ticks: TickStore;
};

const CALENDAR = createCalendar({ lastYear: 2027 });
const MINUTE_MS = 60_000;
const KILLS_MAX = 6;
const OPTIONS = { secondBoundMs: 2000, boundMs: 5000, sealMs: 15 * MINUTE_MS };
const PARTS = new TradeDates(CALENDAR, null).of(SESSION);

/**
 * One seed: a script is played to engines that are killed before or after any effect on the journal or the store, and
 * whose disk is full for a while. Afterwards the last engine, the store and the journal must agree with what was stored.
 */
export async function runLiveSeed(seed: number, wrap: Wrap = (ports) => ports): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-live-'));
  try {
    await new LiveWorld(seed, folder, wrap).run();
  } catch (cause) {
    throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

class LiveWorld {
  readonly #random: RandomSource;
  readonly #folder: string;
  readonly #wrap: Wrap;
  readonly #clock: VirtualClock;
  readonly #feed: ScriptedFeed;
  /** By number: what is in the journal, as the model sees it. */
  readonly #stored = new Map<number, StreamRecord>();
  #killIn = 0;
  #fullFor = 0;
  #wasFull = false;
  readonly #fullChance: number;

  constructor(seed: number, folder: string, wrap: Wrap) {
    this.#random = new RandomSource(seed, 'live');
    this.#fullChance = seed % 3 === 0 ? 0.02 : 0;
    this.#folder = folder;
    this.#wrap = wrap;
    this.#clock = new VirtualClock(Date.parse('2026-11-24T09:20:00-05:00'));
    this.#feed = new ScriptedFeed(drawScript(this.#random), this.#clock);
  }

  async run(): Promise<void> {
    for (let kills = 0; kills < KILLS_MAX && !this.#feed.isOver; kills += 1) {
      this.#killIn = this.#random.whole(1, 60);
      await this.#live().catch((cause: unknown) => {
        if (!(cause instanceof Killed)) throw cause;
      });
      this.#clock.move(this.#random.pick([0, 1000, 60_000, 400_000]));
    }
    this.#killIn = Number.POSITIVE_INFINITY;
    this.#fullFor = 0;
    await this.#live();
    await this.#check();
  }

  /** Runs one engine, until it is killed or the script is over. */
  async #live(): Promise<void> {
    using opened = this.#open();
    const engine = await LiveEngine.open({ ...opened.deps, feed: this.#feed }, OPTIONS);
    await engine.run(new AbortController().signal);
  }

  #open() {
    const ticks = openTicks({
      folder: this.#folder,
      oldestSession: () => isoDate('2026-11-20'),
      currentSession: () => SESSION,
      bytesMax: 2 ** 30,
      clock: this.#clock,
      onSetAside: ({ reason }) => assert.fail(`a file was set aside: ${reason}`),
    });
    const ports = this.#wrap({ stream: ticks.stream, ticks: ticks.store });
    const deps = {
      stream: this.#faultyStream(ports.stream),
      ticks: this.#faultyStore(ports.ticks),
      tradeDates: new TradeDates(CALENDAR, null),
      clock: this.#clock,
      onNotice: () => undefined,
    };
    return { deps, [Symbol.dispose]: () => ticks[Symbol.dispose]() };
  }

  /** Kills before or after an effect, or fails it with a full disk, with or without having done it. */
  async #effect<T>(work: () => Promise<T>): Promise<T> {
    if (this.#fullFor === 0 && this.#killIn !== Number.POSITIVE_INFINITY && this.#random.chance(this.#fullChance)) {
      this.#fullFor = this.#random.whole(1, 12);
      this.#wasFull = true;
    }
    this.#killIn -= 1;
    if (this.#killIn < 0) throw new Killed('before an effect');
    if (this.#fullFor > 0) {
      this.#fullFor -= 1;
      throw new CondvestError({ code: 'disk-full', kind: 'permanent', message: 'The disk is full' });
    }
    const result = await work();
    if (this.#killIn === 0) throw new Killed('after an effect');
    return result;
  }

  #faultyStream(stream: EventStream): EventStream {
    return {
      append: (records) =>
        this.#effect(async () => {
          const positions = await stream.append(records);
          for (const record of records) if (!this.#stored.has(record.number)) this.#stored.set(record.number, record);
          return positions;
        }),
      read: (after) => stream.read(after),
      trim: (through) => this.#effect(() => stream.trim(through)),
    };
  }

  #faultyStore(ticks: TickStore): TickStore {
    return {
      put: (put) => this.#effect(() => ticks.put(put)),
      checkpoint: () => ticks.checkpoint(),
      expire: () => this.#effect(() => ticks.expire()),
      sessions: () => ticks.sessions(),
      symbols: (session) => ticks.symbols(session),
      blocks: (query) => ticks.blocks(query),
      bars: (query) => ticks.bars(query),
      stretches: (query) => ticks.stretches(query),
      gaps: (query) => ticks.gaps(query),
    };
  }

  async #check(): Promise<void> {
    using opened = this.#open();
    const { deps } = opened;
    const engine = await LiveEngine.open({ ...deps, feed: this.#feed }, OPTIONS);
    const model = this.#fromTheFirstRecord();
    // After a full disk, what was used and sealed without having been written is more than the journal has.
    if (!this.#wasFull) {
      assert.deepEqual(shown(engine.state), shown(model), 'a restart has the bars of the whole journal');
      assert.deepEqual(engine.state.counts, model.counts, 'nothing is counted twice');
    }
    await this.#checkBlocks(deps.ticks);
    if (!this.#wasFull) await this.#checkMinutes(deps.ticks);
  }

  /** Applies every record that was ever stored, from the first one on: no checkpoint and no trim has a part in it. */
  #fromTheFirstRecord(): LiveState {
    const state = new LiveState({ tradeDates: new TradeDates(CALENDAR, null), delayMs: 0, ...OPTIONS });
    for (const { number, kind, receivedMs, bytes } of this.#records()) {
      const text: unknown = JSON.parse(new TextDecoder().decode(bytes));
      if (kind === 'frame') state.apply({ kind, receivedMs, events: text as MarketEvent[] }, number);
      else if (kind === 'change') state.apply({ kind, change: text as FeedChange }, number);
      else state.apply({ kind: 'hole', ...(text as { fromMs: number; toMs: number }) }, number);
    }
    return state;
  }

  #records(): StreamRecord[] {
    return [...this.#stored.values()].sort((a, b) => a.number - b.number);
  }

  /** No trade is in the store twice, and none that was never received. */
  async #checkBlocks(ticks: TickStore): Promise<void> {
    const kept = new Set<string>();
    for await (const batch of ticks.blocks({ kind: 'trades', fromMs: PARTS.startMs, toMs: PARTS.endMs })) {
      for (const tick of batch.flatMap(({ pieces }) => pieces.flatMap((piece) => [...decodeTrades(piece).ticks]))) {
        if (tick.kind !== 'trade') continue;
        assert.ok(!kept.has(tick.id), `a trade is kept twice: ${tick.id}`);
        kept.add(tick.id);
        assert.deepEqual(tick, this.#feed.delivered.get(tick.id), 'a trade is kept as it was received');
      }
    }
  }

  /**
   * The last state of every stored minute that was heard without a gap, and whose events all came in time, is the pure
   * fold of its events. This uses nothing of the engine: neither its watermark nor its books.
   */
  async #checkMinutes(ticks: TickStore): Promise<void> {
    const records = this.#records();
    const quiet = new Set<number>();
    const events = new Map<string, (Trade | Extract<MarketEvent, { kind: 'cancel' }>)[]>();
    let heardFromMs: number | undefined;
    const minuteOf = (atMs: number): number => atMs - (atMs % MINUTE_MS);
    const heard = (fromMs: number, toMs: number): void => {
      for (let ms = Math.ceil(fromMs / MINUTE_MS) * MINUTE_MS; ms + MINUTE_MS <= toMs; ms += MINUTE_MS) quiet.add(ms);
    };
    const spoiled = new Set<number>();
    for (const { kind, bytes, receivedMs } of records) {
      const text: unknown = JSON.parse(new TextDecoder().decode(bytes));
      if (kind === 'frame') {
        for (const event of text as MarketEvent[]) {
          if (event.kind !== 'trade' && event.kind !== 'cancel') continue;
          events.set(event.symbol, [...(events.get(event.symbol) ?? []), event]);
          if (event.kind === 'trade' && receivedMs - event.atMs > 10 * MINUTE_MS) spoiled.add(minuteOf(event.atMs));
          // A cancel may come after the seal: the minute of its trade is left to the other checks.
          if (event.kind === 'cancel') for (const trade of tradesOf(events, event)) spoiled.add(minuteOf(trade.atMs));
        }
      } else {
        const change = text as FeedChange;
        if (change.kind === 'following') heardFromMs ??= change.atMs;
        if (change.kind === 'lost' && heardFromMs !== undefined) {
          heard(heardFromMs, change.lastReceivedMs - OPTIONS.boundMs);
          heardFromMs = undefined;
        }
      }
    }
    let checked = 0;
    for (const symbol of SYMBOLS) {
      const fold = new SessionFold(PARTS);
      for (const trade of standingTrades(events.get(symbol) ?? []).trades) {
        if (trade.atMs >= PARTS.startMs && trade.atMs < PARTS.endMs) fold.add(trade);
      }
      const wanted = new Map(fold.bars('1m', 'session').map((bar) => [bar.startMs, bar]));
      const stored = new Map<number, ReturnType<typeof decodeValues>>();
      for await (const batch of ticks.bars({ symbol, fromMs: PARTS.startMs, toMs: PARTS.endMs })) {
        for (const { startMs, part, values } of batch) if (part === 'shown') stored.set(startMs, decodeValues(values));
      }
      for (const [startMs, bar] of wanted) {
        if (!quiet.has(startMs) || spoiled.has(startMs)) continue;
        const { open, high, low, close, volume, vwap, trades } = bar;
        assert.deepEqual(stored.get(startMs), { open, high, low, close, volume, vwap, trades }, `${symbol} ${startMs}`);
        checked += 1;
      }
    }
    checkedMinutes += checked;
  }
}

/** Minutes that were compared with the pure fold so far, over all seeds: a check that compares nothing proves nothing. */
export let checkedMinutes = 0;

function tradesOf(
  events: ReadonlyMap<string, readonly MarketEvent[]>,
  cancel: Extract<MarketEvent, { kind: 'cancel' }>,
) {
  return (events.get(cancel.symbol) ?? []).filter(
    (event): event is Trade => event.kind === 'trade' && event.id === cancel.canceled.id,
  );
}

function shown(state: LiveState): unknown[] {
  return SYMBOLS.flatMap((symbol) => [
    state.dayBar(symbol, SESSION),
    ...INTRADAY_INTERVALS.filter((interval) => interval !== '1s').flatMap((interval) => {
      const bars: unknown[] = [];
      for (let atMs = PARTS.openMs; atMs < PARTS.closeMs; atMs += INTRADAY_MS[interval]) {
        bars.push(state.bar(symbol, interval, 'session', atMs));
      }
      return bars;
    }),
  ]);
}
