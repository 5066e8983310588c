import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEvent, type ServerEvent, streamEvents } from './event-stream.ts';

test('an event has a name and joins its data lines', () => {
  assert.deepEqual(parseEvent('event: run\ndata: {"a":1}'), { event: 'run', data: '{"a":1}' });
  assert.deepEqual(parseEvent('data: a\r\ndata:b'), { event: 'message', data: 'a\nb' });
});

test('a keep-alive comment is not an event', () => {
  assert.equal(parseEvent(': still here'), undefined);
  assert.equal(parseEvent(''), undefined);
});

test('events are complete wherever the stream is split, and a stream that ends is reopened', async (t) => {
  const text = 'event: run\ndata: {"name":"é"}\n\n: beat\n\nevent: step\ndata: 2\n\n';
  const bytes = new TextEncoder().encode(text);
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const abort = new AbortController();
    const received: ServerEvent[] = [];
    const responses = [[bytes.slice(0, cut), bytes.slice(cut)]];
    const opened = t.mock.method(globalThis, 'fetch', () => {
      const chunks = responses.shift();
      if (chunks === undefined) abort.abort();
      return Promise.resolve(new Response(streamOf(chunks ?? [])));
    });
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const stream = streamEvents(
      '/stream',
      (event) => received.push(event),
      () => {},
      abort.signal,
    );
    while (opened.mock.callCount() < 2) {
      await new Promise((settle) => setImmediate(settle));
      t.mock.timers.tick(60_000);
    }
    await stream;
    t.mock.timers.reset();
    opened.mock.restore();
    assert.deepEqual(received, [
      { event: 'run', data: '{"name":"é"}' },
      { event: 'step', data: '2' },
    ]);
  }
});

test('the stream gives up on an unreachable server after a bounded number of attempts', async (t) => {
  const states: string[] = [];
  const opened = t.mock.method(globalThis, 'fetch', () => Promise.reject(new TypeError('fetch failed')));
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let isOver = false;
  const stream = streamEvents(
    '/stream',
    () => {},
    (state) => states.push(state),
    new AbortController().signal,
  ).then(() => {
    isOver = true;
  });
  while (!isOver) {
    await new Promise((settle) => setImmediate(settle));
    t.mock.timers.tick(60_000);
  }
  await stream;
  assert.equal(opened.mock.callCount(), 10);
  assert.equal(states.at(-1), 'disconnected');
});

function streamOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}
