import type { RandomSource } from '#adapters/simulator/random-source.ts';
import { type InstantMs, isoDate } from '#base/dates.ts';
import type { MarketEvent, Trade } from '#market/trade.ts';
import type { Clock } from '#ports/clock.ts';
import type { DecodedFrame, FeedListener, FeedRun, FeedTopic, MarketFeed } from '#ports/market-feed.ts';

/** Something that happens to the connection or arrives over it. */
export type ScriptItem = { readonly atMs: InstantMs } & (
  | { readonly kind: 'frame'; readonly events: readonly MarketEvent[] }
  | { readonly kind: 'alive' | 'lost' | 'back' }
);

export const SESSION = isoDate('2026-11-24');
export const SYMBOLS = ['AAA', 'BBB', 'CCC'] as const;
const TOPICS: readonly FeedTopic[] = [{ channel: 'trades', symbol: null }];
const START = Date.parse('2026-11-24T09:25:00-05:00');

/**
 * A feed that plays a script on a virtual clock, across any number of runs: what is due while nobody listens is lost, as
 * with a real feed.
 */
export class ScriptedFeed implements MarketFeed {
  readonly name = 'scripted';
  readonly capabilities = {
    delayMs: 0,
    cancels: true,
    channels: ['trades'],
    topicsMax: 1,
    frameBytesMax: 2 ** 20,
  } as const;
  readonly #script: readonly ScriptItem[];
  readonly #clock: Clock;
  #next = 0;
  /** By id: every trade that was handed over. */
  readonly delivered = new Map<string, Trade>();

  constructor(script: readonly ScriptItem[], clock: Clock) {
    this.#script = script;
    this.#clock = clock;
  }

  get isOver(): boolean {
    return this.#next >= this.#script.length;
  }

  async run(listener: FeedListener, { firstConnection, signal }: FeedRun): Promise<void> {
    let connection = firstConnection;
    let isConnected = false;
    const connect = (atMs: InstantMs): void => {
      isConnected = true;
      listener.changed({ kind: 'connected', connection, atMs });
      listener.changed({ kind: 'following', connection, atMs, topics: TOPICS });
    };
    while (this.#script[this.#next] !== undefined && (this.#script[this.#next]?.atMs ?? 0) < this.#clock.nowMs()) {
      this.#next += 1;
    }
    connect(this.#clock.nowMs());
    for (let item = this.#script[this.#next]; item !== undefined; item = this.#script[this.#next]) {
      try {
        const waitMs = item.atMs - this.#clock.nowMs();
        if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
      } catch (cause) {
        if (signal.aborted) return;
        throw cause;
      }
      if (signal.aborted) return;
      this.#next += 1;
      const atMs = this.#clock.nowMs();
      if (item.kind === 'frame' && isConnected) {
        for (const event of item.events) if (event.kind === 'trade') this.delivered.set(event.id, event);
        listener.frame({ connection, receivedMs: atMs, bytes: new TextEncoder().encode(JSON.stringify(item.events)) });
      } else if (item.kind === 'alive' && isConnected) listener.changed({ kind: 'alive', connection, atMs });
      else if (item.kind === 'lost' && isConnected) {
        isConnected = false;
        const moment = { connection, atMs, lastReceivedMs: atMs, retryAtMs: atMs };
        listener.changed({ kind: 'lost', reason: 'closed', detail: 'script', ...moment });
      } else if (item.kind === 'back' && !isConnected) {
        connection += 1;
        connect(atMs);
      }
    }
  }

  follow(): void {}

  unfollow(): void {}

  decode(bytes: Uint8Array): DecodedFrame {
    return { events: JSON.parse(new TextDecoder().decode(bytes)) as MarketEvent[], rejects: [], rejected: 0 };
  }
}

/** Returns a script of about two hours: trades, late ones, duplicates, cancels, quiet stretches and lost connections. */
export function drawScript(random: RandomSource): ScriptItem[] {
  const script: ScriptItem[] = [];
  const trades: Trade[] = [];
  let atMs = START;
  for (let step = 0; step < 120; step += 1) {
    atMs += random.pick([50, 500, 5000, 30_000, 90_000, 200_000]);
    const roll = random.uniform();
    if (roll < 0.06) script.push({ atMs, kind: 'lost' });
    else if (roll < 0.16) script.push({ atMs, kind: 'back' });
    else if (roll < 0.25) script.push({ atMs, kind: 'alive' });
    else script.push({ atMs, kind: 'frame', events: drawEvents(random, trades, atMs) });
  }
  // Whatever was lost comes back, and the clock passes the last seal.
  script.push({ atMs: atMs + 1000, kind: 'back' });
  for (let minute = 1; minute <= 40; minute += 1) script.push({ atMs: atMs + minute * 60_000, kind: 'alive' });
  return script;
}

function drawEvents(random: RandomSource, trades: Trade[], atMs: InstantMs): MarketEvent[] {
  const events: MarketEvent[] = [];
  for (let count = random.whole(1, 4); count > 0; count -= 1) {
    const roll = random.uniform();
    const known = trades[random.whole(0, Math.max(trades.length - 1, 0))];
    if (known !== undefined && roll < 0.08) events.push(known);
    else if (known !== undefined && roll < 0.14) {
      const order = { symbol: known.symbol, tradeDate: SESSION, atMs, sequence: atMs % 1e9 } as const;
      events.push({ kind: 'cancel', ...order, canceled: { exchange: known.exchange, trf: known.trf, id: known.id } });
    } else {
      const lateMs = random.pick([0, 0, 0, 0, 20, 3000, 70_000, 600_000, 1_000_000]);
      const trade = drawTrade(random, atMs - lateMs, `${atMs}-${count}`);
      trades.push(trade);
      events.push(trade);
    }
  }
  return events;
}

function drawTrade(random: RandomSource, atMs: InstantMs, id: string): Trade {
  return {
    kind: 'trade',
    symbol: random.pick(SYMBOLS),
    atMs,
    sequence: Math.floor(atMs % 1e9) * 10 + random.whole(0, 9),
    nanosecond: 0,
    exchange: 4,
    trf: null,
    id,
    price: random.whole(9000, 11_000) / 100,
    size: random.whole(1, 500) * 1e6,
    conditions: random.pick([[], [], [], [14], [37], [10], [12], [17], [8]]),
    tape: 3,
    executedMs: null,
    trfMs: null,
  };
}
