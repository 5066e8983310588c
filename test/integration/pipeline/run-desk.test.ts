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
import { RunDesk, type RunEvent } from '#runtime/runs/run-service.ts';

describe('the desk of runs', () => {
  let folder: string;
  let app: AppContext;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'condvest-desk-'));
    app = await openLocal(readConfig({ environment: { CONDVEST_HOME: folder }, workingFolder: folder }));
  });
  after(async () => {
    await app[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  const open = (): RunDesk => new RunDesk(app, { write: () => undefined });

  async function all(events: AsyncIterable<RunEvent>): Promise<string[]> {
    const seen: string[] = [];
    for await (const event of events)
      seen.push(event.kind === 'run' ? `run ${event.run.state}` : `${event.step.step} ${event.step.state}`);
    return seen;
  }

  test('the first filling is a run like any other: watched as it goes, and alone at work', async () => {
    await using desk = open();
    await using other = open();
    const to = app.calendar.lastClosedSession(app.clock.nowMs());
    const market = { seed: 1, securities: 12, from: marketStart(app.calendar, to, 1) };
    await saveMarketSettings(app.config, market);
    const { id, report } = await startBuild(app, desk, { origin: { kind: 'simulated', market } });
    await assert.rejects(other.start({ input: {} }), { code: 'pipeline-busy', kind: 'transient' });
    // One follower in this process and one that can only look into the store see the same.
    const [here, elsewhere] = await Promise.all([all(desk.follow(id)), all(other.follow(id))]);
    for (const seen of [here, elsewhere]) {
      assert.equal(seen[0], 'run running');
      assert.equal(seen.at(-1), 'run succeeded');
      for (const step of ['simulating', 'importing', 'resampling', 'merging', 'verifying'])
        assert.ok(seen.includes(`${step} succeeded`), `${step} in ${seen.join(', ')}`);
    }
    assert.equal((await report).verified.findingCount, 0);
    assert.equal((await other.details(id))?.run.kind, 'build');
    await assert.rejects(other.start({ input: {}, resume: id }), { code: 'pipeline-run-kind' });
  });

  test('a run is started in the background, and who follows late is told how it went', async () => {
    await using desk = open();
    const { id, report } = await desk.start({ input: {} });
    assert.equal((await desk.runs(1))[0]?.id, id);
    await report;
    const seen = await all(desk.follow(id));
    assert.deepEqual(seen, ['plan succeeded', 'report succeeded', 'run succeeded']);
    await assert.rejects(all(desk.follow('nothing')), { code: 'pipeline-run-unknown' });
  });

  test('who follows no run in particular is told of the next one, until he has enough', async () => {
    await using desk = open();
    const enough = new AbortController();
    const seen: string[] = [];
    let second: string | undefined;
    const following = (async () => {
      for await (const event of desk.follow(undefined, enough.signal)) {
        if (event.kind !== 'run' || event.run.state === 'running') continue;
        seen.push(event.run.id);
        if (event.run.id === second) return;
      }
    })();
    const first = await desk.start({ input: {} });
    await first.report;
    while (!seen.includes(first.id)) await app.clock.sleep(20);
    second = (await desk.start({ input: {} })).id;
    await following;
    assert.deepEqual(seen.slice(-2), [first.id, second]);
    enough.abort();
    assert.deepEqual(await all(desk.follow(undefined, enough.signal)), []);
  });

  test('closing the desk stops what is under way at a sound point, and says so', async () => {
    const desk = open();
    const { id, ended } = await desk.record({ kind: 'test', input: {} }, async ({ recorder, signal }) => {
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
    await desk[Symbol.asyncDispose]();
    assert.equal(await outcome, 'interrupted');
    await using again = open();
    const { run, steps } = (await again.details(id)) ?? assert.fail('it was recorded');
    assert.deepEqual([run.state, run.error], ['failed', 'Stopped before its end']);
    assert.deepEqual(
      steps.map(({ step, state }) => `${step} ${state}`),
      ['waiting failed'],
    );
    // The lease was given back.
    await (await again.start({ input: {} })).report;
  });

  test('a vacuum that fails is told of, no nightly run calls it over, and the next vacuum does', async () => {
    await using desk = open();
    const key = 'run-failed:vacuum';
    const isOpen = async (): Promise<boolean> =>
      (await desk.notices({ openOnly: true, limit: 100 })).some((notice) => notice.key === key);
    const vacuum = (error: CondvestError | undefined): Promise<unknown> => {
      const work = async (): Promise<void> => {
        const { ended } = await desk.record({ kind: 'vacuum', input: {} }, async () => {
          if (error !== undefined) throw error;
          return { error: null };
        });
        await ended;
      };
      return desk.telling('vacuum', new AbortController().signal, work).catch((cause: unknown) => cause);
    };
    const full = new CondvestError({ code: 'store-no-space', kind: 'permanent', message: 'The disk is full' });
    assert.equal(await vacuum(full), full);
    assert.equal(await isOpen(), true);
    await (await desk.start({ input: {} })).report;
    assert.equal(await isOpen(), true);
    await vacuum(undefined);
    assert.equal(await isOpen(), false);
    const told = (await desk.notices({ openOnly: false, limit: 100 })).filter((notice) => notice.key === key);
    assert.match(told[0]?.text ?? '', /The disk is full/);
    assert.equal(told.length, 1);
  });

  test('followers are bounded', async () => {
    await using desk = open();
    const { id } = (await desk.runs(1))[0] ?? assert.fail('there is a run');
    const following = Array.from({ length: 100 }, () => desk.follow());
    await Promise.all(following.map((one) => one.next()));
    await assert.rejects(desk.follow(id).next(), { code: 'pipeline-followers-many', kind: 'transient' });
    await following[0]?.return();
    assert.equal((await desk.follow(id).next()).done, false);
    await Promise.all(following.map((one) => one.return()));
  });
});
