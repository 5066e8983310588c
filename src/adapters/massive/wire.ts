import { z } from 'zod';

/** Shapes of the vendor's replies, as far as they are read. Unknown fields pass. Source: the vendor's OpenAPI document. */

const status = z.enum(['OK', 'DELAYED']);

/** `GET /v2/aggs/grouped/…`. The rows are judged one by one by the lake's own rules, so they may hold anything. */
export const groupedReply = z.looseObject({
  status,
  resultsCount: z.number().int().nonnegative().optional(),
  results: z.array(z.record(z.string(), z.unknown())).nullish(),
});

const optionalText = z.string().nullish();

export const tickersPage = z.looseObject({
  status: z.string().optional(),
  next_url: z.string().nullish(),
  results: z
    .array(
      z.looseObject({
        ticker: z.string().min(1),
        name: optionalText,
        type: optionalText,
        primary_exchange: optionalText,
        composite_figi: optionalText,
        delisted_utc: optionalText,
      }),
    )
    .nullish(),
});

export const splitsPage = z.looseObject({
  next_url: z.string().nullish(),
  results: z
    .array(
      z.looseObject({
        ticker: z.string().min(1),
        execution_date: z.string(),
        split_from: z.number(),
        split_to: z.number(),
      }),
    )
    .nullish(),
});

export const dividendsPage = z.looseObject({
  next_url: z.string().nullish(),
  results: z
    .array(
      z.looseObject({
        ticker: z.string().min(1),
        ex_dividend_date: z.string(),
        cash_amount: z.number(),
        /** The v3 family. */
        dividend_type: optionalText,
        /** The newer family. */
        distribution_type: optionalText,
      }),
    )
    .nullish(),
});

export const eventsReply = z.looseObject({
  results: z
    .looseObject({
      events: z
        .array(z.looseObject({ date: z.string(), ticker_change: z.looseObject({ ticker: z.string() }).nullish() }))
        .nullish(),
    })
    .nullish(),
});

export const errorReply = z.looseObject({ error: z.string().optional(), message: z.string().optional() });
