import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import type { Notice } from '#ports/notices.ts';
import type { Run, RunStep } from '#ports/runs.ts';
import type { Timers } from '#ports/timers.ts';
import { noticeShape, runShape, runWithStepsShape, stepShape } from '#serving/condvest/shapes/runs.ts';
import { buildingShape } from '#serving/condvest/shapes/status.ts';
import { openHttpApp } from '#test/fixtures/http-app.ts';

const RUN: Run = {
  id: 'run-1',
  kind: 'daily',
  input: '{}',
  startedMs: 1_767_222_000_000,
  state: 'running',
  endedMs: null,
  output: null,
  error: null,
  tries: 1,
};

function step(n: number, detail = 'a line\nand another'): RunStep {
  return {
    runId: 'run-1',
    step: `resample ${n}`,
    attempt: 1,
    state: 'succeeded',
    startedMs: 1,
    endedMs: 2,
    rows: n,
    detail,
    error: null,
  };
}

const NOTICE: Notice = {
  id: 'n',
  key: 'run-failed',
  kind: 'run-failed',
  severity: 'error',
  title: 'A run failed',
  text: 'Look at it',
  session: isoDate('2025-12-31'),
  seenMs: 1,
  state: 'open',
  firstSeenMs: 1,
  lastSeenMs: 1,
  resolvedMs: null,
  count: 1,
};

/** Events of a stream's text, as the HTML standard reads them. */
function eventsOf(text: string): { readonly event: string; readonly data: unknown }[] {
  return text
    .split('\n\n')
    .map((block) => block.split('\n'))
    .filter((lines) => lines.some((line) => line.startsWith('event: ')))
    .map((lines) => ({
      event: lines.find((line) => line.startsWith('event: '))?.slice(7) ?? '',
      data: JSON.parse(
        lines
          .filter((line) => line.startsWith('data: '))
          .map((line) => line.slice(6))
          .join('\n'),
      ),
    }));
}

async function readUntil(
  body: ReadableStream<Uint8Array> | null,
  isEnough: (text: string) => boolean,
): Promise<string> {
  assert(body !== null);
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (!isEnough(text)) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text;
}

test('events arrive in the order in which they happened, each with the JSON of its route', async () => {
  await using http = await openHttpApp();
  const response = await http.get('/condvest/v1/runs/stream');
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  http.emit({ type: 'run', run: RUN });
  for (let n = 0; n < 500; n += 1) http.emit({ type: 'step', step: step(n) });
  http.emit({ type: 'building', building: undefined });
  http.emit({ type: 'notice', notice: NOTICE });
  const events = eventsOf(await readUntil(response.body, (text) => text.includes('event: notice')));
  assert.deepEqual(
    events.map(({ event }) => event),
    ['run', ...Array.from({ length: 500 }, () => 'step'), 'building', 'notice'],
  );
  assert.deepEqual(runShape.parse(events[0]?.data), events[0]?.data);
  const steps = events.slice(1, 501).map(({ data }) => stepShape.parse(data));
  assert.deepEqual(
    steps.map(({ rows }) => rows),
    Array.from({ length: 500 }, (_, n) => n),
  );
  assert.equal(steps[0]?.detail, 'a line\nand another');
  assert.equal(events[501]?.data, null);
  assert.deepEqual(noticeShape.parse(events[502]?.data), events[502]?.data);
  assert.equal(http.serving.eventStreams.load.running, 0, 'the place is free once the reader has gone');
});

test('a client that connects during the build gets its progress at once', async () => {
  const building = {
    startedMs: 5,
    steps: [{ name: 'importing', state: 'running' as const, done: 1, total: 4, detail: 'splits' }],
    error: null,
  };
  await using http = await openHttpApp({ isEmpty: true, operations: { building: () => building } });
  const response = await http.get('/condvest/v1/runs/stream');
  const [event] = eventsOf(await readUntil(response.body, (text) => text.includes('event: building')));
  assert.deepEqual(buildingShape.parse(event?.data), event?.data);
  const status = await http.json<{ building: object }>('/condvest/v1/status');
  assert.deepEqual(status.building, event?.data);
});

test('a silent stream gets a heartbeat every fifteen seconds', async () => {
  const waiting: { readonly ms: number; readonly call: () => void }[] = [];
  const timers: Timers = {
    after: (ms, call) => {
      const timer = { ms, call };
      waiting.push(timer);
      return () => waiting.splice(waiting.indexOf(timer), waiting.includes(timer) ? 1 : 0);
    },
  };
  await using http = await openHttpApp({ deps: { timers } });
  const response = await http.get('/condvest/v1/runs/stream');
  for (let beat = 0; beat < 3; beat += 1) {
    const [timer] = waiting.splice(0, 1);
    assert.equal(timer?.ms, 15_000);
    timer?.call();
  }
  const text = await readUntil(response.body, (all) => all.split(': still here').length === 4);
  assert.equal(text.split('\n\n').filter((block) => block.startsWith(':')).length, 3);
  assert.equal(waiting.length, 0, 'nothing is waited for after the reader has gone');
});

