import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { type Grants, RequestBudget } from '#adapters/massive/request-budget.ts';
import { SharedGrants } from '#adapters/massive/shared-grants.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';

const START_MS = Date.parse('2024-02-10T12:00:00Z');

describe('the request budget', () => {
  test('holds however many ask at once, and lets them through in turn', async () => {
    const clock = new VirtualClock(START_MS);
    const budget = new RequestBudget(clock, 5);
    const granted: { readonly index: number; readonly atMs: number }[] = [];
    await Promise.all(
      Array.from({ length: 23 }, async (_, index) => {
        await budget.take();
        granted.push({ index, atMs: clock.nowMs() });
      }),
    );
    assert.deepEqual(
      granted.map(({ index }) => index),
      Array.from({ length: 23 }, (_, index) => index),
    );
    assertBudget(
      granted.map(({ atMs }) => atMs),
      5,
    );
  });

  test('a caller that gives up does not stop those behind it', async () => {
    const clock = new VirtualClock(START_MS);
    const budget = new RequestBudget(clock, 1);
    await budget.take();
    const abort = new AbortController();
    const given = budget.take(abort.signal);
    const next = budget.take();
    abort.abort(new Error('enough'));
    await assert.rejects(given, /enough/);
    await next;
  });

  test('a clock that is set back by an hour neither lets a minute through again nor stops for an hour', async () => {
    const clock = new VirtualClock(START_MS);
    const budget = new RequestBudget(clock, 2);
    await budget.take();
    await budget.take();
    clock.move(-3_600_000);
    const startMs = clock.nowMs();
    await budget.take();
    const waitedMs = clock.nowMs() - startMs;
    assert.ok(waitedMs >= 60_000 && waitedMs < 62_000, `${waitedMs} ms`);
  });

  test('is shared by those who use one key from one home, and outlives them', async () => {
    await using folder = await temporary();
    const path = join(folder.path, 'requests.sqlite');
    const clock = new VirtualClock(START_MS);
    const atMs: number[] = [];
    const open = (key = 'one'): RequestBudget => {
      const shared = new SharedGrants(path, key);
      const take = (nowMs: number, perMinute: number): number => {
        const waitMs = shared.take(nowMs, perMinute);
        if (waitMs === 0) atMs.push(nowMs);
        return waitMs;
      };
      return new RequestBudget(clock, 5, { take });
    };
    const [one, other] = [open(), open()];
    await Promise.all(Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? one : other).take()));
    const again = open();
    for (let request = 0; request < 6; request += 1) await again.take();
    assert.equal(atMs.length, 14);
    assertBudget(atMs, 5);
    const nowMs = clock.nowMs();
    await open('another').take();
    assert.equal(clock.nowMs(), nowMs, 'another key has a budget of its own');
  });

  test('processes that ask at the same moment get no more than one budget among them', async () => {
    await using folder = await temporary();
    const path = join(folder.path, 'requests.sqlite');
    const worker = join(import.meta.dirname, 'budget-worker.ts');
    const counts = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const child = spawn(process.execPath, [worker, path, String(START_MS), '10', '20'], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
        return Number(said);
      }),
    );
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      10,
    );
  });
});

/** A budget that forgets is found out: the checks above see it. */
test('the test of the budget fails for a budget that forgets', async () => {
  const forgetful: Grants = { take: () => 0 };
  const budget = new RequestBudget(new VirtualClock(START_MS), 5, forgetful);
  for (let request = 0; request < 6; request += 1) await budget.take();
  assert.throws(() => assertBudget(Array(6).fill(START_MS), 5));
});

function assertBudget(atMs: readonly number[], perMinute: number): void {
  for (const [index, at] of atMs.entries()) {
    const within = atMs.filter((other) => other >= at && other < at + 60_000).length;
    assert.ok(within <= perMinute, `${within} requests within a minute of request ${index}`);
  }
}

async function temporary(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'condvest-budget-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
