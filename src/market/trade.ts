import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { VendorBarInterval } from './intraday-interval.ts';

/**
 * Events of the live market as every feed tells them, whatever its wire looks like.
 *
 * Sizes are whole micro-shares, since shares trade in fractions and sums must not depend on the order of
 * arrival. Prices are US dollars as float64. Every event has all fields, `null` where its feed does not say.
 */
export type MarketEvent = Trade | TradeCancel | TradeCorrection | Quote | VendorBar | Halt;

/** A trade, or what became of one. */
export type TradeEvent = Trade | TradeCancel | TradeCorrection;

/** Millionths of a share. One trade has less than a billion shares, so its size is a safe integer. */
export type MicroShares = number;

/** The consolidated tape that carries a symbol: 1 NYSE (A), 2 NYSE Arca and other exchanges (B), 3 Nasdaq (C). */
export type Tape = 1 | 2 | 3;

/** A position in time. Ticks of one symbol are ordered by event time, then by sequence. */
export interface EventOrder {
  /** Event time: when the tape published it. */
  readonly atMs: InstantMs;
  /** Number given by the tape, rising within a symbol and day, with gaps. */
  readonly sequence: number;
}

/**
 * Identity of a trade, together with its symbol and trade date. The id alone is unique only within one venue, and all
 * trade reporting facilities share one exchange.
 */
export interface TradeIdentity {
  /** The vendor's number of the exchange. */
  readonly exchange: number;
  /** The vendor's number of the trade reporting facility; null for a trade on an exchange. */
  readonly trf: number | null;
  readonly id: string;
}

/** An execution. */
export interface Trade extends EventOrder, TradeIdentity {
  readonly kind: 'trade';
  readonly symbol: string;
  /**
   * Nanoseconds past `atMs`, below a million; 0 where the feed tells milliseconds. No part of the order: the same trade
   * comes with them over one way and without them over another.
   */
  readonly nanosecond: number;
  readonly price: number;
  /** Zero for a corrected consolidated close. */
  readonly size: MicroShares;
  /** Ids of its sale conditions (`trade-conditions.ts`), in the order of the feed. */
  readonly conditions: readonly number[];
  readonly tape: Tape;
  /** When it was executed, as its venue says. A late print was executed long before `atMs`. */
  readonly executedMs: InstantMs | null;
  /** When the trade reporting facility received it. */
  readonly trfMs: InstantMs | null;
}

/** The end of a trade that should not have been. */
export interface TradeCancel extends EventOrder {
  readonly kind: 'cancel';
  readonly symbol: string;
  /** The trade date of the canceled trade, which may be an earlier one. */
  readonly tradeDate: IsoDate;
  readonly canceled: TradeIdentity;
}

/** The replacement of a trade by another one, which may have the same identity. */
export interface TradeCorrection extends EventOrder {
  readonly kind: 'correction';
  readonly symbol: string;
  /** The trade date of the replaced trade, which may be an earlier one. */
  readonly tradeDate: IsoDate;
  readonly replaced: TradeIdentity;
  /** The trade as it should have been, at the event time and sequence of the replaced one. */
  readonly trade: Trade;
}

/** The best bid and ask at an instant. Sizes as the feed gives them, which are round lots on the vendor's socket. */
export interface Quote extends EventOrder {
  readonly kind: 'quote';
  readonly symbol: string;
  /** Nanoseconds past `atMs`, below a million; 0 where the feed tells milliseconds. */
  readonly nanosecond: number;
  readonly bidPrice: number;
  readonly bidSize: number;
  readonly bidExchange: number;
  readonly askPrice: number;
  readonly askSize: number;
  readonly askExchange: number;
  readonly conditions: readonly number[];
  readonly indicators: readonly number[];
  readonly tape: Tape;
}

/** A bar that the vendor built. One that is sent again, with the same start, replaces the earlier one. */
export interface VendorBar {
  readonly kind: 'vendor-bar';
  readonly symbol: string;
  readonly interval: VendorBarInterval;
  readonly startMs: InstantMs;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: MicroShares;
  readonly vwap: number | null;
  readonly trades: number | null;
  /** Volume of the day so far. */
  readonly dayVolume: MicroShares | null;
  /** VWAP of the day so far. */
  readonly dayVwap: number | null;
  readonly officialOpen: number | null;
}

/** A halt, its end, or new limits: "limit up, limit down" and halts of the exchanges. */
export interface Halt extends EventOrder {
  readonly kind: 'halt';
  readonly symbol: string;
  readonly change: 'halted' | 'resumed' | 'limits';
  /** The price band outside of which nothing may trade. */
  readonly lowerLimit: number | null;
  readonly upperLimit: number | null;
  /** Ids of the vendor's indicators. */
  readonly indicators: readonly number[];
  readonly tape: Tape;
}

/** Returns the identity of a trade among those of one symbol and trade date. */
export function tradeKey({ exchange, trf, id }: TradeIdentity): string {
  return `${exchange}:${trf ?? ''}:${id}`;
}

/**
 * Orders trades of one symbol by event time and sequence. Price and size decide between trades that the tape does not
 * tell apart, so that no result depends on which of them arrived first.
 */
export function compareTrades(a: Trade, b: Trade): number {
  return a.atMs - b.atMs || a.sequence - b.sequence || a.price - b.price || a.size - b.size;
}
