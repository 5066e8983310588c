import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RunStep, Runs } from '#ports/runs.ts';
import type { OpenTwice } from './sql-stores.ts';

/** Contract of `Runs` over any database. Two stores over one database stand for two processes. */
export function runsContract(name: string, open: OpenTwice): void {
  describe(`with runs over ${name},`, () => {
    let first: Runs;
    let second: Runs;
    let close: (() => Promise<void>) | undefined;
    before(async () => {
      const stores = await open();
      [first, second, close] = [stores.first.runs, stores.second.runs, stores.close];
    });
    after(() => close?.());

    test('a run starts once, ends, and is resumed', async () => {
      const run = { id: 'run-1', kind: 'daily', input: '{"a":1}', startedMs: 1_700_000_000_000 };
      const outcomes = await Promise.allSettled([first.start(run), second.start(run)]);
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
      await first.finish('run-1', { state: 'failed', endedMs: 1_700_000_000_500, output: null, error: 'E' });
      assert.deepEqual(await second.find('run-1'), {
        ...run,
        state: 'failed',
        endedMs: 1_700_000_000_500,
        output: null,
        error: 'E',
        tries: 1,
      });
      await second.restart('run-1');
      const again = await first.find('run-1');
      assert.deepEqual([again?.state, again?.tries, again?.endedMs], ['running', 2, null]);
      assert.equal(await first.find('nothing'), undefined);
    });

    test('the newest runs come first', async () => {
      for (const [id, startedMs] of [
        ['run-2', 5],
        ['run-3', 9],
        ['run-4', 7],
      ] as const)
        await first.start({ id, kind: 'daily', input: '{}', startedMs });
      const ids = (await second.latest(3)).map(({ id }) => id);
      assert.deepEqual(ids, ['run-1', 'run-3', 'run-4']);
    });

    test('each attempt at a step is one row, overwritten as it progresses', async () => {
      const step: RunStep = {
        runId: 'run-1',
        step: 'fetch bars',
        attempt: 1,
        state: 'running',
        startedMs: 10,
        endedMs: null,
        rows: null,
        detail: null,
        error: null,
      };
      await first.recordStep(step);
      await first.recordStep({ ...step, state: 'failed', endedMs: 20, error: 'E' });
      await second.recordStep({
        ...step,
        attempt: 2,
        startedMs: 30,
        state: 'succeeded',
        endedMs: 40,
        rows: 7,
        detail: 'd',
      });
      const steps = await first.steps('run-1');
      assert.deepEqual(
        steps.map(({ attempt, state, rows }) => [attempt, state, rows]),
        [
          [1, 'failed', null],
          [2, 'succeeded', 7],
        ],
      );
    });

    test('U+0000 is stored as U+FFFD, and found by either', async () => {
      await first.start({ id: 'run-\u0000', kind: 'daily', input: '{}', startedMs: 1 });
      await first.finish('run-\u0000', { state: 'failed', endedMs: 2, output: null, error: 'a\u0000b' });
      assert.equal((await second.find('run-\u0000'))?.error, 'a\uFFFDb');
    });

    test('old runs are deleted with their steps, unless they are running', async () => {
      const runs = [
        ['old', 10],
        ['running', 10],
        ['new', 5000],
      ] as const;
      for (const [id, startedMs] of runs)
        await first.start({ id: `delete-${id}`, kind: 'daily', input: '{}', startedMs });
      for (const id of ['old', 'new']) {
        await first.finish(`delete-${id}`, { state: 'succeeded', endedMs: 5001, output: null, error: null });
        const step = { runId: `delete-${id}`, step: 'plan', attempt: 1, state: 'succeeded', startedMs: 11 } as const;
        await first.recordStep({ ...step, endedMs: 12, rows: null, detail: null, error: null });
      }
      assert.ok((await second.deleteBefore(4000)) >= 1);
      assert.equal(await second.deleteBefore(4000), 0);
      assert.equal(await first.find('delete-old'), undefined);
      assert.deepEqual(await first.steps('delete-old'), []);
      assert.equal((await first.find('delete-running'))?.state, 'running');
      assert.equal((await first.steps('delete-new')).length, 1);
    });
  });
}
