import { z } from '@hono/zod-openapi';
import type { Registry } from 'prom-client';
import { toJson } from '../json.ts';
import { addRoute } from '../route.ts';
import type { ServingApp } from '../serving.ts';
import type { ServerMetrics } from './metrics.ts';
import type { GaugedDeps } from './metrics-registry.ts';
import { type ReadinessDeps, readinessOf } from './readiness.ts';

const ALIVE = z.object({ status: z.literal('ok') });
const READY = z.object({
  status: z.enum(['ready', 'not ready']),
  reason: z.string().nullable(),
  last_published: z.string().nullable(),
  expected: z.string(),
});

/**
 * For those who look after the server: is it alive, is it ready, how does it do. `addProcessMetrics`: adds to the registry what is
 * known of the process.
 */
export function addHealthRoutes(
  app: ServingApp,
  serving: ReadinessDeps & GaugedDeps,
  metrics: ServerMetrics,
  addProcessMetrics: (registry: Registry) => Promise<void> = async () => {},
): void {
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
  // The first request for the metrics loads their modules, not the start of the server.
  let registry: Promise<Registry> | undefined;
  const open = async (): Promise<Registry> => {
    const { openRegistry } = await import('./metrics-registry.ts');
    const opened = openRegistry(metrics, serving, () => readinessOf(serving));
    await addProcessMetrics(opened);
    return opened;
  };
  addRoute(app, 'operations', {
    path: '/metrics',
    summary: 'Metrics for Prometheus',
    answer: 'text',
    handle: async () => {
      registry ??= open();
      const opened = await registry;
      return new Response(await opened.metrics(), {
        headers: { 'content-type': opened.contentType, 'cache-control': 'no-store' },
      });
    },
  });
}

function json(status: number, body: object): Response {
  return new Response(toJson(body), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
  });
}
