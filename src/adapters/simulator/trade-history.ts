import type { InstantMs } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { newYorkAt } from '#market/calendar/new-york.ts';
import type { TradeEvent, VendorBar } from '#market/trade.ts';
import { TradeDates } from '#market/trade-date.ts';
import type { Clock } from '#ports/clock.ts';
import {
  type HistoryBudget,
  type HistoryReply,
  overBudget,
  type Stretch,
  type TradeHistory,
} from '#ports/trade-history.ts';
import { minuteEvents } from './live-events.ts';
import { ARRIVES_WITHIN_MS, faultOf, type LiveFault } from './live-faults.ts';
import type { SimulatedTape, TapeSession } from './tape.ts';
import { MINUTE_MS } from './trading-minutes.ts';
import { minuteBar } from './vendor-bars.ts';

export interface SimulatedHistoryOptions {
  readonly calendar: Calendar;
  readonly clock: Clock;
  readonly seed: number;
  readonly tape: SimulatedTape;
  readonly faults?: readonly LiveFault[];
}

/** Events of one request, as at the vendor. */
const PAGE_EVENTS = 50_000;

/** The past of the simulated feed, from the same tape. */
export class SimulatedHistory implements TradeHistory {
  readonly parallelMax = 4;
  readonly #options: SimulatedHistoryOptions;
  readonly #dates: TradeDates;

  constructor(options: SimulatedHistoryOptions) {
    this.#options = options;
    this.#dates = new TradeDates(options.calendar, null);
  }

  async trades(stretch: Stretch, budget: HistoryBudget, signal?: AbortSignal): Promise<HistoryReply<TradeEvent>> {
    signal?.throwIfAborted();
    const { seed, clock, faults = [] } = this.#options;
    const refusal = this.#refusal(stretch);
    if (refusal !== undefined) return refusal;
    const { fromMs, toMs } = stretch;
    const nowMs = this.#nowMs(clock.nowMs());
    const events: TradeEvent[] = [];
    const isInside = (atMs: InstantMs): boolean => atMs >= fromMs && atMs < toMs;
    // Cancels and corrections come after their trade, so those of the stretch may be of earlier trades.
    for (const { session, index, minute } of this.#minutes({ ...stretch, fromMs: fromMs - ARRIVES_WITHIN_MS })) {
      for (const { event, atMs, tradeMs } of minuteEvents(seed, session, index, minute, faults)) {
        if ((isInside(atMs) || isInside(tradeMs)) && atMs <= nowMs) events.push(event);
      }
      check(events, stretch, budget);
    }
    return reply(events.sort((a, b) => a.atMs - b.atMs || a.sequence - b.sequence));
  }

  async minutes(stretch: Stretch, budget: HistoryBudget, signal?: AbortSignal): Promise<HistoryReply<VendorBar>> {
    signal?.throwIfAborted();
    const refusal = this.#refusal(stretch);
    if (refusal !== undefined) return refusal;
    const bars: VendorBar[] = [];
    for (const { session, index, minute, startMs } of this.#minutes(stretch)) {
      if (startMs < stretch.fromMs || startMs >= stretch.toMs) continue;
      const bar = minuteBar(this.#dates, session.plan(index), minute, session.trades(index, minute));
      if (bar !== undefined) bars.push(bar);
      check(bars, stretch, budget);
    }
    return reply(bars);
  }

  #refusal({ fromMs, toMs }: Stretch): HistoryReply<never> | undefined {
    const { clock, tape, faults = [] } = this.#options;
    const nowMs = this.#nowMs(clock.nowMs());
    if (toMs > nowMs) return { kind: 'not-yet', reason: 'the stretch ends in the future', retryAtMs: toMs };
    const short = faultOf(faults, 'recovery-short');
    if (short !== undefined && fromMs < nowMs - short.knownMs) {
      return { kind: 'beyond-plan', reason: `trades are known for ${short.knownMs / 1000} s only` };
    }
    if (newYorkAt(fromMs).date < tape.from) {
      return { kind: 'beyond-plan', reason: `the simulated market begins on ${tape.from}` };
    }
    return undefined;
  }

  #nowMs(localMs: InstantMs): InstantMs {
    return localMs + (faultOf(this.#options.faults ?? [], 'clock-ahead')?.byMs ?? 0);
  }

  /** Yields the minutes of a stretch in which the symbol may have traded, ascending. */
  *#minutes({ symbol, fromMs, toMs }: Stretch): Generator<{
    readonly session: TapeSession;
    readonly index: number;
    readonly minute: number;
    readonly startMs: InstantMs;
  }> {
    const { calendar, tape } = this.#options;
    for (const date of calendar.range(newYorkAt(fromMs).date, newYorkAt(toMs).date)) {
      const session = tape.session(date);
      const index = session?.indexOf(symbol);
      if (session === undefined || index === undefined) continue;
      const { startMs, count } = session.minutes;
      const first = Math.max(0, Math.floor((fromMs - startMs) / MINUTE_MS));
      const end = Math.min(count, Math.ceil((toMs - startMs) / MINUTE_MS));
      for (let minute = first; minute < end; minute += 1) {
        yield { session, index, minute, startMs: startMs + minute * MINUTE_MS };
      }
    }
  }
}

/** Throws as soon as there are too many: no more is drawn than the budget allows, and a minute. */
function check(events: readonly unknown[], stretch: Stretch, budget: HistoryBudget): void {
  if (events.length > budget.eventsMax || requestsFor(events.length) > budget.requestsMax)
    throw overBudget(stretch, budget);
}

function requestsFor(count: number): number {
  return Math.max(1, Math.ceil(count / PAGE_EVENTS));
}

function reply<T>(events: readonly T[]): HistoryReply<T> {
  return { kind: 'events', events, requests: requestsFor(events.length) };
}
