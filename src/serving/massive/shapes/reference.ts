import { z } from '@hono/zod-openapi';

/**
 * Bodies of the vendor's reference routes, for the document and for what makes them. Fields of the vendor that are not known
 * here are left out, never guessed; those are not listed.
 */

const envelope = { status: z.string(), request_id: z.string() };
const nextUrl = z.string().optional().describe('Where the next page is; absent on the last one');

/** A page of a list. */
function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ ...envelope, results: z.array(item), next_url: nextUrl });
}

/** A page of a list, with the number of results. */
function countedPageOf<T extends z.ZodType>(item: T) {
  return z.object({ ...envelope, count: z.int(), results: z.array(item), next_url: nextUrl });
}

const tickerIdentity = {
  ticker: z.string(),
  name: z.string(),
  market: z.enum(['stocks', 'otc']),
  locale: z.literal('us'),
  active: z.boolean(),
  currency_name: z.literal('usd'),
};
const tickerCodes = {
  type: z.string().optional(),
  primary_exchange: z.string().optional(),
  composite_figi: z.string().optional(),
};

export const tickerShape = z.object({
  ...tickerIdentity,
  currency_symbol: z.literal('USD'),
  ...tickerCodes,
  last_updated_utc: z.string().optional(),
  delisted_utc: z.string().optional(),
});
export type TickerShape = z.infer<typeof tickerShape>;

export const tickersShape = countedPageOf(tickerShape);

export const tickerDetailsShape = z.object({
  ...tickerIdentity,
  ticker_root: z.string(),
  ticker_suffix: z.string().optional(),
  ...tickerCodes,
  list_date: z.string().optional(),
  delisted_utc: z.string().optional(),
});
export type TickerDetailsShape = z.infer<typeof tickerDetailsShape>;

export const tickerDetailsAnswer = z.object({ ...envelope, count: z.int(), results: tickerDetailsShape });

export const tickerTypesShape = z.object({
  ...envelope,
  count: z.int(),
  results: z.array(
    z.object({ code: z.string(), description: z.string(), asset_class: z.string(), locale: z.string() }),
  ),
});

export const tickerEventShape = z.object({
  type: z.literal('ticker_change'),
  event_type: z.literal('ticker_change'),
  date: z.string(),
  ticker_change: z.object({ ticker: z.string() }),
});
export type TickerEventShape = z.infer<typeof tickerEventShape>;

export const tickerEventsShape = z.object({
  ...envelope,
  results: z.object({
    name: z.string(),
    /** Both are always there, as null where they are not known: the vendor's own example reads them unasked. */
    composite_figi: z.string().nullable(),
    cik: z.null(),
    events: z.array(tickerEventShape),
  }),
});

const dividendDates = {
  ex_dividend_date: z.string(),
  declaration_date: z.string().optional(),
  record_date: z.string().optional(),
  pay_date: z.string().optional(),
};

export const dividendShape = z.object({
  id: z.string(),
  ticker: z.string(),
  cash_amount: z.number(),
  currency: z.literal('USD'),
  dividend_type: z.enum(['CD', 'SC', 'LT', 'ST']),
  ...dividendDates,
  frequency: z.int(),
});
export type DividendShape = z.infer<typeof dividendShape>;

export const dividendsShape = pageOf(dividendShape);

export const splitShape = z.object({
  id: z.string(),
  ticker: z.string(),
  execution_date: z.string(),
  split_from: z.number(),
  split_to: z.number(),
});
export type SplitShape = z.infer<typeof splitShape>;

export const splitsShape = pageOf(splitShape);

export const newerDividendShape = z.object({
  id: z.string(),
  ticker: z.string(),
  cash_amount: z.number(),
  currency: z.literal('USD'),
  distribution_type: z.enum(['recurring', 'special', 'supplemental', 'irregular', 'unknown']),
  ...dividendDates,
  frequency: z.int(),
  historical_adjustment_factor: z.number().optional(),
  split_adjusted_cash_amount: z.number().optional(),
});
export type NewerDividendShape = z.infer<typeof newerDividendShape>;

export const newerDividendsShape = pageOf(newerDividendShape);

export const newerSplitShape = z.object({
  ...splitShape.shape,
  adjustment_type: z.enum(['forward_split', 'reverse_split', 'stock_dividend']),
  historical_adjustment_factor: z.number().optional(),
});
export type NewerSplitShape = z.infer<typeof newerSplitShape>;

export const newerSplitsShape = pageOf(newerSplitShape);

export const exchangeShape = z.object({
  id: z.int(),
  type: z.enum(['exchange', 'TRF', 'SIP']),
  asset_class: z.literal('stocks'),
  locale: z.literal('us'),
  name: z.string(),
  acronym: z.string().optional(),
  mic: z.string().optional(),
  operating_mic: z.string().optional(),
  participant_id: z.string().optional(),
  url: z.string().optional(),
});
export type ExchangeShape = z.infer<typeof exchangeShape>;

export const exchangesShape = z.object({ ...envelope, count: z.int(), results: z.array(exchangeShape) });

export const newerExchangesShape = z.object({
  ...envelope,
  results: z.array(z.object({ ...exchangeShape.omit({ asset_class: true }).shape, id: z.string() })),
});

const rules = z.object({
  updates_high_low: z.boolean(),
  updates_open_close: z.boolean(),
  updates_volume: z.boolean(),
});

export const conditionShape = z.object({
  id: z.int(),
  name: z.string(),
  type: z.enum(['sale_condition', 'trade_thru_exempt']),
  asset_class: z.literal('stocks'),
  data_types: z.array(z.literal('trade')),
  sip_mapping: z.object({ CTA: z.string().optional(), UTP: z.string().optional() }),
  update_rules: z.object({ consolidated: rules, market_center: rules }),
});
export type ConditionShape = z.infer<typeof conditionShape>;

export const conditionsShape = countedPageOf(conditionShape);

const openOrClosed = z.enum(['open', 'closed']);
const exchangeStatus = z.enum(['open', 'closed', 'extended-hours']);

export const marketStatusShape = z.object({
  market: exchangeStatus,
  serverTime: z.string(),
  earlyHours: z.boolean(),
  afterHours: z.boolean(),
  exchanges: z.object({ nyse: exchangeStatus, nasdaq: exchangeStatus, otc: exchangeStatus }),
  currencies: z.object({ fx: openOrClosed, crypto: openOrClosed }),
});
export type MarketStatusShape = z.infer<typeof marketStatusShape>;

export const upcomingShape = z.object({
  date: z.string(),
  exchange: z.enum(['NYSE', 'NASDAQ', 'OTC']),
  name: z.string(),
  status: z.enum(['closed', 'early-close']),
  open: z.string().optional(),
  close: z.string().optional(),
});
export type UpcomingShape = z.infer<typeof upcomingShape>;
