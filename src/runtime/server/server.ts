import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import type { Registry } from 'prom-client';
import { defined } from '#base/assert.ts';
import { CondvestError, UsageError } from '#base/errors.ts';
import { printableLines } from '#base/printable.ts';
import { createApp } from '#serving/app.ts';
import { addGate, type Fetch } from '#serving/http/gate/gate.ts';
import { addHealthRoutes } from '#serving/http/gate/health.ts';
import { hostRules, isLoopback } from '#serving/http/gate/hosts.ts';
import { KeyRing } from '#serving/http/gate/key-ring.ts';
import { ServerMetrics } from '#serving/http/gate/metrics.ts';
import { addPage } from '#serving/http/page.ts';
import { createServing, DEFAULT_LIMITS, type ServingLimits } from '#serving/http/serving.ts';
import type { AppContext } from '../app.ts';
import type { Config } from '../config/config.ts';
import { SERVE_PORT_DEFAULT } from '../config/settings-serving.ts';
import { openAccessLog } from './access-log.ts';
import { OperationsView, type Work } from './operations-view.ts';
import { endSilentConnections } from './silent-connections.ts';
import { slowRequestLimits } from './slow-requests.ts';
import { sqlProcesses } from './sql-process.ts';

/** The HTTP server: binds the application to a socket. */

export interface ServerOptions {
  /** Overrides the configuration. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly work?: Work | undefined;
  readonly version: string;
  readonly isErrorTty: boolean;
  /** Writes a line about the server itself, for its operator. */
  readonly write: (line: string) => void;
}

export interface RunningServer {
  /** With a trailing slash. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Whether the default port was in use, so that another one was chosen. */
  readonly isOtherPort: boolean;
  readonly needsKeys: boolean;
  /** Stops accepting requests, ends those in progress within a bound, and closes everything. Idempotent. */
  stop(): Promise<void>;
}

/** Longer than proxies keep idle connections, so that the proxy closes them first. */
const KEEP_ALIVE_MS = 65_000;
/** Timeout of a connection without traffic (not even a heartbeat) while no response is being prepared. */
const SILENT_MS = 120_000;
/** Time for requests in progress when the server stops. */
const STOP_MS = 10_000;
const PORTS_TRIED = 20;
const HEADER_BYTES = 8192;

