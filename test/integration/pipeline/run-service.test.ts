import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CondvestError } from '#base/errors.ts';
import type { AppContext } from '#runtime/app.ts';
import { readConfig } from '#runtime/config/config.ts';
import { startBuild } from '#runtime/daemon/build.ts';
import { marketStart, saveMarketSettings } from '#runtime/home-folder/simulated-market.ts';
import { openLocal } from '#runtime/local/open-local.ts';
import { RunService } from '#runtime/runs/run-service.ts';
import { runTask } from '#runtime/tasks/pipeline-tasks.ts';

describe('the run service', () => {
  let folder: string;
  let app: AppContext;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'condvest-runs-'));
    app = await openLocal(readConfig({ environment: { CONDVEST_HOME: folder }, workingFolder: folder }));
  });
  after(async () => {
    await app[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  const open = (): RunService => new RunService(app, { write: () => undefined });

  test('the first build is a run like any other: each step is reported as it goes, and no other run starts meanwhile', async () => {
    await using service = open();
    await using other = open();
    const to = app.calendar.lastClosedSession(app.clock.nowMs());
    const market = { seed: 1, securities: 12, from: marketStart(app.calendar, to, 1) };
    await saveMarketSettings(app.config, market);
    const seen: string[] = [];
    const { id, report } = await startBuild(app, service, {
      origin: { kind: 'simulated', market },
      onStep: ({ step, state }) => void seen.push(`${step} ${state}`),
    });
    assert.equal((await runTask(app, id))?.run.state, 'running');
    await assert.rejects(other.start({ input: {} }), { code: 'pipeline-busy', kind: 'transient' });
    assert.equal((await report).verified.findingCount, 0);
    for (const step of ['simulating', 'importing', 'resampling', 'merging', 'verifying'])
      for (const state of ['running', 'succeeded'])
        assert.ok(seen.includes(`${step} ${state}`), `${step} ${state} in ${seen.join(', ')}`);
    const { run, steps } = (await runTask(app, id)) ?? assert.fail('the run is recorded');
    assert.deepEqual([run.kind, run.state], ['build', 'succeeded']);
    assert.deepEqual(
      steps.map(({ step, state }) => `${step} ${state}`),
      ['simulating', 'importing', 'resampling', 'merging', 'verifying'].map((step) => `${step} succeeded`),
    );
    await assert.rejects(other.start({ input: {}, resume: id }), { code: 'pipeline-run-kind' });
  });

  test('a run starts in the background, and is recorded with its steps', async () => {
    await using service = open();
    const { id, report } = await service.start({ input: {} });
    assert.equal((await app.runs.latest(1))[0]?.id, id);
    await report;
    const { run, steps } = (await runTask(app, id)) ?? assert.fail('the run is recorded');
    assert.equal(run.state, 'succeeded');
    assert.deepEqual(
      steps.map(({ step, state }) => `${step} ${state}`),
      ['plan succeeded', 'report succeeded'],
    );
    assert.equal((await runTask(app, undefined))?.run.id, id, 'the newest by default');
    await assert.rejects(runTask(app, 'nothing'), { code: 'pipeline-run-unknown' });
  });

  test('disposing of the service stops work under way at a safe point, and records that', async () => {
    const service = open();
    const { id, ended } = await service.record({ kind: 'test', input: {} }, async ({ recorder, signal }) => {
      await recorder.step(
        'waiting',
        () => app.clock.sleep(3_600_000, signal),
        () => ({}),
      );
      return { error: null };
    });
    const outcome = ended.then(
      () => 'ended',
      (cause: unknown) => (cause instanceof CondvestError ? cause.code : String(cause)),
    );
    await service[Symbol.asyncDispose]();
    assert.equal(await outcome, 'interrupted');
    const { run, steps } = (await runTask(app, id)) ?? assert.fail('the run is recorded');
    assert.deepEqual([run.state, run.error], ['failed', 'Stopped before its end']);
    assert.deepEqual(
      steps.map(({ step, state }) => `${step} ${state}`),
      ['waiting failed'],
    );
    // The lease was released.
    await using again = open();
    await (await again.start({ input: {} })).report;
  });

  test('a failed vacuum opens a notice, which no nightly run resolves, and the next vacuum does', async () => {
    await using service = open();
    const key = 'run-failed:vacuum';
    const isOpen = async (): Promise<boolean> =>
      (await app.notices.list({ openOnly: true, limit: 100 })).some((notice) => notice.key === key);
    const vacuum = (error: CondvestError | undefined): Promise<unknown> => {
      const work = async (): Promise<void> => {
        const { ended } = await service.record({ kind: 'vacuum', input: {} }, async () => {
          if (error !== undefined) throw error;
          return { error: null };
        });
        await ended;
      };
      return service.notifying('vacuum', new AbortController().signal, work).catch((cause: unknown) => cause);
    };
    const full = new CondvestError({ code: 'store-no-space', kind: 'permanent', message: 'The disk is full' });
    assert.equal(await vacuum(full), full);
    assert.equal(await isOpen(), true);
    await (await service.start({ input: {} })).report;
    assert.equal(await isOpen(), true);
    await vacuum(undefined);
    assert.equal(await isOpen(), false);
    const opened = (await app.notices.list({ openOnly: false, limit: 100 })).filter((notice) => notice.key === key);
    assert.match(opened[0]?.text ?? '', /The disk is full/);
    assert.equal(opened.length, 1);
  });
});
