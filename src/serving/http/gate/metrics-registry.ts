import { Counter, Gauge, type Histogram, Registry } from 'prom-client';
import type { Serving } from '../serving.ts';
import type { ServerMetrics } from './metrics.ts';
import type { Readiness } from './readiness.ts';

/** Parts of the server that have metrics of their own. */
export type GaugedDeps = Pick<Serving, 'cache' | 'eventStreams' | 'operations' | 'reads' | 'streams' | 'views'>;

/** Opens the registry of a server's metrics. All but those of requests are collected when the metrics are requested. */
export function openRegistry(
  metrics: ServerMetrics,
  serving: GaugedDeps,
  readiness: () => Promise<Readiness>,
): Registry {
  const registry = new Registry();
  // The registry asks for no more of a metric than this one has.
  registry.registerMetric(metrics.requests as unknown as Histogram);
  const registers = [registry];
  const gauge = (name: string, help: string, collect: (gauge: Gauge) => void | Promise<void>): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        return collect(this);
      },
    });
  };
  const labelled = (name: string, help: string, label: string, read: () => Promise<Record<string, number>>): void => {
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers,
      async collect() {
        this.reset();
        for (const [value, number] of Object.entries(await read())) this.set({ [label]: value }, number);
      },
    });
  };
  const { cache, reads, streams, eventStreams, views, operations } = serving;
  gauge('condvest_http_requests_running', 'Requests not answered yet', (one) => one.set(metrics.running));
  labelled('condvest_cache_bytes', 'Bytes of cached values', 'kind', async () =>
    Object.fromEntries([...cache.stats].map(([kind, { bytes }]) => [kind, bytes])),
  );
  gauge('condvest_cache_bytes_max', 'Bound of the cache, all kinds together', (one) => one.set(cache.bytesMax));
  new Counter({
    name: 'condvest_cache_lookups_total',
    help: 'Lookups in the cache that found a value, and that had to compute one',
    labelNames: ['kind', 'result'],
    registers,
    collect() {
      this.reset();
      for (const [kind, { hits, misses }] of cache.stats) {
        this.inc({ kind, result: 'hit' }, hits);
        this.inc({ kind, result: 'miss' }, misses);
      }
    },
  });
  new Counter({
    name: 'condvest_cache_evictions_total',
    help: 'Cached values dropped to stay within the bound',
    labelNames: ['kind'],
    registers,
    collect() {
      this.reset();
      for (const [kind, { evictions }] of cache.stats) this.inc({ kind }, evictions);
    },
  });
  labelled('condvest_lake_reads', 'Reads of the lake', 'state', async () => ({ ...reads.load }));
  labelled('condvest_past_views_opening', 'Openings of earlier states', 'state', async () => ({ ...views.openings }));
  gauge('condvest_streams', 'Exports and SQL', (one) => one.set(streams.load.running));
  gauge('condvest_event_streams', 'Event streams', (one) => one.set(eventStreams.load.running));
  labelled('condvest_table_version', 'The version of each table that is served', 'table', async () =>
    (await views.current()).versions(),
  );
  gauge('condvest_ready', '1 where the server is ready', async (one) => one.set((await readiness()).ok ? 1 : 0));
  gauge('condvest_sessions_behind', 'Sessions that should be published and are not', async (one) =>
    one.set((await readiness()).sessionsBehind),
  );
  labelled('condvest_pipeline_last_run', 'When the last run of the pipeline began, by how it is', 'state', async () => {
    // The store may be down, and the metrics still tell the rest.
    const [run] = await operations.runs(1).catch(() => []);
    return run === undefined ? {} : { [run.state]: run.startedMs / 1000 };
  });
  return registry;
}
