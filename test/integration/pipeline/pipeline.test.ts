import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SimulatedSource } from '#adapters/simulator/daily-source.ts';
import type { Fault } from '#adapters/simulator/scenarios.ts';
import type { SqlStore } from '#adapters/sql/store.ts';
import { isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { fetchBars } from '#batch/fetch/fetch-bars.ts';
import { planFetch } from '#batch/fetch/plan.ts';
import { type PipelineDeps, recordStep } from '#batch/pipeline/steps.ts';
import { silverBars } from '#lake/tables.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { DEFAULT_SOURCE_RANKS } from '#market/source-rank.ts';
import type { DailySource } from '#ports/daily-source.ts';
import type { NoticeEvent } from '#ports/notices.ts';
import type { ObjectStore } from '#ports/object-store.ts';
import { type PipelineRunReport, runPipeline } from '#runtime/runs/pipeline.ts';
import { openSqlStore } from '#test/contract/sql-stores.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { openTestLake, type TestLake } from '#test/fixtures/test-lake.ts';

const calendar = createCalendar({ lastYear: 2028 });
const first = isoDate('2026-11-16');
const random = seededRandom(7);

describe('the daily pipeline', () => {
  let folder: string;
  let lake: TestLake;
  let store: SqlStore;
  const clock = new VirtualClock(calendar.closeMs(first) + 300_000);
  const events: NoticeEvent[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'condvest-pipeline-'));
    lake = await openTestLake({ clock });
    store = openSqlStore({ path: join(folder, 'operations.sqlite') }, random);
    const deps = depsOf();
    const to = calendar.previous(first);
    const sessions = planFetch({
      calendar,
      ledger: new Map(),
      nowMs: clock.nowMs(),
      from: calendar.previous(first, 8),
      to,
    });
    await fetchBars(deps, { sessions });
  });
  after(async () => {
    await store[Symbol.asyncDispose]();
    await lake[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  function depsOf(faults: readonly Fault[] = [], more: Partial<PipelineDeps> = {}): PipelineDeps {
    const market = { seed: 1, securities: 12, from: calendar.previous(first, 40) };
    return {
      lake: lake.lake,
      calendar,
      clock,
      source: new SimulatedSource({ calendar, clock, market, faults }),
      rules: { sourceRanks: DEFAULT_SOURCE_RANKS, longestInterval: 5, partialShare: 0.9, quarantineBound: 0.1 },
      intervals: [3, 5],
      ...more,
    };
  }

  function run(pipeline: PipelineDeps, resume?: string, heartbeatMs = 20_000): Promise<PipelineRunReport> {
    const notifiers = [{ channel: 'test', deliver: async (event: NoticeEvent) => void events.push(event) }];
    return runPipeline(
      { ...store, pipeline, notifiers, clock, random },
      { input: {}, retryDelayMs: 0, heartbeatMs, ...(resume === undefined ? {} : { resume }) },
    );
  }

  const attempts = ({ steps }: PipelineRunReport, name: string): string[] =>
    steps.filter(({ step }) => step === name).map(({ state }) => state);

  test('a run fetches, derives and checks, each step once', async () => {
    const report = await run(depsOf());
    assert.equal(report.run.state, 'succeeded', report.run.error ?? '');
    assert.deepEqual(
      report.steps.map(({ step, state }) => `${step} ${state}`).toSorted((a, b) => (a < b ? -1 : 1)),
      [
        'consolidate succeeded',
        'fetch bars succeeded',
        'fetch reference succeeded',
        'plan succeeded',
        'record succeeded',
        'report succeeded',
        'resample 3 succeeded',
        'resample 5 succeeded',
        'verify succeeded',
      ],
    );
    const head = await lake.lake.table(silverBars(3)).head();
    const resumed = await run(depsOf(), report.run.id);
    assert.deepEqual([resumed.run.tries, resumed.run.state], [2, 'succeeded']);
    assert.equal(
      (await lake.lake.table(silverBars(3)).head())?.version,
      head?.version,
      'what is done is not done twice',
    );
  });

  test('lesson: nothing stopped a manual run beside the scheduled one; the second is refused, and told who is at work', async () => {
    const outcomes = await Promise.allSettled([run(depsOf()), run(depsOf())]);
    const refused = outcomes.find(({ status }) => status === 'rejected');
    assert.ok(refused?.status === 'rejected' && refused.reason instanceof CondvestError);
    assert.equal(refused.reason.code, 'pipeline-busy');
  });

  test('lesson: retries named two error types only; what fails for now is tried three times, told once, and once that it is over', async () => {
    clock.move(calendar.closeMs(calendar.next(first)) + 300_000 - clock.nowMs());
    const down: Fault = { name: 'outage', fromMs: 0, untilMs: clock.nowMs() + 1000 };
    const failed = await run(depsOf([down]));
    assert.equal(failed.run.state, 'failed');
    assert.deepEqual(attempts(failed, 'fetch bars'), ['failed', 'failed', 'failed']);
    assert.deepEqual(attempts(failed, 'resample 5'), ['succeeded'], 'one failing step stops no other');
    await run(depsOf([down]));
    const told = (event: string): number =>
      events.filter((one) => one.event === event && one.notice.kind === 'run-failed').length;
    assert.deepEqual([told('opened'), told('resolved')], [1, 0]);
    clock.move(2000);
    assert.equal((await run(depsOf([down]))).run.state, 'succeeded');
    assert.deepEqual([told('opened'), told('resolved')], [1, 1]);
  });

  test('lesson: one failed interval cancelled its siblings; ours stops neither them nor what comes after, and the run fails', async () => {
    clock.move(calendar.closeMs(calendar.next(first, 2)) + 300_000 - clock.nowMs());
    const { store } = lake.deps;
    const full: ObjectStore = new Proxy(store, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (name !== 'publish') return typeof value === 'function' ? value.bind(target) : value;
        return async (path: string, key: string) => {
          if (!key.startsWith('silver/bars_3d/')) return target.publish(path, key);
          throw new CondvestError({ code: 'no-space', kind: 'permanent', message: 'The disk is full' });
        };
      },
    });
    const report = await run(depsOf([], { lake: lake.again({ store: full }) }));
    assert.deepEqual(attempts(report, 'resample 3'), ['failed']);
    assert.equal(report.run.state, 'failed');
    assert.deepEqual(attempts(report, 'resample 5'), ['succeeded']);
    assert.deepEqual(attempts(report, 'verify'), ['succeeded']);
  });

  test('bad rows over the bound store nothing of the session, and are told as such', async () => {
    clock.move(calendar.closeMs(calendar.next(first, 3)) + 300_000 - clock.nowMs());
    const report = await run(depsOf([{ name: 'bad-rows', count: 6 }]));
    assert.equal(report.run.state, 'failed');
    assert.deepEqual(
      attempts(report, 'fetch bars'),
      ['succeeded'],
      'what another try would not mend is not tried again',
    );
    const key = `quarantine-over-bound:${calendar.next(first, 3)}`;
    const told = (): string[] => events.filter(({ notice }) => notice.key === key).map(({ event }) => event);
    assert.deepEqual(told(), ['opened']);
    const down: Fault = { name: 'outage', fromMs: 0, untilMs: clock.nowMs() + 1000 };
    assert.equal((await run(depsOf([down]))).run.state, 'failed');
    assert.deepEqual(told(), ['opened'], 'nobody could ask, so nothing is over');
    clock.move(2000);
    assert.equal((await run(depsOf())).run.state, 'succeeded');
    assert.deepEqual(told(), ['opened', 'resolved']);
  });

  test('a session that fails hides none that was refused over the bound', async () => {
    const [settling, newest] = [calendar.next(first, 3), calendar.next(first, 4)];
    clock.move(calendar.closeMs(newest) + 300_000 - clock.nowMs());
    const deps = depsOf([{ name: 'bad-rows', count: 6 }]);
    const bars: DailySource['bars'] = async (session) => {
      if (session === settling) throw new CondvestError({ code: 'broken', kind: 'permanent', message: 'It broke' });
      return deps.source.bars(session);
    };
    const source = new Proxy(deps.source, {
      get: (target, name) => {
        const value: unknown = name === 'bars' ? bars : Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const report = await run({ ...deps, source });
    assert.deepEqual(report.notified?.opened, ['run-failed:fetch bars', `quarantine-over-bound:${newest}`]);
    assert.equal((await run(depsOf())).run.state, 'succeeded');
  });

  test('lesson: every holiday ended in an alarm; a run on one is done, and tells nobody anything', async () => {
    clock.move(Date.parse('2026-11-26T21:05:00Z') - clock.nowMs());
    for (let runs = 0; runs < 2; runs += 1) await run(depsOf());
    const before = events.length;
    const report = await run(depsOf());
    assert.deepEqual(
      report.steps.map(({ step }) => step),
      ['plan', 'report'],
    );
    assert.equal(report.run.state, 'succeeded');
    assert.equal(events.length, before);
  });

  test("a run whose lease was taken over stops, and leaves what is the new holder's alone", async () => {
    clock.move(calendar.closeMs(calendar.next(first, 9)) + 300_000 - clock.nowMs());
    const { source } = depsOf();
    const asleep: DailySource = {
      ...onlyBars(source),
      bars: async (session, signal) => {
        // The machine slept for longer than the lease lasts, and somebody else began.
        clock.move(121_000);
        const lease = { name: 'pipeline:daily', holder: 'another', nowMs: clock.nowMs(), ttlMs: 120_000 };
        assert.equal((await store.leases.acquire(lease)).taken, true);
        await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
        signal?.throwIfAborted();
        return source.bars(session);
      },
    };
    await assert.rejects(run(depsOf([], { source: asleep }), undefined, 5), { code: 'pipeline-lease-lost' });
    await assert.rejects(run(depsOf()), { code: 'pipeline-busy' });
    await store.leases.release('pipeline:daily', 'another');
    assert.equal((await run(depsOf())).run.state, 'succeeded');
  });

  test('one death is made good in silence; runs that die one after the other are told of', async () => {
    const dead = async (id: string): Promise<void> => {
      clock.move(1000);
      await store.runs.start({ id, kind: 'daily', input: '{}', startedMs: clock.nowMs() });
    };
    const told = (): number => events.filter(({ notice }) => notice.key === 'run-failed:process').length;
    await dead('dead-1');
    assert.equal((await run(depsOf())).run.state, 'succeeded');
    assert.equal((await store.runs.find('dead-1'))?.state, 'failed');
    assert.equal(told(), 0);
    await dead('dead-2');
    await dead('dead-3');
    clock.move(1000);
    const report = await run(depsOf());
    assert.equal(report.run.state, 'succeeded');
    assert.equal(told(), 2, 'opened, and over with the run that lived');
    assert.deepEqual(attempts(report, 'verify'), ['succeeded'], 'after a death every step is gone through');
  });

  test('what was restated is told even if the run died before its report', async () => {
    const session = calendar.previous(first, 3);
    const fault: Fault = { name: 'restatement', session, fromMs: 0, factor: 3 };
    await fetchBars(depsOf([fault]), { sessions: [{ session, reason: 'again' }] });
    await recordStep(depsOf(), store.listings);
    const told = (): NoticeEvent[] => events.filter(({ notice }) => notice.kind === 'restated');
    assert.equal(told().length, 0);
    await run(depsOf());
    assert.equal(told().length, 1);
    await run(depsOf());
    assert.equal(told().length, 1);
  });

  test('a lake that cannot be read fails the run, and is told of', async () => {
    const { store } = lake.deps;
    const broken: ObjectStore = new Proxy(store, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (name !== 'list' && name !== 'get') return typeof value === 'function' ? value.bind(target) : value;
        return () => {
          throw new CondvestError({ code: 'fs-failed', kind: 'permanent', message: 'The disk does not answer' });
        };
      },
    });
    const report = await run(depsOf([], { lake: lake.again({ store: broken }) }));
    assert.equal(report.run.state, 'failed');
    const told = (): string[] =>
      events.filter(({ notice }) => notice.key.startsWith('run-failed:plan')).map(({ event }) => event);
    assert.deepEqual(told(), ['opened']);
    assert.equal((await run(depsOf())).run.state, 'succeeded');
    assert.deepEqual(told(), ['opened', 'resolved']);
  });

  test('a new interval is one more branch of the same definition', async () => {
    const report = await run(depsOf([], { intervals: [3, 5, 7] }));
    assert.deepEqual(attempts(report, 'resample 7'), ['succeeded']);
    assert.ok((await lake.lake.table(silverBars(7)).head())?.fileCount);
  });

  test('lesson: alerts came only when a process died; missing and few bars are told of by a run that succeeds', async () => {
    const at = events.length;
    clock.move(calendar.closeMs(calendar.next(first, 12)) + 300_000 - clock.nowMs());
    for (let runs = 0; runs < 2; runs += 1) await run(depsOf());
    const [absent, few] = [calendar.next(first, 13), calendar.next(first, 14)];
    const untilMs = Number.POSITIVE_INFINITY;
    const faults: Fault[] = [
      { name: 'missing-session', session: absent, untilMs },
      { name: 'partial-session', session: few, share: 0.4, untilMs },
    ];
    clock.move(calendar.settlesAtMs(few) + 300_000 - clock.nowMs());
    const report = await run(depsOf(faults));
    assert.equal(report.run.state, 'succeeded');
    const told = events.slice(at).map(({ event, notice }) => `${notice.key} ${event}`);
    assert.ok(told.includes(`session-missing:${absent} opened`), told.join());
    assert.ok(told.includes(`session-partial:${few} opened`), told.join());
  });
});

/** The bars of a source, without its lists and events. */
function onlyBars(source: DailySource): DailySource {
  const none = async (): Promise<never[]> => [];
  return {
    name: source.name,
    hasReference: false,
    parallelMax: 1,
    bars: (session, signal) => source.bars(session, signal),
    symbols: none,
    splits: none,
    dividends: none,
    symbolChanges: none,
  };
}
