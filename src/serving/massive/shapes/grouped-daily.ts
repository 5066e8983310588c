import { z } from '@hono/zod-openapi';
import { otc, trades, values } from './aggregates.ts';

/** `GET /v2/aggs/grouped/locale/us/market/stocks/{date}`. Source: the vendor's OpenAPI document, GetGroupedStocksAggregates. */

const groupedBar = z.object({
  T: z.string().openapi({ description: 'Symbol on that day' }),
  ...values,
  t: z.number().int().openapi({ description: '16:00 in New York of the day, epoch milliseconds' }),
  n: trades,
  otc,
});

export type GroupedBar = z.infer<typeof groupedBar>;

export const groupedDaily = z
  .object({
    status: z.literal('OK'),
    request_id: z.string(),
    adjusted: z.boolean(),
    queryCount: z.number().int(),
    resultsCount: z.number().int(),
    count: z.number().int(),
    results: z.array(groupedBar).optional().openapi({ description: 'Left out where there is no bar' }),
  })
  .openapi('GroupedDaily');

export type GroupedDaily = z.infer<typeof groupedDaily>;
