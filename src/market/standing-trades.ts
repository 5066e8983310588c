import { append } from '#base/append.ts';
import {
  compareTrades,
  type EventOrder,
  type Trade,
  type TradeCancel,
  type TradeCorrection,
  type TradeEvent,
  tradeKey,
} from './trade.ts';

export interface StandingTrades {
  /** Ascending by event time and sequence. */
  readonly trades: readonly Trade[];
  /** Cancels and corrections of trades that are not among the events. */
  readonly unmatched: readonly (TradeCancel | TradeCorrection)[];
  /** Number of trades that came again. */
  readonly duplicates: number;
}

/**
 * Returns the trades of one symbol and trade date that count: each once, without canceled ones, corrected. A function of
 * the set of events, so a cancel may come before its trade. A cancel outlasts every correction; of several corrections
 * of a trade, the latest counts.
 */
export function standingTrades(events: Iterable<TradeEvent>): StandingTrades {
  const given = new Map<string, Trade[]>();
  const cancels = new Map<string, TradeCancel>();
  const corrections = new Map<string, TradeCorrection>();
  for (const event of events) {
    if (event.kind === 'trade') {
      append(given, tradeKey(event), event);
    } else if (event.kind === 'cancel') {
      const key = tradeKey(event.canceled);
      cancels.set(key, later(event, cancels.get(key)));
    } else {
      const key = tradeKey(event.replaced);
      corrections.set(key, later(event, corrections.get(key)));
    }
  }
  const corrected = correctedTrades(given, corrections);
  const trades = [...corrected].filter(([key]) => !cancels.has(key)).map(([, same]) => earliest(same));
  const made = [...corrections].map(([key, { trade }]) => [key, tradeKey(trade)]).filter(([key, to]) => key !== to);
  const known = new Set([...given.keys(), ...made.map(([, to]) => to)]);
  const changes = [...cancels, ...corrections].filter(([key]) => !known.has(key)).map(([, change]) => change);
  return {
    trades: trades.sort(compareTrades),
    unmatched: changes.sort(compareChanges),
    duplicates: [...given.values()].reduce((sum, same) => sum + same.length - 1, 0),
  };
}

/** Returns the trades by key, where a corrected one is in the place of the trade that it replaces. */
function correctedTrades(
  given: ReadonlyMap<string, Trade[]>,
  corrections: ReadonlyMap<string, TradeCorrection>,
): Map<string, Trade[]> {
  const trades = new Map<string, Trade[]>();
  for (const [key, same] of given) if (!corrections.has(key)) trades.set(key, [...same]);
  for (const [key, { trade }] of corrections) {
    const newKey = tradeKey(trade);
    // A trade that is corrected once more is left to the later correction.
    if (newKey === key || !corrections.has(newKey)) append(trades, newKey, trade);
  }
  return trades;
}

function earliest(trades: readonly Trade[]): Trade {
  return trades.reduce((a, b) => (compareTrades(b, a) < 0 ? b : a));
}

function later<T extends TradeCancel | TradeCorrection>(a: T, b: T | undefined): T {
  return b === undefined || compareChanges(a, b) > 0 ? a : b;
}

function compareChanges(a: EventOrder, b: EventOrder): number {
  return a.atMs - b.atMs || a.sequence - b.sequence;
}
