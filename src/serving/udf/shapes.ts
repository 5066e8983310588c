import { z } from '@hono/zod-openapi';

/**
 * Bodies of the datafeed protocol of TradingView's charting library (UDF). Source: its documentation, "Datafeed API: UDF" and
 * `datafeed-api.d.ts`. Times are Unix seconds; that of a daily or longer bar is its first trading day at 00:00 UTC.
 */

/** Body of every error response, with status 200: the adapter looks at nothing else. */
export interface UdfError {
  readonly s: 'error';
  readonly errmsg: string;
}

/** Errors have status 200, as the protocol requires. */
const errorShape = z.object({ s: z.literal('error'), errmsg: z.string() });

/** An answer as the protocol has it, or its error. */
export function orError(shape: z.ZodType): z.ZodType {
  return z.union([shape, errorShape]);
}

export const configShape = z.object({
  supports_search: z.literal(true),
  supports_group_request: z.literal(false),
  supports_marks: z.literal(true),
  supports_timescale_marks: z.literal(true),
  supports_time: z.literal(true),
  exchanges: z.array(z.object({ value: z.string(), name: z.string(), desc: z.string() })),
  symbols_types: z.array(z.object({ name: z.string(), value: z.string() })),
  supported_resolutions: z.array(z.string()),
});
export type ConfigShape = z.infer<typeof configShape>;

export const symbolShape = z.object({
  name: z.string(),
  ticker: z.string(),
  description: z.string(),
  type: z.string(),
  exchange: z.string(),
  listed_exchange: z.string(),
  timezone: z.literal('America/New_York'),
  session: z.literal('0930-1600'),
  session_holidays: z.string().describe('Days without a session, YYYYMMDD separated by commas'),
  corrections: z.string().describe('Short days: 0930-1300:YYYYMMDD, separated by semicolons'),
  currency_code: z.literal('USD'),
  minmov: z.literal(1),
  pricescale: z.int().describe('100 for prices in cents, 10000 below a dollar'),
  minmove2: z.literal(0),
  pointvalue: z.literal(1),
  format: z.literal('price'),
  has_intraday: z.literal(false),
  has_daily: z.literal(true),
  has_weekly_and_monthly: z.literal(true),
  daily_multipliers: z.array(z.string()),
  weekly_multipliers: z.array(z.string()),
  monthly_multipliers: z.array(z.string()),
  supported_resolutions: z.array(z.string()),
  visible_plots_set: z.literal('ohlcv'),
  volume_precision: z.literal(0),
  data_status: z.literal('endofday'),
  expired: z.boolean().optional(),
  expiration_date: z.int().optional(),
});
export type SymbolShape = z.infer<typeof symbolShape>;

export const searchShape = z.array(
  z.object({
    symbol: z.string(),
    full_name: z.string(),
    description: z.string(),
    exchange: z.string(),
    ticker: z.string(),
    type: z.string(),
  }),
);
export type SearchShape = z.infer<typeof searchShape>;

const numbers = z.array(z.number());
export const historyShape = z.union([
  z.object({ s: z.literal('ok'), t: numbers, o: numbers, h: numbers, l: numbers, c: numbers, v: numbers }),
  z.object({
    s: z.literal('no_data'),
    nextTime: z.number().optional().describe('The newest bar before the range; absent where there is none'),
  }),
]);
export type HistoryShape = z.infer<typeof historyShape>;

export const quotesShape = z.object({
  s: z.literal('ok'),
  d: z.array(
    z.object({
      s: z.enum(['ok', 'error']),
      n: z.string().describe('The symbol as it was asked for'),
      errmsg: z.string().optional(),
      v: z.record(z.string(), z.union([z.string(), z.number()])),
    }),
  ),
});
export type QuotesShape = z.infer<typeof quotesShape>;

export const marksShape = z.object({
  id: z.array(z.string()),
  time: numbers,
  color: z.array(z.string()),
  text: z.array(z.string()),
  label: z.array(z.string()),
  labelFontColor: z.array(z.string()),
  minSize: numbers,
});
export type MarksShape = z.infer<typeof marksShape>;

export const timescaleMarksShape = z.array(
  z.object({
    id: z.string(),
    time: z.number(),
    color: z.string(),
    label: z.string(),
    tooltip: z.array(z.string()),
    shape: z.string(),
  }),
);
export type TimescaleMarksShape = z.infer<typeof timescaleMarksShape>;
