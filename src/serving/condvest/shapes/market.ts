import { z } from '@hono/zod-openapi';
import { count, dateValue } from './values.ts';

/** The market across symbols: a session's movers and breadth, a list of symbols to watch, a search. */

const price = z.number().nullable().openapi({ description: 'US dollars; null if unknown' });

const mover = z
  .object({
    symbol: z.string(),
    name: z.string().nullable(),
    close: z.number(),
    previous_close: price,
    change: price,
    change_percent: price,
    volume: z.number(),
  })
  .openapi('Mover', { description: 'Prices and volume on the share basis of the session' });

export type MoverValue = z.infer<typeof mover>;

export const marketAnswer = z
  .object({
    session: dateValue,
    previous: dateValue.nullable().openapi({ description: 'The previous session with bars' }),
    next: dateValue.nullable().openapi({ description: 'The next session with bars; null for the newest' }),
    finality: z.enum(['live', 'partial', 'provisional', 'settled']).nullable().openapi({
      description: 'State of the session in the ledger; `live` until it is published',
    }),
    breadth: z.object({
      advancers: count,
      decliners: count,
      unchanged: count,
      total: count.openapi({ description: 'Number of securities with a previous close' }),
      up_volume: z.number().openapi({ description: 'Share volume of advancers' }),
      down_volume: z.number().openapi({ description: 'Share volume of decliners' }),
      new_highs: count.nullable().openapi({ description: 'New 52-week highs; null if the lake lacks that year' }),
      new_lows: count.nullable(),
    }),
    gainers: z.array(mover),
    losers: z.array(mover),
    active: z.array(mover),
  })
  .openapi('Market');

export type MarketAnswer = z.infer<typeof marketAnswer>;

const watched = z
  .object({
    symbol: z.string(),
    name: z.string().nullable(),
    close: price,
    previous_close: price,
    change: price,
    change_percent: price,
    volume: z.number().nullable(),
    first: dateValue.nullable().openapi({ description: 'Session of the first close; null if there is none' }),
    last: dateValue.nullable(),
    closes: z
      .array(z.number())
      .openapi({ description: 'Split-adjusted, ascending by session; sessions without a bar are omitted' }),
  })
  .openapi('Watched');

export type WatchedValue = z.infer<typeof watched>;

export const watchlistAnswer = z
  .object({
    session: dateValue.openapi({ description: 'The last session that the closes may be of' }),
    last_published: dateValue,
    results: z.array(watched),
    unknown: z.array(z.string()).openapi({ description: 'Symbols that are not in the lake' }),
  })
  .openapi('Watchlist');

export type WatchlistAnswer = z.infer<typeof watchlistAnswer>;

const foundSymbol = z
  .object({
    symbol: z.string(),
    name: z.string().nullable(),
    type: z.string().nullable(),
    exchange: z.string().nullable(),
    first_session: dateValue,
    last_session: dateValue
      .nullable()
      .openapi({ description: 'Null while it is listed; the last bar of an unlisted symbol' }),
    active: z.boolean(),
  })
  .openapi('FoundSymbol');

export type FoundSymbol = z.infer<typeof foundSymbol>;

export const symbolsAnswer = z.object({ results: z.array(foundSymbol) }).openapi('FoundSymbols');

export type SymbolsAnswer = z.infer<typeof symbolsAnswer>;
