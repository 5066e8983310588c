import { z } from '@hono/zod-openapi';
import type { IsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import type { Notice } from '#ports/notices.ts';
import type { Run, RunStep } from '#ports/runs.ts';
import { fresh } from '../http/answer.ts';
import type { OperationsEvent } from '../http/operations.ts';
import { dateParameter, flag, pageLimit } from '../http/parameters.ts';
import { addRoute } from '../http/route.ts';
import type { Serving, ServingApp } from '../http/serving.ts';
import { EVENT_HEADERS, eventStream, type ServerEvent } from './event-stream.ts';
import {
  type NoticeAnswer,
  noticesShape,
  type RunAnswer,
  runsShape,
  runWithStepsShape,
  type StepAnswer,
  startedShape,
} from './shapes/runs.ts';
import { buildingAnswer } from './status-routes.ts';

const RUNS_MAX = 500;
const NOTICES_MAX = 500;
const ID_MAX = 100;

export function addRunsRoutes(
  app: ServingApp,
  serving: Pick<Serving, 'calendar' | 'clock' | 'eventStreams' | 'operations' | 'stopping' | 'timers'>,
): void {
  const { operations } = serving;
  addRoute(app, 'condvest', {
    path: '/condvest/v1/runs',
    summary: 'Runs of the pipeline, newest first',
    query: z.object({ limit: pageLimit({ max: RUNS_MAX, default: 20 }) }),
    answer: runsShape,
    handle: async (c, { query: { limit } }) => fresh(c, { results: (await operations.runs(limit)).map(runAnswer) }),
  });
  // Before the route of one run, whose pattern also matches this path.
  addRoute(app, 'condvest', {
    path: '/condvest/v1/runs/stream',
    summary: 'Runs, steps, notices and the first build of the lake, as they happen',
    description:
      'Server-sent events `run`, `step`, `notice` and `building`, each with the same JSON as in the other routes. A comment ' +
      'every 15 s keeps the connection alive. A client that cannot keep up is disconnected.',
    query: z.object({}),
    answer: 'events',
    handle: (c) => {
      if (c.req.method === 'HEAD') return new Response(null, { headers: EVENT_HEADERS });
      return eventStream(c, serving, (send) => {
        const building = operations.building();
        if (building !== undefined) send({ name: 'building', data: buildingAnswer(building) });
        return operations.listen((event) => send(eventOf(event)));
      });
    },
  });
  addRoute(app, 'condvest', {
    path: '/condvest/v1/runs/{id}',
    summary: 'One run with its steps',
    params: z.object({ id: z.string().max(ID_MAX, `at most ${ID_MAX} characters`) }),
    answer: runWithStepsShape,
    handle: async (c, { params: { id } }) => {
      const found = await operations.run(id);
      if (found === undefined)
        throw new UsageError({ code: 'pipeline-run-unknown', message: 'No such run', found: id });
      return fresh(c, { run: runAnswer(found.run), steps: found.steps.map(stepAnswer) });
    },
  });
  addRoute(app, 'condvest', {
    method: 'post',
    path: '/condvest/v1/runs',
    summary: 'Start a run of the pipeline',
    description:
      'Responds with 202 and the id of the run, or with 409 while another one is in progress. Needs a key with scope admin.',
    scope: 'admin',
    body: z.object({
      session: dateParameter
        .optional()
        .openapi({ description: 'Bring this session up to date; default: everything due' }),
    }),
    answer: startedShape,
    status: 202,
    handle: async (c, { body: { session } }) => {
      if (operations.startRun === undefined) {
        throw new UsageError({
          code: 'pipeline-not-here',
          message: 'This server does not run the pipeline',
          action: 'Start it with condvest up, or run condvest pipeline run beside it',
        });
      }
      if (session !== undefined) checkSession(serving, session);
      return fresh(c, { id: await operations.startRun({ session }) }, 202);
    },
  });
  addRoute(app, 'condvest', {
    path: '/condvest/v1/notices',
    summary: 'Notices: conditions that a person should know about',
    query: z.object({ open: flag(false), limit: pageLimit({ max: NOTICES_MAX, default: 100 }) }),
    answer: noticesShape,
    handle: async (c, { query: { open, limit } }) =>
      fresh(c, { results: (await operations.notices({ openOnly: open, limit })).map(noticeAnswer) }),
  });
}

function checkSession({ calendar, clock }: Pick<Serving, 'calendar' | 'clock'>, session: IsoDate): void {
  const lastClosed = calendar.lastClosedSession(clock.nowMs());
  if (calendar.isSession(session) && session <= lastClosed) return;
  throw new UsageError({
    code: 'parameter-invalid',
    message: 'Field "session" is not a closed session',
    found: session,
    allowed: `a session from ${calendar.firstSession} to ${lastClosed}`,
  });
}

function eventOf(event: OperationsEvent): ServerEvent {
  switch (event.type) {
    case 'run':
      return { name: 'run', data: runAnswer(event.run) };
    case 'step':
      return { name: 'step', data: stepAnswer(event.step) };
    case 'building':
      return { name: 'building', data: event.building === undefined ? null : buildingAnswer(event.building) };
    case 'notice':
      return { name: 'notice', data: noticeAnswer(event.notice) };
  }
}

function runAnswer({ id, kind, state, startedMs, endedMs, error, tries, input }: Run): RunAnswer {
  return { id, kind, state, started_ms: startedMs, ended_ms: endedMs, error, tries, input };
}

function stepAnswer({ runId, step, attempt, state, startedMs, endedMs, rows, detail, error }: RunStep): StepAnswer {
  return { run_id: runId, step, attempt, state, started_ms: startedMs, ended_ms: endedMs, rows, detail, error };
}

function noticeAnswer(notice: Notice): NoticeAnswer {
  const { id, key, kind, severity, title, text, session, state, count } = notice;
  return {
    id,
    key,
    kind,
    severity,
    title,
    text,
    session,
    state,
    first_seen_ms: notice.firstSeenMs,
    last_seen_ms: notice.lastSeenMs,
    resolved_ms: notice.resolvedMs,
    count,
  };
}
