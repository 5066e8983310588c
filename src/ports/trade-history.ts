import type { InstantMs } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { TradeEvent, VendorBar } from '#market/trade.ts';

/**
 * Trades and minute bars of the recent past, from the same origin as a live feed: what was missed while it was lost.
 * Guarantees:
 *
 * 1. **Whole or failed.** An answer has every trade, or every bar, of the symbol between the two instants. A truncated
 *    response or a missing page throws; it is never passed on as a shorter answer.
 * 2. **The same events.** Identity, event time, sequence, price, size and conditions of a trade equal those of the feed, so
 *    that one that was heard twice is one. Fields that only one of the two can tell may differ: `nanosecond`, `executedMs`,
 *    `trfMs`.
 * 3. **With its end.** A trade that has been canceled or corrected by now comes with its cancel or correction, whenever that
 *    was published. So do cancels and corrections that were published between the two instants, of whichever trade.
 * 4. **Within a budget.** At most `requestsMax` requests are made, retries included, and at most `eventsMax` events are
 *    held. A stretch that takes more fails with `history-over-budget`; it can be fetched in parts.
 * 5. **Typed failures.** A failure is a `CondvestError`: `transient` if the same request may succeed later, `permanent` if
 *    not. Retries, pauses and timeouts are up to the source.
 * 6. Outcomes that are not failures are not exceptions: a stretch that is too recent, or that the plan does not cover. An
 *    unknown symbol has no trades.
 */
export interface TradeHistory {
  /** Maximum number of concurrent calls. */
  readonly parallelMax: number;

  /** Returns the trades whose event time lies in [from, to), by event time and sequence, with what became of them. */
  trades(stretch: Stretch, budget: HistoryBudget, signal?: AbortSignal): Promise<HistoryReply<TradeEvent>>;

  /** Returns the vendor's minute bars that start in [from, to), ascending. A minute without one had no trade that sets prices. */
  minutes(stretch: Stretch, budget: HistoryBudget, signal?: AbortSignal): Promise<HistoryReply<VendorBar>>;
}

/** One symbol between two instants: from the first, up to but not including the second. */
export interface Stretch {
  readonly symbol: string;
  readonly fromMs: InstantMs;
  /** At most the current instant. */
  readonly toMs: InstantMs;
}

export interface HistoryBudget {
  readonly requestsMax: number;
  readonly eventsMax: number;
}

export type HistoryReply<T> =
  | { readonly kind: 'events'; readonly events: readonly T[]; readonly requests: number }
  /** The end of the stretch is too recent: ask again at `retryAtMs`. */
  | { readonly kind: 'not-yet'; readonly reason: string; readonly retryAtMs: InstantMs }
  /** The stretch begins before the plan's history, or the plan has no such data at all. */
  | { readonly kind: 'beyond-plan'; readonly reason: string };

/** Returns the failure of a stretch that takes more than its budget. */
export function overBudget(
  { symbol, fromMs, toMs }: Stretch,
  { requestsMax, eventsMax }: HistoryBudget,
): CondvestError {
  const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
  return new CondvestError({
    code: 'history-over-budget',
    kind: 'permanent',
    message: 'This stretch has more live events than one request may fetch',
    found: `${symbol} from ${from} to ${to}`,
    allowed: `${requestsMax} requests and ${eventsMax} events`,
    action: 'Fetch it in parts',
  });
}