/** Starts to listen. Throws `keys-none`, `port-taken`, `port-forbidden` or `host-unknown`. */
export async function startServer(app: AppContext, options: ServerOptions): Promise<RunningServer> {
  const { config, clock, random, timers, lake, calendar } = app;
  const host = options.host ?? config.serveHost;
  const needsKeys = mustHaveKeys(config, host);
  await using undo = new AsyncDisposableStack();
  const keys = needsKeys ? app.keys : undefined;
  if (keys !== undefined && !(await keys.hasKeys())) throw noKeys(config, host);
  const keyRing = keys === undefined ? undefined : new KeyRing({ keys, clock, timers });
  const operations = undo.use(new OperationsView(app, options.work));
  const stopping = new AbortController();
  const limits = limitsOf(config);
  const serving = createServing({
    lake,
    calendar,
    clock,
    random,
    timers,
    live: app.live,
    files: app.files,
    page: app.page,
    operations,
    intervals: config.intervals,
    limits,
    sql: config.serveSql ? sqlProcesses({ scratchFolder: app.tempFolder, random }) : undefined,
    stopping: stopping.signal,
    publicUrl: config.servePublicUrl,
    trustProxy: config.serveTrustProxy,
    isPublic: !needsKeys,
    version: options.version,
  });
  const metrics = new ServerMetrics();
  const log = openAccessLog(config, options);
  undo.defer(() => log.close());
  const onBug = (error: unknown, id: string): void => {
    // A request whose client has disconnected may still be running when everything is closed.
    if (stopping.signal.aborted && error instanceof CondvestError && error.code === 'engine-closed') return;
    options.write(
      `condvest: request ${id} failed: ${printableLines(inspect(error, { breakLength: Number.POSITIVE_INFINITY }))}`,
    );
  };
  // Host names are known only once the port is.
  let rules = hostRules({ bind: host, port: 0, names: [], publicUrl: undefined });
  let fetch: Fetch | undefined;
  createApp(serving, {
    before: (one) => {
      fetch = addGate(one, serving, {
        keys: keyRing,
        hosts: { isOurs: (name) => rules.isOurs(name) },
        cors: config.serveCors ?? (needsKeys ? ['*'] : []),
        metrics,
        random,
        monotonicMs: () => performance.now(),
        addressOf: (env) => (env as HttpBindings).incoming.socket.remoteAddress ?? '',
        breakOff: (env) => (env as HttpBindings).outgoing.destroy(),
        onAccess: log.write,
        onBug,
      });
      addHealthRoutes(one, serving, metrics, addProcessMetrics);
    },
    after: (one) => addPage(one, serving),
    onBug,
  });
  const { server, port, isOtherPort } = await listen(defined(fetch, 'the gate is added before the routes'), {
    host,
    port: options.port ?? config.servePort,
    connections: config.serveConnections,
    headerBytes: limits.urlBytes + HEADER_BYTES,
  });
  rules = hostRules({ bind: host, port, names: config.serveHosts, publicUrl: config.servePublicUrl });
  const rest = undo.move();
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await close(server, () => stopping.abort());
    await keyRing?.flush().catch((cause: unknown) => {
      if (!(cause instanceof CondvestError)) throw cause;
      options.write(`condvest: ${cause.message}`);
    });
    await rest.disposeAsync();
  };
  return {
    url: config.servePublicUrl === undefined ? urlOf(host, port) : `${config.servePublicUrl}/`,
    host,
    port,
    isOtherPort,
    needsKeys,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

async function addProcessMetrics(register: Registry): Promise<void> {
  const { collectDefaultMetrics } = await import('prom-client');
  collectDefaultMetrics({ register });
}

/**
 * Returns whether the server requires API keys. Only local users can reach a loopback server, unless a proxy is in
 * front.
 */
export function mustHaveKeys(config: Config, host: string): boolean {
  const { servePublicUrl, serveHosts, serveTrustProxy } = config;
  return !isLoopback(host) || servePublicUrl !== undefined || serveHosts.length > 0 || serveTrustProxy;
}

function limitsOf(config: Config): ServingLimits {
  return {
    ...DEFAULT_LIMITS,
    cacheBytes: config.serveCacheBytes,
    readsRunning: config.serveReads,
    exportRows: config.serveExportRows,
    sqlMs: config.serveSqlSeconds * 1000,
  };
}

function urlOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}/`;
}

interface Listening {
  readonly server: Server;
  readonly port: number;
  readonly isOtherPort: boolean;
}

async function listen(
  fetch: Fetch,
  request: {
    readonly host: string;
    readonly port: number | undefined;
    readonly connections: number;
    readonly headerBytes: number;
  },
): Promise<Listening> {
  const { host, port } = request;
  for (let tried = 0; ; tried += 1) {
    const wanted = port ?? SERVE_PORT_DEFAULT + tried;
    const server = createAdaptorServer({
      fetch,
      hostname: host,
      serverOptions: {
        maxHeaderSize: request.headerBytes,
        ...slowRequestLimits(),
        keepAliveTimeout: KEEP_ALIVE_MS,
      },
    }) as Server;
    server.maxConnections = request.connections;
    endSilentConnections(server, SILENT_MS);
    const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once('error', resolve);
      server.listen({ host, port: wanted }, () => resolve(undefined));
    });
    if (failure === undefined) {
      const { port: actual } = server.address() as AddressInfo;
      return { server, port: actual, isOtherPort: tried > 0 };
    }
    server.close();
    if (failure.code === 'EADDRINUSE' && port === undefined && tried < PORTS_TRIED) continue;
    throw whyNotListening(failure, host, wanted);
  }
}

/** Lets requests in progress finish and ends streams. Connections that are still open after a timeout are closed. */
async function close(server: Server, endStreams: () => void): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  endStreams();
  const startMs = performance.now();
  const timer = setInterval(() => {
    if (performance.now() - startMs > STOP_MS) server.closeAllConnections();
    else server.closeIdleConnections();
  }, 50);
  await closed;
  clearInterval(timer);
}

function whyNotListening(failure: NodeJS.ErrnoException, host: string, port: number): CondvestError {
  const found = `${host}:${port}`;
  if (failure.code === 'EADDRINUSE') {
    return new UsageError({
      code: 'port-taken',
      message: 'The port is in use',
      found,
      action: 'Choose another with --port or CONDVEST_SERVE_PORT; 0 means any free port',
      cause: failure,
    });
  }
  if (failure.code === 'EACCES') {
    return new UsageError({
      code: 'port-forbidden',
      message: 'This user is not allowed to listen on this port',
      found,
      action: 'Choose one above 1023 with --port or CONDVEST_SERVE_PORT',
      cause: failure,
    });
  }
  return new UsageError({
    code: 'host-unknown',
    message: 'The server cannot listen on this address',
    found: `${found} (${failure.code ?? failure.message})`,
    allowed: 'a name or address of this machine',
    cause: failure,
  });
}

function noKeys(config: Config, host: string): UsageError {
  const { servePublicUrl, serveHosts } = config;
  const found = isLoopback(host)
    ? (servePublicUrl ?? (serveHosts.length > 0 ? serveHosts.join(', ') : 'a trusted proxy'))
    : `host ${host}`;
  return new UsageError({
    code: 'keys-none',
    message: 'A server that others can reach requires API keys, and there are none',
    found,
    action: 'Create one with: condvest keys create NAME. Or serve this machine only, with --host 127.0.0.1',
  });
}
