import { z } from '@hono/zod-openapi';
import { aggregate } from './aggregates.ts';

/** `GET /v1/indicators/{sma|ema|rsi|macd}/{ticker}`. Source: the vendor's OpenAPI document, GetStocksSMA and its like. */

const timestamp = z.number().int().openapi({
  description: '00:00 in New York of the first day of the bar, epoch milliseconds',
});

const indicated = z.object({ timestamp, value: z.number() });

const macdIndicated = z.object({ timestamp, value: z.number(), signal: z.number(), histogram: z.number() });

/** Always there, since clients look into it without asking: with the bars only where they were asked for. */
const underlying = z.object({
  url: z.string().openapi({ description: 'The bars that these values were made from' }),
  aggregates: z.array(aggregate).optional(),
});

function answerOf<T extends z.ZodType>(value: T) {
  return z.object({
    results: z.object({ underlying, values: z.array(value) }),
    status: z.literal('OK'),
    request_id: z.string(),
    next_url: z.string().optional(),
  });
}

export const indicatorAnswer = answerOf(indicated).openapi('Indicator');
export const macdAnswer = answerOf(macdIndicated).openapi('Macd');

export type IndicatorAnswer = z.infer<typeof indicatorAnswer> | z.infer<typeof macdAnswer>;
export type IndicatorValue = z.infer<typeof indicated> | z.infer<typeof macdIndicated>;
