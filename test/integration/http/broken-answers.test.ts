import assert from 'node:assert/strict';
import { get, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { systemTimers } from '#adapters/system/timers.ts';
import type { Timers } from '#ports/timers.ts';
import { byteStream } from '#serving/condvest/byte-stream.ts';
import { streamed } from '#serving/http/streamed.ts';
import { gated } from '#test/fixtures/gated-app.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';

/** Ends what takes so long, when a test says so. */
const EXPORT_MS = 123_456;

/** An application behind its gate and a socket, as the server has it. */
async function openSocket(t: TestContext) {
  let runOutOfTime = (): void => {};
  const timers: Timers = {
    after: (ms, run) => {
      if (ms !== EXPORT_MS) return systemTimers.after(ms, run);
      runOutOfTime = run;
      return () => {};
    },
  };
  const http = await openHttpApp({ limits: { exportMs: EXPORT_MS }, deps: { timers } });
  t.after(() => http[Symbol.asyncDispose]());
  const bugs: unknown[] = [];
  const { fetch, log } = gated(http.serving, {
    hosts: { isOurs: () => true },
    breakOff: (env) => (env as HttpBindings).outgoing.destroy(),
    onBug: (error) => bugs.push(error),
    routes: (app) => {
      app.get('/endless', async (c) => {
        async function* chunks(): AsyncGenerator<Uint8Array> {
          for (;;) yield Buffer.from('a,b\n'.repeat(10_000));
        }
        const open = async () => ({ chunks: chunks(), close: () => {} });
        return streamed(c, await byteStream(http.serving, c.req.raw, open), { 'content-type': 'text/csv' });
      });
    },
  });
  const requests = { arrived: 0, handled: 0 };
  const counted: typeof fetch = async (...args) => {
    requests.arrived += 1;
    try {
      return await fetch(...args);
    } finally {
      requests.handled += 1;
    }
  };
  const server = createAdaptorServer({ fetch: counted }) as Server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  // What the server's library has to say of a stream that fails, it says there.
  const printed = t.mock.method(console, 'error', () => {});
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    http,
    requests,
    log,
    bugs,
    printed: () => printed.mock.callCount(),
    url,
    runOutOfTime: () => runOutOfTime(),
  };
}

async function untilIdle(http: HttpApp): Promise<void> {
  const { reads, streams, eventStreams } = http.serving;
  const running = () => streams.load.running + eventStreams.load.running + reads.load.running;
  while (running() > 0) await new Promise((resolve) => setTimeout(resolve, 10));
}

test('a response that takes too long is broken off and logged', async (t) => {
  const { http, log, bugs, printed, url, runOutOfTime } = await openSocket(t);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${url}/endless`, resolve).on('error', reject);
  });
  // Not much is read, until it is over.
  await new Promise((resolve) => response.once('data', resolve));
  response.pause();
  const closed = new Promise((resolve) => response.on('close', resolve));
  response.on('error', () => {});
  runOutOfTime();
  await untilIdle(http);
  response.resume();
  await closed;
  assert.equal(response.complete, false, 'nobody takes half an answer for a whole one');
  assert.deepEqual(
    log.map(({ status, code, isBroken }) => [status, code, isBroken]),
    [
      [200, undefined, undefined],
      [200, 'export-too-slow', true],
    ],
  );
  assert.deepEqual(bugs, []);
  assert.equal(printed(), 0);
});

test('a client of the event stream that cannot keep up is disconnected and logged', async (t) => {
  const { http, log, bugs, printed, url } = await openSocket(t);
  const slow = await new Promise<IncomingMessage>((resolve) => {
    request(`${url}/condvest/v1/runs/stream`, (response) => {
      response.pause();
      resolve(response);
    }).end();
  });
  slow.on('error', () => {});
  const step = {
    runId: 'r',
    step: 's',
    attempt: 1,
    state: 'running',
    startedMs: 1,
    endedMs: null,
    rows: null,
  } as const;
  const detail = 'x'.repeat(20_000);
  for (let n = 0; n < 5000 && http.serving.eventStreams.load.running > 0; n += 1) {
    http.emit({ type: 'step', step: { ...step, detail, error: null } });
    await new Promise((resolve) => setImmediate(resolve));
  }
  await untilIdle(http);
  assert.equal(log.at(-1)?.code, 'events-too-slow');
  assert.deepEqual(bugs, []);
  assert.equal(printed(), 0);
  slow.destroy();
});

test('a client that leaves before or during its response is not a bug', async (t) => {
  const { http, requests, log, bugs, printed, url } = await openSocket(t);
  for (const path of [
    '/condvest/v1/export/bronze/daily_bars?format=parquet',
    '/condvest/v1/export/bronze/daily_bars?format=csv',
    '/condvest/v1/runs/stream',
    '/condvest/v1/bars/AAA?interval=21&explain=true',
  ]) {
    for (const afterMs of [0, 1, 5, 20, 60]) {
      const before = log.length;
      await new Promise<void>((resolve) => {
        const asked = request(`${url}${path}`, (response) => response.resume().on('error', () => {}));
        asked.on('error', () => {});
        asked.on('close', resolve);
        asked.end(() => setTimeout(() => asked.destroy(), afterMs));
      });
      // Once a later request has its response, this one has reached the server, if it ever does.
      await (await fetch(`${url}/nowhere`)).arrayBuffer();
      while (requests.handled < requests.arrived) await new Promise((resolve) => setTimeout(resolve, 10));
      await untilIdle(http);
      const record = log.slice(before).find((entry) => entry.url === path);
      if (record !== undefined) assert.ok([200, 499].includes(record.status), JSON.stringify(record));
    }
  }
  assert.ok(log.length > 10);
  assert.deepEqual(bugs, []);
  assert.equal(printed(), 0);
});
