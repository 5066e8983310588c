import { z } from '@hono/zod-openapi';

/** `GET /v2/aggs/grouped/locale/us/market/stocks/{date}`. Source: the vendor's OpenAPI document, GetGroupedStocksAggregates. */

const groupedBar = z.object({
  T: z.string().openapi({ description: 'Symbol on that day' }),
  v: z.number().openapi({ description: 'Shares' }),
  vw: z.number().optional().openapi({ description: 'Volume-weighted average price; left out where it is not known' }),
  o: z.number(),
  c: z.number(),
  h: z.number(),
  l: z.number(),
  t: z.number().int().openapi({ description: '16:00 in New York of the day, epoch milliseconds' }),
  n: z.number().int().optional().openapi({ description: 'Trades; left out where they are not known' }),
  otc: z.literal(true).optional().openapi({ description: 'Left out where it is false' }),
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
