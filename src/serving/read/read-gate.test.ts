import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare } from '#base/compare.ts';
import { RetryLater } from '#base/errors.ts';
import { ReadGate, type Requester } from './read-gate.ts';

/** Work that writes down its name when its turn comes, and what became of those that were not let in. */
function queue(gate: ReadGate) {
  const order: string[] = [];
  const ask = (name: string, requester: Requester = {}): Promise<unknown> =>
    gate
      .pass(async () => order.push(name), requester)
      .catch((cause: { code: string }) => order.push(`${name} ${cause.code}`));
  return { order, ask };
}

test('reads beyond the bound wait in order, and beyond that are refused', async () => {
  const gate = new ReadGate({ noun: 'reads', running: 1, waiting: 2 });
  const { order, ask } = queue(gate);
  const leave = await gate.enter();
  const waiting = ['1', '2'].map((name) => ask(name));
  await assert.rejects(
    gate.pass(async () => 0),
    (error) => error instanceof RetryLater && error.code === 'server-busy' && error.afterSeconds === 1,
  );
  leave();
  leave();
  await Promise.all(waiting);
  assert.deepEqual(order, ['1', '2']);
  assert.deepEqual(gate.load, { running: 0, waiting: 0 });
});

test('reads of clients that left are never begun, and free their place', async () => {
  const gate = new ReadGate({ noun: 'reads', running: 1, waiting: 200 });
  const { order, ask } = queue(gate);
  const leave = await gate.enter();
  const gone = new AbortController();
  const left = Array.from({ length: 200 }, (_, i) => ask(String(i), { signal: gone.signal }));
  gone.abort();
  await Promise.all(left);
  assert.deepEqual(new Set(order.map((text) => text.split(' ')[1])), new Set(['client-gone']));
  assert.equal(gate.load.waiting, 0);
  order.length = 0;
  const next = ask('next');
  leave();
  await next;
  await ask('late', { signal: gone.signal });
  assert.deepEqual(order, ['next', 'late client-gone']);
});

test('callers take turns, however much one of them asks for', async () => {
  const gate = new ReadGate({ noun: 'reads', running: 1, waiting: 10 });
  const { order, ask } = queue(gate);
  const leave = await gate.enter({ caller: 'a' });
  const all = ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2'].map((name) => ask(name, { caller: name.slice(0, 1) }));
  leave();
  await Promise.all(all);
  assert.deepEqual(order, ['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
});

test('a caller that fills the queue loses its newest work to others, and is refused more', async () => {
  const gate = new ReadGate({ noun: 'reads', running: 1, waiting: 4 });
  const { order, ask } = queue(gate);
  const leave = await gate.enter({ caller: 'a' });
  const all = ['a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'b2', 'b3'].map((name) => ask(name, { caller: name.slice(0, 1) }));
  await new Promise(setImmediate);
  assert.deepEqual(order.toSorted(compare), ['a3 server-busy', 'a4 server-busy', 'a5 server-busy', 'b3 server-busy']);
  leave();
  await Promise.all(all);
  assert.deepEqual(order.slice(4), ['a1', 'b1', 'a2', 'b2']);
});

test('a read that waits too long is refused', async () => {
  const due: (() => void)[] = [];
  let cancelled = 0;
  const timers = {
    after: (ms: number, call: () => void) => {
      assert.equal(ms, 30_000);
      due.push(call);
      return () => {
        cancelled += 1;
      };
    },
  };
  const gate = new ReadGate({ noun: 'reads', running: 1, waiting: 4, wait: { ms: 30_000, timers } });
  const { order, ask } = queue(gate);
  const leave = await gate.enter();
  const all = [ask('old'), ask('new')];
  due[0]?.();
  leave();
  await Promise.all(all);
  assert.deepEqual(order.toSorted(compare), ['new', 'old server-busy']);
  assert.equal(cancelled, 2);
  assert.deepEqual(gate.load, { running: 0, waiting: 0 });
});

test('one caller goes on with no more than its share', async () => {
  const gate = new ReadGate({ noun: 'exports', running: 4, waiting: 0, each: 1 });
  const leave = await gate.enter({ caller: 'a' });
  await assert.rejects(gate.enter({ caller: 'a' }), { code: 'server-busy' });
  await gate.enter({ caller: 'b' });
  leave();
  await gate.enter({ caller: 'a' });
});
