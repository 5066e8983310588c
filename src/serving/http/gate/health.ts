import { z } from '@hono/zod-openapi';
import { toJson } from '../json.ts';
import { addRoute } from '../route.ts';
import type { Serving, ServingApp } from '../serving.ts';
import type { ServerMetrics } from './metrics.ts';
import { readinessOf } from './readiness.ts';

const ALIVE = z.object({ status: z.literal('ok') });
const READY = z.object({
  status: z.enum(['ready', 'not ready']),
  reason: z.string().nullable(),
  last_published: z.string().nullable(),
  expected: z.string(),
});

/** For those who look after the server: is it alive, is it ready, how does it do. */
export function addHealthRoutes(app: ServingApp, serving: Serving, metrics: ServerMetrics): void {
  addRoute(app, 'operations', {
    path: '/healthz',
    summary: 'The server is alive',
    scope: 'none',
    answer: ALIVE,
    handle: () => json(200, { status: 'ok' }),
  });
  addRoute(app, 'operations', {
    path: '/readyz',
    summary: 'The server should be asked',
    description:
      '503 with the reason while the lake is being built, is empty, or lacks a session whose corrections are over, and while the ' +
      'store of runs and keys cannot be reached.',
    scope: 'none',
    answer: READY,
    handle: async () => {
      const { ok, reason, lastPublished, expected } = await readinessOf(serving);
      return json(ok ? 200 : 503, {
        status: ok ? 'ready' : 'not ready',
        reason,
        last_published: lastPublished,
        expected,
      });
    },
  });
  metrics.watch(serving, () => readinessOf(serving));
  addRoute(app, 'operations', {
    path: '/metrics',
    summary: 'Metrics for Prometheus',
    answer: 'text',
    handle: async () =>
      new Response(await metrics.registry.metrics(), {
        headers: { 'content-type': metrics.registry.contentType, 'cache-control': 'no-store' },
      }),
  });
}

function json(status: number, body: object): Response {
  return new Response(toJson(body), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
  });
}
