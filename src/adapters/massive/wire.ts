import { z } from 'zod';

/**
 * Shapes of the vendor's responses, limited to the fields we read. Unknown fields pass. Source: the vendor's OpenAPI
 * document.
 */

const status = z.enum(['OK', 'DELAYED']);

/** `GET /v2/aggs/grouped/…`. Rows may contain anything, since the lake's own rules validate them one by one. */
export const groupedReply = z.looseObject({
  status,
  /** Required, and the only way to detect a truncated response. */
  resultsCount: z.number().int().nonnegative(),
  results: z.array(z.record(z.string(), z.unknown())).nullish(),
});

const optionalText = z.string().nullish();

/** A page of a list of rows. */
function pageOf<Shape extends z.ZodRawShape>(row: Shape) {
  return z.looseObject({
    status: status.nullish(),
    next_url: z.string().nullish(),
    results: z.array(z.looseObject(row)).nullish(),
  });
}

export const tickersPage = pageOf({
  ticker: z.string().min(1),
  name: optionalText,
  type: optionalText,
  primary_exchange: optionalText,
  composite_figi: optionalText,
  delisted_utc: optionalText,
});

/**
 * Splits and dividends of either family. The newer one requires hardly any field of a row, so a row that lacks one is
 * no reason to reject the list: the lake's rules reject the row.
 */
export const splitsPage = pageOf({
  ticker: optionalText,
  execution_date: optionalText,
  split_from: z.number().nullish(),
  split_to: z.number().nullish(),
});

export const dividendsPage = pageOf({
  ticker: optionalText,
  ex_dividend_date: optionalText,
  cash_amount: z.number().nullish(),
  currency: optionalText,
  /** The v3 family. */
  dividend_type: optionalText,
  /** The newer family. */
  distribution_type: optionalText,
  declaration_date: optionalText,
  record_date: optionalText,
  pay_date: optionalText,
  /** Any number: one that cannot be a number of payments a year is no reason to reject the list. */
  frequency: z.number().nullish().catch(null),
});

/** `GET /v1/marketstatus/now`. */
export const marketStatusReply = z.looseObject({
  serverTime: z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
});

/** `GET /v3/reference/tickers/{ticker}`. */
export const detailsReply = z.looseObject({
  results: z.looseObject({ ticker: z.string(), list_date: optionalText }).nullish(),
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
