import { z } from '@hono/zod-openapi';

/**
 * `GET /v2/aggs/ticker/{ticker}/range/…` and `…/prev`. Source: the vendor's OpenAPI document, GetStocksAggregates and
 * GetPreviousStocksAggregates. Names that begin with `x_`, and those of bars of sessions, are ours.
 */

/** Values of a bar, by the letters of the vendor. */
export const values = {
  v: z.number().openapi({ description: 'Shares; fractional where a split has scaled them' }),
  vw: z.number().optional().openapi({ description: 'Volume-weighted average price; left out where it is not known' }),
  o: z.number(),
  c: z.number(),
  h: z.number(),
  l: z.number(),
};

export const trades = z.number().int().optional().openapi({ description: 'Trades; left out where they are not known' });
export const otc = z.literal(true).optional().openapi({ description: 'Left out where it is false' });

export const aggregate = z
  .object({
    ...values,
    t: z
      .number()
      .int()
      .openapi({ description: '00:00 in New York of the first day of the window, epoch milliseconds' }),
    n: trades,
    otc,
    end: z.number().int().optional().openapi({
      description: 'Bars of sessions: 00:00 in New York of the last session of the window, epoch milliseconds',
    }),
    sessions: z.number().int().optional().openapi({ description: 'Bars of sessions: daily bars in the window' }),
    partial: z.boolean().optional().openapi({
      description: 'Bars of sessions: more sessions will come into the window, so its values will change',
    }),
  })
  .openapi('Aggregate');

export type Aggregate = z.infer<typeof aggregate>;

const envelope = {
  ticker: z.string(),
  queryCount: z.number().int().openapi({ description: 'Daily bars that the answer was made from' }),
  resultsCount: z.number().int(),
  adjusted: z.boolean(),
};

/** Ours: what the answer stands on. */
const provenance = {
  x_last_published: z.string().openapi({ format: 'date', description: 'The last session that the lake has' }),
  x_finality: z.enum(['settled', 'provisional', 'partial', 'live']).optional().openapi({
    description: 'State of the newest session in these results; left out where there are none',
  }),
};

export const aggregates = z
  .object({
    ...envelope,
    results: z.array(aggregate).optional().openapi({
      description: 'Left out where a first page has no bars; always there on a page that was reached by a cursor',
    }),
    status: z.literal('OK'),
    request_id: z.string(),
    count: z.number().int(),
    next_url: z.string().optional().openapi({ description: 'The next page, until there is none' }),
    ...provenance,
  })
  .openapi('Aggregates');

export type Aggregates = z.infer<typeof aggregates>;

export const previousClose = z
  .object({
    ...envelope,
    results: z
      .array(
        z.object({
          T: z.string(),
          ...values,
          t: z.number().int().openapi({ description: '16:00 in New York of the session, epoch milliseconds' }),
          n: trades,
          otc,
        }),
      )
      .optional(),
    status: z.literal('OK'),
    request_id: z.string(),
    count: z.number().int(),
    ...provenance,
  })
  .openapi('PreviousClose');

export type PreviousClose = z.infer<typeof previousClose>;
