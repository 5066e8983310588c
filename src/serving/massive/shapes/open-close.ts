import { z } from '@hono/zod-openapi';

/** `GET /v1/open-close/{ticker}/{date}`. Source: the vendor's OpenAPI document, GetStocksOpenClose. */
export const openClose = z
  .object({
    status: z.literal('OK'),
    from: z.string().openapi({ format: 'date' }),
    symbol: z.string(),
    open: z.number(),
    high: z.number(),
    low: z.number(),
    close: z.number(),
    volume: z.number(),
    otc: z.literal(true).optional(),
    /** Neither `afterHours` nor `preMarket`: what was traded outside the session is not in daily bars. */
    x_finality: z.enum(['settled', 'provisional', 'partial', 'live']).optional(),
  })
  .openapi('OpenClose');

export type OpenClose = z.infer<typeof openClose>;
