import { z } from '@hono/zod-openapi';
import { changedValue, count, dateValue, finalityValue, instantMs } from './values.ts';

/** `GET /condvest/v1/bars/{symbol}`: the bars of one symbol with all that is known about each. */

const values = {
  open: z.number().nullable(),
  high: z.number().nullable(),
  low: z.number().nullable(),
  close: z.number().nullable(),
  volume: z.number().nullable().openapi({ description: 'Shares; fractional after a split' }),
  vwap: z.number().nullable(),
  trades: z.number().nullable(),
};

const eventShape = z
  .object({
    kind: z.enum(['split', 'dividend']),
    ex_date: dateValue,
    terms: z.string().openapi({ example: '4 for 1' }),
    price_factor: z.number(),
    volume_factor: z.number(),
    source: z.string().nullable(),
  })
  .openapi('AppliedEvent');

export const heldShape = z
  .object({ kind: z.enum(['split', 'dividend']), ex_date: dateValue, terms: z.string(), reason: z.string() })
  .openapi('HeldBackEvent', { description: 'An event that was held back, and why' });

/** Neighbours in the answer's `events`, which says each of them once, however many bars it acts on. */
const actingEvents = {
  events_from: count.openapi({ description: 'Index of the first of `events` that applies to the bar' }),
  events_to: count.openapi({ description: 'Index after the last one that does; equal to `events_from` if none does' }),
};

const windowPartShape = z
  .object({
    first_session: dateValue,
    last_session: dateValue,
    sessions: count.openapi({ description: 'Number of daily bars in it' }),
    raw: z.object(values).openapi({ description: 'Values of these sessions, as traded' }),
    price_factor: z.number(),
    volume_factor: z.number(),
  })
  .openapi('WindowPart', {
    description: 'Consecutive sessions of a window with no event between them, and so with the same factors',
  });

export const dailyBarShape = z
  .object({
    symbol: z.string().openapi({ description: 'The symbol in that session' }),
    session: dateValue,
    ...values,
    finality: finalityValue.nullable(),
    explain: z
      .object({
        raw: z.object(values).openapi({ description: 'As traded' }),
        price_factor: z.number(),
        volume_factor: z.number(),
        ...actingEvents,
        source: z.string().nullable(),
        fetched_at_ms: instantMs.nullable(),
      })
      .optional(),
  })
  .openapi('SessionBar');

export const windowBarShape = z
  .object({
    symbol: z.string(),
    first_session: dateValue,
    last_session: dateValue,
    ...values,
    sessions: count.openapi({ description: 'Number of sessions of the window in which the security has a bar' }),
    expected: count.openapi({ description: 'Number of sessions of the window by the calendar' }),
    complete: z.boolean().openapi({ description: 'Whether every session of the window is published' }),
    finality: z
      .enum(['open', 'incomplete', 'partial', 'provisional', 'settled'])
      .nullable()
      .openapi({
        description:
          '`open` while its last session is still to come; `incomplete` if that session is published and others are not, at the ' +
          'beginning of the history or over a gap; else the worst state of its sessions',
      }),
    explain: z
      .object({
        origin: z.enum(['stored', 'computed']),
        raw: z.object(values).openapi({
          description:
            'Computed from its sessions as traded; a split inside the window mixes two share bases: see `parts`',
        }),
        price_factor: z.number().nullable().openapi({
          description:
            'Factor of all its sessions; null if an event inside the window gives them different ones: see `parts`',
        }),
        volume_factor: z.number().nullable(),
        parts: z
          .array(windowPartShape)
          .openapi({ description: 'Parts that make up the bar, each multiplied by its factors' }),
        ...actingEvents,
        sources: z.array(z.string().nullable()).openapi({ description: 'Sources of its sessions' }),
      })
      .optional(),
  })
  .openapi('WindowBar');

const about = {
  symbol: z.string(),
  security_id: z.string(),
  name: z.string().nullable(),
  adjust: z.enum(['raw', 'split', 'total']),
  last_published: dateValue,
  as_of_ms: instantMs.nullable(),
  segments: z
    .array(z.object({ symbol: z.string(), first: dateValue.nullable(), last: dateValue.nullable() }))
    .openapi({ description: 'The symbols that the security has had' }),
  versions: z.record(z.string(), count).openapi({ description: 'The version of each table that was read' }),
  held: z.array(heldShape),
  events: z
    .array(eventShape)
    .optional()
    .openapi({ description: 'With `explain`: the events that apply to any of these bars, ascending by ex-date' }),
  restated: z
    .array(
      z.object({
        symbol: z.string(),
        session: dateValue,
        ...changedValue,
      }),
    )
    .optional()
    .openapi({ description: 'With `explain`: values of these bars that changed after they first arrived' }),
  history: z
    .object({ first: dateValue, last: dateValue })
    .nullable()
    .optional()
    .openapi({ description: 'With `history`: the first and the last session with a bar; null if there is none' }),
  previous_url: z.string().optional().openapi({
    description: 'The bars of the range before these, from the same versions; absent if there are none',
  }),
};

export const dailyBarsShape = z
  .object({ ...about, interval: z.literal(1), bars: z.array(dailyBarShape) })
  .openapi('SessionBars');

export const windowBarsShape = z
  .object({ ...about, interval: count.openapi({ minimum: 2 }), bars: z.array(windowBarShape) })
  .openapi('WindowBars');

/** `interval` tells the two apart: 1 for bars of a session. */
export const barsShape = z.union([dailyBarsShape, windowBarsShape]).openapi('Bars');

export const eventsShape = z
  .object({
    symbol: z.string(),
    security_id: z.string(),
    splits: z.array(
      z.object({
        ex_date: dateValue,
        split_from: z.number(),
        split_to: z.number(),
        source: z.string().nullable(),
        applied: z.boolean(),
        reason: z.string().optional().openapi({ description: 'Why it is held back' }),
      }),
    ),
    dividends: z.array(
      z.object({
        ex_date: dateValue,
        kind: z.string(),
        cash_amount: z.number(),
        declaration_date: dateValue.nullable(),
        record_date: dateValue.nullable(),
        pay_date: dateValue.nullable(),
        frequency: z.int().nullable().openapi({
          description: 'Payments a year, 0 if it is not regular; like the dates, null where the source did not say',
        }),
        source: z.string().nullable(),
      }),
    ),
    held: z.array(heldShape),
  })
  .openapi('Events');

export type SessionBarAnswer = z.infer<typeof dailyBarShape>;
export type WindowBarAnswer = z.infer<typeof windowBarShape>;
export type SessionBarsAnswer = z.infer<typeof dailyBarsShape>;
export type WindowBarsAnswer = z.infer<typeof windowBarsShape>;
export type BarsAnswer = SessionBarsAnswer | WindowBarsAnswer;
export type EventsAnswer = z.infer<typeof eventsShape>;
