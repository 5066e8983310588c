import { append } from '#base/append.ts';
import type { InstantMs, IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { INTRADAY_MS } from '#market/intraday-interval.ts';
import { encodeTrades } from '#market/tick-block/trade-block.ts';
import type { TradeDates } from '#market/trade-date.ts';
import type { Clock } from '#ports/clock.ts';
import type { EventStream } from '#ports/event-stream.ts';
import type { FeedChange, MarketFeed, RefusalReason } from '#ports/market-feed.ts';
import type { MinuteBar, TickPut, TickStore } from '#ports/tick-store.ts';
import { FeedQueue, type QueuedItem } from './ingest/feed-queue.ts';
import type { LiveChanges, LiveCheckpoint, LiveCounts, LiveRecord, SealedMinuteOf } from './live-changes.ts';
import { LiveState, type LiveStateOptions } from './live-state.ts';
import { Journal, type JournalRecord, WRITE_BYTES_MAX } from './storage/journal.ts';
import { decodePartial, encodePartial, encodeValues, ROW_PARTS } from './storage/minute-bytes.ts';

export interface EngineDeps {
  readonly feed: MarketFeed;
  readonly stream: EventStream;
  readonly ticks: TickStore;
  readonly tradeDates: TradeDates;
  readonly clock: Clock;
  /** Called with whatever an operator should know, once each time it begins or ends. */
  readonly onNotice: (notice: EngineNotice) => void;
  /** Called after every flush that changed a bar, once everything in it is written. */
  readonly onChanges?: (changes: LiveChanges) => void;
}

export interface EngineNotice {
  readonly code: 'live-not-kept' | 'live-kept-again' | 'live-overrun' | 'live-refused' | 'live-unknown-condition';
  readonly message: string;
}

/** The bounds that a user may set. */
export type EngineOptions = Omit<LiveStateOptions, 'tradeDates' | 'delayMs'>;

/** Time over which frames are gathered before they are written. */
const FLUSH_MS = 100;
/** Bytes of frames that wait to be written. */
const QUEUE_BYTES_MAX = 64 * 2 ** 20;
/** Puts that wait for a store that takes none. */
const PENDING_PUTS_MAX = 10_000;
const MINUTE_MS = INTRADAY_MS['1m'];
/** Event time between two expiries. */
const EXPIRE_EVERY_MS = 10 * 60_000;

/** The state of the engine as an operator sees it. */
export interface EngineStatus {
  readonly connection: FeedChange | undefined;
  /** Event time that windows of a minute and longer have been completed through; undefined before any event. */
  readonly watermarkMs: InstantMs | undefined;
  readonly counts: LiveCounts;
  readonly ahead: number;
  readonly rejected: number;
  readonly queueBytes: number;
  /** Whether events are written before they are used. */
  readonly isKeeping: boolean;
}

/**
 * The engine of the speed layer: from the frames of a feed to bars, on disk and in memory. Every effect has its place:
 * frames are written to the journal, then they change the state, then final and sealed minutes are stored with a
 * checkpoint, then followers are told. So what was acknowledged is never lost, and nothing counts twice: a restart reads
 * the checkpoint and the journal after it, and has the same bars.
 */
export class LiveEngine {
  readonly #deps: EngineDeps;
  readonly state: LiveState;
  readonly #journal: Journal;
  readonly #queue = new FeedQueue(QUEUE_BYTES_MAX);
  #pending: TickPut[] = [];
  #connection: FeedChange | undefined;
  /** The refusal that was reported last, until a connection is accepted. */
  #refusal: RefusalReason | undefined;
  #rejected = 0;
  #expiredMs: InstantMs = Number.MIN_SAFE_INTEGER;

  private constructor(deps: EngineDeps, options: EngineOptions) {
    this.#deps = deps;
    const { tradeDates, feed, stream } = deps;
    this.state = new LiveState({ tradeDates, delayMs: feed.capabilities.delayMs, ...options });
    this.#journal = new Journal(stream, (cause) => this.#kept(cause));
  }

  /** Restores the state of the last run. Throws what the journal and the store throw. */
  static async open(deps: EngineDeps, options: EngineOptions): Promise<LiveEngine> {
    const engine = new LiveEngine(deps, options);
    await engine.#restore();
    return engine;
  }

  /**
   * Follows the feed until the signal is aborted or the feed has given up. Everything received by then is written when it
   * resolves.
   */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#follow(signal);
      if (!this.#queue.isFull) return;
      await this.#resume();
    }
  }

  /** Follows the feed until it ends or overruns the queue. The feed has ended when this settles, however it does. */
  async #follow(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    let isOver = false;
    const feeding = this.#deps.feed
      .run(this.#queue, {
        firstConnection: this.#journal.lastConnection + 1,
        signal: AbortSignal.any([signal, stop.signal]),
      })
      .finally(() => {
        isOver = true;
      });
    try {
      while (!isOver) {
        await Promise.race([this.#queue.filled(), feeding]);
        if (!isOver) await this.#pause(signal);
        await this.#flush();
        if (this.#queue.isFull) stop.abort();
      }
    } finally {
      stop.abort();
      await feeding;
    }
    await this.#flush();
  }

  status(): EngineStatus {
    const { watermarkMs, counts, ahead } = this.state;
    return {
      connection: this.#connection,
      watermarkMs: watermarkMs > 0 ? watermarkMs : undefined,
      counts,
      ahead,
      rejected: this.#rejected,
      queueBytes: this.#queue.bytes,
      isKeeping: this.#journal.isKeeping,
    };
  }

  async #pause(signal: AbortSignal): Promise<void> {
    try {
      await this.#deps.clock.sleep(FLUSH_MS, signal);
    } catch (cause) {
      if (!signal.aborted) throw cause;
    }
  }

  async #flush(): Promise<void> {
    for (let items = this.#queue.take(WRITE_BYTES_MAX); items.length > 0; items = this.#queue.take(WRITE_BYTES_MAX)) {
      await this.#use(items);
    }
    await this.#store([]);
  }

  /** Writes items, then lets them change the state, then stores the changes. */
  async #use(items: readonly QueuedItem[]): Promise<void> {
    const first = await this.#journal.write(items, this.#deps.clock.nowMs());
    for (const [index, item] of items.entries()) this.state.apply(this.#recordOf(item), first + index);
    await this.#publish(this.state.takeChanges());
  }

  #recordOf(item: QueuedItem): LiveRecord {
    if (item.kind === 'frame') return this.#decoded(item.frame.receivedMs, item.frame.bytes);
    const { change } = item;
    this.#connection = change;
    const refusal = change.kind === 'gave-up' || change.kind === 'refused' ? change.reason : undefined;
    if ('detail' in change && refusal !== undefined && refusal !== this.#refusal) {
      this.#notify('live-refused', `The feed refuses the connection (${refusal}): ${change.detail}`);
    }
    if (refusal !== undefined || change.kind === 'connected') this.#refusal = refusal;
    return item;
  }

  #decoded(receivedMs: InstantMs, bytes: Uint8Array): LiveRecord {
    const { events, rejected } = this.#deps.feed.decode(bytes);
    this.#rejected += rejected;
    return { kind: 'frame', receivedMs, events };
  }

  async #publish(changes: LiveChanges): Promise<void> {
    for (const id of changes.unknownConditions) {
      this.#notify(
        'live-unknown-condition',
        `A trade has the unknown condition ${id}: its volume counts, its price does not`,
      );
    }
    await this.#store(this.#putsOf(changes));
    this.#deps.onChanges?.(changes);
  }

  /** Puts in their order; the last one has the checkpoint, if minutes were sealed. */
  #putsOf({ minutes, sealed, gaps }: LiveChanges): TickPut[] {
    const bars = new Map<IsoDate, MinuteBar[]>();
    const blocks = new Map<IsoDate, NonNullable<TickPut['blocks']>[number][]>();
    for (const { symbol, session, startMs, state, origin, rev, values } of minutes) {
      append(bars, session, { symbol, startMs, part: 'shown', rev, state, origin, values: encodeValues(values) });
    }
    for (const minute of sealed) {
      const { symbol, session, startMs, rows, origin, rev, events } = minute;
      for (const part of ROW_PARTS) {
        const row = rows[part];
        if (row === undefined) continue;
        append(bars, session, { symbol, startMs, part, rev, state: 'sealed', origin, values: encodePartial(row) });
      }
      if (events.length === 0) continue;
      const pieces = encodeTrades({ symbol, minuteMs: startMs, ticks: events });
      append(blocks, session, { symbol, kind: 'trades', minuteMs: startMs, rev, pieces });
    }
    const sessions = [...new Set([...bars.keys(), ...blocks.keys()])].sort();
    const puts: TickPut[] = sessions.map((session) => ({
      session,
      bars: bars.get(session) ?? [],
      blocks: blocks.get(session) ?? [],
    }));
    for (const { symbols, fromMs, toMs, reason } of gaps) {
      const session = this.#deps.tradeDates.at(toMs)?.session;
      if (session !== undefined) puts.push({ session, gaps: [{ symbols, fromMs, toMs, reason }] });
    }
    const last = puts.at(-1);
    return sealed.length === 0 || last === undefined
      ? puts
      : [...puts.slice(0, -1), { ...last, ...this.#checkpoint() }];
  }

  #checkpoint(): Pick<TickPut, 'checkpoint'> {
    const checkpoint = this.state.checkpoint();
    const readAfter = this.#journal.before(checkpoint.from);
    if (readAfter === undefined) return {};
    this.#journal.forget(checkpoint.from);
    const state = new TextEncoder().encode(JSON.stringify(checkpoint));
    return { checkpoint: { position: this.#journal.lastPosition, readAfter, state } };
  }

  /** Stores puts after those that a store without space has not taken yet. */
  async #store(puts: readonly TickPut[]): Promise<void> {
    this.#pending.push(...puts);
    try {
      for (let put = this.#pending[0]; put !== undefined; put = this.#pending[0]) {
        await this.#deps.ticks.put(put).catch(unlessExpired);
        this.#pending.shift();
      }
      const { watermarkMs } = this.state;
      if (puts.length === 0 || watermarkMs < this.#expiredMs + EXPIRE_EVERY_MS) return;
      this.#expiredMs = watermarkMs;
      await this.#deps.ticks.expire();
    } catch (cause) {
      if (!(cause instanceof CondvestError)) throw cause;
      // The journal keeps what these puts are made of until a checkpoint is stored. More than this is not held in memory.
      if (this.#pending.length > PENDING_PUTS_MAX) throw cause;
    }
  }

  /** Goes on after an overrun, as after any other loss. */
  async #resume(): Promise<void> {
    // What came after the last record was dropped.
    const lastMs = this.#journal.lastReceivedMs ?? this.#deps.clock.nowMs();
    this.#notify('live-overrun', 'More events arrived than could be written; the feed is connected anew');
    this.#queue.reopen();
    await this.#lost('too-slow', 'more arrived than could be written', lastMs);
  }

  async #lost(reason: 'too-slow' | 'closed', detail: string, lastReceivedMs: InstantMs): Promise<void> {
    const { clock } = this.#deps;
    const nowMs = clock.nowMs();
    const connection = this.#journal.lastConnection;
    const moment = { connection, atMs: nowMs, lastReceivedMs, retryAtMs: nowMs };
    await this.#use([{ kind: 'change', change: { kind: 'lost', reason, detail, ...moment } }]);
  }

  async #restore(): Promise<void> {
    const stored = await this.#deps.ticks.checkpoint();
    let aliveMs: InstantMs | undefined;
    if (stored !== undefined) {
      const checkpoint = JSON.parse(new TextDecoder().decode(stored.state)) as LiveCheckpoint;
      this.state.restore(checkpoint, await this.#sealedMinutes(checkpoint));
      this.#journal.startAfter(checkpoint.from - 1);
      aliveMs = checkpoint.clock.aliveMs;
    }
    for await (const record of this.#journal.read(stored?.readAfter)) this.#reread(record);
    this.#journal.startAfter(this.state.position);
    await this.#publish(this.state.takeChanges());
    // Nobody listened since the last record.
    const lastMs = Math.max(this.#journal.lastReceivedMs ?? 0, aliveMs ?? 0);
    if (lastMs > 0) await this.#lost('closed', 'the engine was restarted', lastMs);
  }

  #reread({ number, receivedMs, content }: JournalRecord): void {
    if (content.kind === 'frame') this.state.apply(this.#decoded(receivedMs, content.bytes), number);
    else if (content.kind === 'change') this.state.apply(content, number);
    else this.state.apply({ kind: 'hole', ...content.hole }, number);
  }

  /**
   * Reads the minutes that were sealed at the checkpoint, of the sessions that had not ended. Those stored after it are
   * made again from the journal.
   */
  async #sealedMinutes({ seals }: LiveCheckpoint): Promise<Omit<SealedMinuteOf, 'events'>[]> {
    const { ticks, tradeDates } = this.#deps;
    const minutes = new Map<string, Omit<SealedMinuteOf, 'events'> & { rows: SealedMinuteOf['rows'] }>();
    const sealedMs = seals.markMs;
    if (sealedMs === null) return [];
    for (const { session } of await ticks.sessions()) {
      const { startMs: fromMs, endMs: toMs } = tradeDates.of(session);
      if (toMs <= sealedMs) continue;
      for await (const batch of ticks.bars({ fromMs, toMs })) {
        for (const { symbol, startMs, part, rev, origin, values } of batch) {
          const row = ROW_PARTS.find((name) => name === part);
          if (row === undefined || startMs + MINUTE_MS > sealedMs) continue;
          const key = `${startMs}:${symbol}`;
          const minute = minutes.get(key) ?? { symbol, session, startMs, origin, rev, rows: {} };
          minute.rows[row] = decodePartial(values);
          minutes.set(key, minute);
        }
      }
    }
    return [...minutes.values()];
  }

  #kept(cause: CondvestError | undefined): void {
    if (cause === undefined) this.#notify('live-kept-again', 'Live events are written again');
    else this.#notify('live-not-kept', `Live events are used but cannot be written: ${cause.message}`);
  }

  #notify(code: EngineNotice['code'], message: string): void {
    this.#deps.onNotice({ code, message });
  }
}

/** Ignores the refusal of a session that has expired: nothing of it is kept any longer. */
function unlessExpired(cause: unknown): void {
  if (!(cause instanceof CondvestError) || cause.code !== 'ticks-session-expired') throw cause;
}