test('a client that cannot keep up is disconnected, and does not delay others', async () => {
  await using http = await openHttpApp();
  const base = await http.listen();
  const slow = await new Promise<IncomingMessage>((resolve) => {
    httpRequest(`${base}/condvest/v1/runs/stream`, (response) => {
      response.pause();
      resolve(response);
    }).end();
  });
  slow.on('error', () => {});
  const quick = await http.get('/condvest/v1/runs/stream');
  const read = readUntil(quick.body, (text) => text.includes('event: notice'));
  const long = 'x'.repeat(20_000);
  for (let n = 0; n < 1000 && http.serving.eventStreams.load.running === 2; n += 1) {
    http.emit({ type: 'step', step: step(n, long) });
    // The quick one gets its turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(http.serving.eventStreams.load.running, 1, 'the slow one was let go');
  http.emit({ type: 'notice', notice: NOTICE });
  const numbers = eventsOf(await read)
    .filter(({ event }) => event === 'step')
    .map(({ data }) => stepShape.parse(data).rows);
  assert.deepEqual(
    numbers,
    numbers.map((_, n) => n),
  );
  slow.destroy();
});

test('streams end when the server shuts down, and their number is bounded', async () => {
  const stop = new AbortController();
  await using http = await openHttpApp({ limits: { eventStreams: 2 }, deps: { stopping: stop.signal } });
  const open = [await http.get('/condvest/v1/runs/stream'), await http.get('/condvest/v1/runs/stream')];
  const third = await http.get('/condvest/v1/runs/stream');
  assert.equal(third.status, 503);
  http.emit({ type: 'notice', notice: NOTICE });
  stop.abort();
  for (const response of open) assert.match(await response.text(), /event: notice/);
  assert.equal(http.serving.eventStreams.load.running, 0);
});

test('a run starts only with a JSON body, and not while another is in progress', async () => {
  const started: unknown[] = [];
  let isBusy = false;
  await using http = await openHttpApp({
    operations: {
      startRun: async (request) => {
        if (isBusy) throw new UsageError({ code: 'pipeline-busy', message: 'A run goes on already' });
        isBusy = true;
        started.push(request);
        await http.store.runs.start({ id: 'run-1', kind: 'daily', input: '{}', startedMs: 7 });
        await http.store.runs.recordStep(step(1));
        return 'run-1';
      },
    },
  });
  const post = (body: string, type = 'application/json'): Promise<Response> =>
    Promise.resolve(
      http.app.request('http://localhost:8080/condvest/v1/runs', {
        method: 'POST',
        headers: { 'content-type': type },
        body,
      }),
    );
  const code = async (response: Response): Promise<unknown[]> => [
    response.status,
    ((await response.json()) as { code?: string }).code,
  ];
  assert.deepEqual(await code(await post('{}', 'text/plain')), [415, 'body-not-json']);
  assert.deepEqual(await code(await post('{"session":')), [400, 'body-invalid']);
  assert.deepEqual(await code(await post('{"session":"2025-12-25"}')), [400, 'parameter-invalid']);
  assert.deepEqual(await code(await post('{"session":"2027-01-04"}')), [400, 'parameter-invalid']);
  assert.deepEqual(await code(await post('null')), [400, 'parameter-invalid']);
  const accepted = await post('{"session":"2025-12-31"}');
  assert.deepEqual([accepted.status, await accepted.json()], [202, { id: 'run-1' }]);
  assert.deepEqual(started, [{ session: '2025-12-31' }]);
  assert.deepEqual(await code(await post('{}')), [409, 'pipeline-busy']);
  const told = await http.json('/condvest/v1/runs/run-1');
  assert.deepEqual(runWithStepsShape.parse(told), told);
  const { results } = await http.json<{ results: { id: string }[] }>('/condvest/v1/runs?limit=1');
  assert.deepEqual(
    results.map(({ id }) => id),
    ['run-1'],
  );
});

test('a server that runs no pipeline says so', async () => {
  await using http = await openHttpApp();
  const response = await http.app.request('http://localhost:8080/condvest/v1/runs', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  assert.deepEqual([response.status, ((await response.json()) as { code: string }).code], [409, 'pipeline-not-here']);
});
