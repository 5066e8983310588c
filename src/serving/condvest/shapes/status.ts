import { z } from '@hono/zod-openapi';
import { count, dateValue, instantMs } from './values.ts';

/** `GET /condvest/v1/status`: how complete and how final the lake is, and what is going on. */

export const buildingShape = z
  .object({
    started_ms: instantMs,
    steps: z.array(
      z.object({
        name: z.string(),
        state: z.enum(['waiting', 'running', 'done', 'failed']),
        done: z.number(),
        total: z.number(),
        detail: z.string(),
      }),
    ),
    error: z.string().nullable(),
  })
  .openapi('Building', { description: 'The first build of the lake is in progress' });

export const statusShape = z
  .object({
    version: z.string().openapi({ description: 'Version of the server' }),
    simulated: z.boolean().openapi({ description: 'Whether the prices are simulated' }),
    source: z.string().nullable().openapi({ description: 'Source of sessions; null if nothing is fetched' }),
    as_of_ms: z.null(),
    as_of_first_ms: instantMs
      .nullable()
      .openapi({ description: 'The first instant that `as_of` can be answered for; null while there are no bars' }),
    last_published: dateValue.nullable().openapi({ description: 'The last published session' }),
    lake: z.object({
      first: dateValue.nullable(),
      last: dateValue.nullable(),
      watermark: dateValue
        .nullable()
        .openapi({ description: 'Complete through: the last session with no gap before it' }),
      symbols_listed: count,
      last_closed: dateValue.openapi({ description: 'The last session that has closed' }),
      last_fetch_ms: instantMs.nullable(),
      horizon: dateValue.nullable().openapi({ description: 'Sessions before this one are beyond the vendor plan' }),
    }),
    sessions: z.object({ settled: count, provisional: count, partial: count, missing: count }),
    work: z
      .array(
        z.object({
          session: dateValue,
          reason: z.string(),
          rows: count,
          counted: count.openapi({ description: 'Rows that count toward the expectation' }),
          expected: z.number().nullable(),
        }),
      )
      .openapi({ description: 'The newest sessions with work left to do' }),
    work_count: count,
    intervals: z.array(count).openapi({ description: 'Stored lengths of N-session bars' }),
    ready: z.object({ ok: z.boolean(), reason: z.string().nullable() }),
    building: buildingShape.nullable(),
    next_run: z.object({ at_ms: instantMs, reason: z.string(), session: dateValue }).nullable(),
    can_start_runs: z.boolean(),
    notices_open: count,
  })
  .openapi('Status');

export type StatusAnswer = z.infer<typeof statusShape>;
export type BuildingAnswer = z.infer<typeof buildingShape>;
