import { z } from '@hono/zod-openapi';

/**
 * The three families of snapshots. Source: the vendor's OpenAPI document, GetStocksSnapshotTickers, GetStocksSnapshotTicker,
 * GetStocksSnapshotDirection, GetSnapshots, GetSnapshotSummary. What needs minute bars, trades or quotes (`min`, `lastTrade`,
 * `lastQuote`, `last_minute`, …) is optional there and left out.
 */

const envelope = { status: z.literal('OK'), request_id: z.string() };
const nanosecondsOf = z.unknown().openapi({ type: 'integer', format: 'int64', description: 'Nanoseconds since 1970' });

const snapshotBar = z
  .object({ o: z.number(), h: z.number(), l: z.number(), c: z.number(), v: z.number(), vw: z.number() })
  .openapi('SnapshotBar', { description: 'All zero where nothing was traded; `vw` also where it is not known' });

export type SnapshotBar = z.infer<typeof snapshotBar>;

const tickerSnapshot = z
  .object({
    ticker: z.string(),
    todaysChange: z.number(),
    todaysChangePerc: z.number(),
    updated: nanosecondsOf,
    day: snapshotBar,
    prevDay: snapshotBar,
  })
  .openapi('TickerSnapshot');

export type TickerSnapshot = z.infer<typeof tickerSnapshot>;

export const tickerSnapshots = z.object({
  ...envelope,
  count: z.number().int(),
  tickers: z.array(tickerSnapshot),
});

export const oneTickerSnapshot = z.object({
  ...envelope,
  ticker: tickerSnapshot,
});

const snapshotSession = z
  .object({
    open: z.number(),
    high: z.number(),
    low: z.number(),
    close: z.number(),
    volume: z.number(),
    previous_close: z.number(),
    change: z.number(),
    change_percent: z.number(),
    regular_trading_change: z.number(),
    regular_trading_change_percent: z.number(),
    price: z.number(),
  })
  .openapi('SnapshotSession');

export type SnapshotSession = z.infer<typeof snapshotSession>;

/** A ticker that is not known: an element like the others, so that one misspelling does not cost the other 249. */
const unknownTicker = z.object({ ticker: z.string(), error: z.literal('NOT_FOUND'), message: z.string() });

export type UnknownTicker = z.infer<typeof unknownTicker>;

const marketStatus = z.enum(['open', 'closed', 'early_trading', 'late_trading']);

export type MarketStatus = z.infer<typeof marketStatus>;

const identity = {
  ticker: z.string(),
  type: z.literal('stocks'),
  name: z.string().optional(),
  market_status: marketStatus,
};

const universalTicker = z.object({
  ...identity,
  last_updated: nanosecondsOf,
  timeframe: z.enum(['DELAYED', 'REAL-TIME']),
  session: snapshotSession,
});

export type UniversalTicker = z.infer<typeof universalTicker>;

export const universalSnapshot = z.object({
  ...envelope,
  results: z.array(z.union([universalTicker, unknownTicker])),
  next_url: z.string().optional(),
});

const tickerSummary = z.object({
  ...identity,
  price: z.number(),
  last_updated: nanosecondsOf,
  session: snapshotSession,
});

export type TickerSummary = z.infer<typeof tickerSummary>;

export const summaries = z.object({
  ...envelope,
  results: z.array(z.union([tickerSummary, unknownTicker])),
});
