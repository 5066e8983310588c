import { z } from '@hono/zod-openapi';
import { count, dateValue, instantMs } from './values.ts';

/** The pipeline: runs, their steps, notices, and what happens as it happens. */

const state = z.enum(['running', 'succeeded', 'failed']);

export const runShape = z
  .object({
    id: z.string(),
    kind: z.string(),
    state,
    started_ms: instantMs,
    ended_ms: instantMs.nullable(),
    error: z.string().nullable(),
    tries: count.openapi({ description: '1, plus one for each time it was resumed' }),
    input: z.string().openapi({ description: 'JSON text' }),
  })
  .openapi('Run');

export const stepShape = z
  .object({
    run_id: z.string(),
    step: z.string(),
    attempt: count,
    state,
    started_ms: instantMs,
    ended_ms: instantMs.nullable(),
    rows: count.nullable(),
    detail: z.string().nullable(),
    error: z.string().nullable(),
  })
  .openapi('RunStep');

export const runsShape = z.object({ results: z.array(runShape) }).openapi('Runs');
export const runWithStepsShape = z.object({ run: runShape, steps: z.array(stepShape) }).openapi('RunWithSteps');
export const startedShape = z.object({ id: z.string() }).openapi('StartedRun');

export const noticeShape = z
  .object({
    id: z.string(),
    key: z.string(),
    kind: z.string(),
    severity: z.enum(['error', 'warning', 'information']),
    title: z.string(),
    text: z.string(),
    session: dateValue.nullable(),
    state: z.enum(['open', 'resolved']),
    first_seen_ms: instantMs,
    last_seen_ms: instantMs,
    resolved_ms: instantMs.nullable(),
    count,
  })
  .openapi('Notice');

export const noticesShape = z.object({ results: z.array(noticeShape) }).openapi('Notices');

export type RunAnswer = z.infer<typeof runShape>;
export type StepAnswer = z.infer<typeof stepShape>;
export type RunsAnswer = z.infer<typeof runsShape>;
export type RunWithStepsAnswer = z.infer<typeof runWithStepsShape>;
export type NoticeAnswer = z.infer<typeof noticeShape>;
export type NoticesAnswer = z.infer<typeof noticesShape>;
