import { z } from '@hono/zod-openapi';
import { changedValue, count, dateValue, instantMs } from './values.ts';

/** Shapes about the data itself: sessions, gaps, quality, rejected rows, changed values. */

export const sessionShape = z
  .object({
    session: dateValue,
    state: z.enum(['missing', 'partial', 'provisional', 'settled']),
    rows: count,
    counted: count.openapi({
      description: 'Rows that count toward the expectation: those of listed symbols, if there are listings',
    }),
    expected: z.number().nullable().openapi({ description: 'Null if the expected number is unknown' }),
    attempts: count,
    first_fetch_ms: instantMs.nullable(),
    last_fetch_ms: instantMs.nullable(),
    table_version: count.nullable().openapi({ description: 'The version of daily_bars that the row describes' }),
    early_close: z.boolean(),
  })
  .openapi('Session');

export const sessionsShape = z
  .object({ results: z.array(sessionShape), next_url: z.string().optional() })
  .openapi('Sessions');

const findingShape = z
  .object({ kind: z.string(), symbol: z.string(), date: dateValue, detail: z.string() })
  .openapi('Finding');

const quarantinedShape = z
  .object({
    dataset: z.string(),
    reason: z.string(),
    rows: count,
    example: z.string().openapi({ description: 'The first of them, as JSON text' }),
  })
  .openapi('QuarantinedCount');

export const qualityShape = z
  .object({
    from: dateValue.nullable(),
    to: dateValue.nullable(),
    rows: count,
    quarantined: z.array(quarantinedShape),
    warnings: z.record(z.string(), count).openapi({ description: 'Count by kind' }),
    examples: z.array(findingShape),
  })
  .openapi('Quality');

export const rangeQualityShape = qualityShape
  .extend({ rejected_total: count.openapi({ description: 'Rejected rows of all time, with and without a date' }) })
  .openapi('QualityOfRange');

export const oneSessionShape = sessionShape.extend({ quality: qualityShape }).openapi('SessionWithQuality');

export const gapsShape = z
  .object({
    is_empty: z.boolean().openapi({ description: 'The lake has no sessions yet, and so nothing that could have gaps' }),
    sessions: z
      .array(z.object({ session: dateValue, reason: z.string() }))
      .openapi({ description: 'Missing and partial sessions: the newest ones up to the limit, ascending' }),
    sessions_total: count.openapi({ description: 'Number of all missing and partial sessions' }),
    sessions_due: count.openapi({
      description:
        'Number of those that a run fetches if it starts now. A run fetches a limited number, newest first, and none that ' +
        'was fetched since the last close',
    }),
    runs: z
      .array(z.object({ first: dateValue, last: dateValue, sessions: count, reason: z.string() }))
      .openapi({ description: 'All of them, consecutive ones joined; newest first, up to the limit' }),
    horizon: dateValue.nullable(),
    symbols: z.array(z.object({ symbol: z.string(), first_session: dateValue, missing: count, sessions: count })),
    of_symbol: z
      .array(dateValue)
      .nullable()
      .openapi({ description: 'With `symbol`: published sessions from which it is missing, newest first' }),
  })
  .openapi('Gaps');

export const quarantineShape = z
  .object({
    results: z.array(
      z.object({
        dataset: z.string(),
        row: z.string().openapi({ description: 'The row as JSON text' }),
        reason: z.string(),
        source_digest: z.string(),
        row_number: count,
        source: z.string().nullable(),
        seen_at_ms: instantMs.nullable(),
      }),
    ),
    next_url: z.string().optional(),
  })
  .openapi('Quarantine');

export const restatementsShape = z
  .object({
    results: z.array(
      z.object({
        symbol: z.string(),
        session: dateValue,
        version: count,
        ...changedValue,
      }),
    ),
    next_url: z.string().optional(),
  })
  .openapi('Restatements');

export type SessionAnswer = z.infer<typeof sessionShape>;
export type SessionsAnswer = z.infer<typeof sessionsShape>;
export type OneSessionAnswer = z.infer<typeof oneSessionShape>;
export type QualityAnswer = z.infer<typeof rangeQualityShape>;
export type GapsAnswer = z.infer<typeof gapsShape>;
export type QuarantineAnswer = z.infer<typeof quarantineShape>;
export type RestatementsAnswer = z.infer<typeof restatementsShape>;
