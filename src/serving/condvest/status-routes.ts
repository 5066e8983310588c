import { z } from '@hono/zod-openapi';
import { DAILY_BARS } from '#lake/tables.ts';
import { fresh } from '../http/answer.ts';
import { type ReadinessDeps, readinessOf } from '../http/gate/readiness.ts';
import type { Building } from '../http/operations.ts';
import { addRoute } from '../http/route.ts';
import { requesterOf, type Serving, type ServingApp } from '../http/serving.ts';
import { firstInstant } from '../read/first-instant.ts';
import type { Requester } from '../read/read-gate.ts';
import { listTables } from '../read/tables.ts';
import { type BuildingAnswer, type StatusAnswer, statusShape } from './shapes/status.ts';
import { type TablesAnswer, tablesShape } from './shapes/tables.ts';

/** Open notices are few: one a condition. */
const NOTICES_COUNTED_MAX = 1000;

/** Parts of the server that the status page is made from. */
type StatusDeps = ReadinessDeps & Pick<Serving, 'intervals' | 'lake' | 'reads' | 'version'>;

export function addStatusRoutes(app: ServingApp, serving: StatusDeps): void {
  addRoute(app, 'condvest', {
    path: '/condvest/v1/status',
    summary: 'Completeness and finality of the lake',
    description: 'Also available while the lake is empty or being built.',
    query: z.object({}),
    answer: statusShape,
    handle: async (c) => fresh(c, await statusOf(serving, requesterOf(c))),
  });
  addRoute(app, 'condvest', {
    path: '/condvest/v1/tables',
    summary: 'The tables of the lake, with their columns',
    query: z.object({}),
    answer: tablesShape,
    handle: async (c) => fresh(c, await serving.reads.pass(() => tablesOf(serving), requesterOf(c))),
  });
}

async function statusOf(serving: StatusDeps, requester: Requester): Promise<StatusAnswer> {
  const { operations, views, caches, reads } = serving;
  // Only reads of the lake take a read slot: an operational store that hangs must not block them all.
  const [status, ready, notices, simulated, view, firstMs] = await Promise.all([
    reads.pass(() => operations.status(), requester),
    readinessOf(serving),
    operations.notices({ openOnly: true, limit: NOTICES_COUNTED_MAX }),
    operations.isSimulated(),
    views.current(),
    reads.pass(() => firstInstant(serving.lake), requester),
  ]);
  const bars = view.snapshot(DAILY_BARS);
  const lastPublished = bars === undefined ? undefined : (await caches.published(bars, view.until)).max;
  const building = operations.building();
  const next = operations.nextRun();
  return {
    version: serving.version,
    simulated,
    source: status.source,
    as_of_ms: null,
    as_of_first_ms: firstMs ?? null,
    last_published: lastPublished ?? null,
    lake: {
      first: status.first ?? null,
      last: status.last ?? null,
      watermark: status.watermark ?? null,
      symbols_listed: status.symbolsListed,
      last_closed: status.lastClosed,
      last_fetch_ms: status.lastFetchMs ?? null,
      horizon: status.horizon ?? null,
    },
    sessions: { ...status.sessions },
    work: status.work.map((item) => ({ ...item })),
    work_count: status.workCount,
    intervals: [...serving.intervals],
    ready: { ok: ready.ok, reason: ready.reason },
    building: building === undefined ? null : buildingAnswer(building),
    next_run: next === undefined ? null : { at_ms: next.atMs, reason: next.reason, session: next.session },
    can_start_runs: operations.startRun !== undefined,
    notices_open: notices.length,
  };
}

export function buildingAnswer({ startedMs, steps, error }: Building): BuildingAnswer {
  return { started_ms: startedMs, steps: steps.map((step) => ({ ...step })), error };
}

async function tablesOf(serving: Pick<Serving, 'lake' | 'intervals'>): Promise<TablesAnswer> {
  const tables = await listTables(serving.lake, serving.intervals);
  return {
    results: tables.map(({ table, comment, version, changedMs, columns, ...counts }) => ({
      ...{ table, comment, version },
      changed_ms: changedMs,
      ...counts,
      columns: columns.map((column) => ({ ...column })),
    })),
  };
}
