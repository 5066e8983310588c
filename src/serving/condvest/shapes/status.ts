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
  .openapi('Building', { description: 'The lake is being built for the first time' });

export const statusShape = z
  .object({
    version: z.string().openapi({ description: 'Of the server' }),
    simulated: z.boolean().openapi({ description: 'The prices are made up' }),
    source: z.string().nullable().openapi({ description: 'Where days come from; null where nothing is fetched' }),
    as_of_ms: z.null(),
    last_published: dateValue.nullable().openapi({ description: 'The last session that has bars' }),
    lake: z.object({
      first: dateValue.nullable(),
      last: dateValue.nullable(),
      watermark: dateValue.nullable().openapi({ description: 'The last session with no hole before it' }),
      symbols_listed: count,
      last_closed: dateValue.openapi({ description: 'The last session that has closed' }),
      last_fetch_ms: instantMs.nullable(),
      horizon: dateValue
        .nullable()
        .openapi({ description: 'Sessions before this one are not in the plan of the source' }),
    }),
    sessions: z.object({ settled: count, provisional: count, partial: count, missing: count }),
    work: z
      .array(
        z.object({
          session: dateValue,
          reason: z.string(),
          rows: count,
          counted: count.openapi({ description: 'Rows that count towards what is expected' }),
          expected: z.number().nullable(),
        }),
      )
      .openapi({ description: 'The newest of the sessions that are work to do' }),
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
