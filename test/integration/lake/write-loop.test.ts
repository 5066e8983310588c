import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { CondvestError } from '#base/errors.ts';
import type { Table } from '#lake/table.ts';
import type { Committed, Planner } from '#lake/write-plan.ts';
import { FaultStore, type Faults, Killed } from '#test/fakes/fault-store.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { expectedText, mergeFiles, PROBE, probeText, putSessions, sessions } from '#test/fixtures/probe-table.ts';
import { openTestLake, type TestLake } from '#test/fixtures/test-lake.ts';

const MON = sessions('2024-01-08');
const TUE = sessions('2024-01-09');
const WED = sessions('2024-01-10');

async function textOf(under: TestLake, table: Table): Promise<string[]> {
  const head = await table.head();
  return head === undefined ? [] : probeText(under.deps, head);
}

async function dataFiles(under: TestLake): Promise<string[]> {
  const paths: string[] = [];
  for await (const { key } of under.deps.store.list(`${PROBE.name}/year=`))
    paths.push(key.slice(PROBE.name.length + 1));
  return paths;
}

/** Runs `inside` after the first plan is made and before it is committed: somebody else gets in front. */
function overtaken(planner: Planner, inside: () => Promise<unknown>): Planner {
  let first = true;
  return async (base) => {
    const plan = await planner(base);
    if (first) {
      first = false;
      await inside();
    }
    return plan;
  };
}

describe('writing a table', () => {
  it('makes versions that follow each other, with instants that rise though the clock stands still', async () => {
    const clock = new VirtualClock(Date.UTC(2024, 0, 10));
    await using under = await openTestLake({ clock });
    const table = under.lake.table(PROBE);
    assert.equal(await table.head(), undefined);
    const commits: (Committed | undefined)[] = [];
    for (const [i, units] of [MON, TUE, WED].entries())
      commits.push(await table.write(putSessions(under.deps, units, i)));
    clock.move(-3_600_000);
    commits.push(await table.write(putSessions(under.deps, MON, 9)));
    const start = Date.UTC(2024, 0, 10);
    assert.deepEqual(
      commits.map((commit) => [commit?.version, commit?.timestampMs]),
      [
        [0, start],
        [1, start + 1],
        [2, start + 2],
        [3, start + 3],
      ],
    );
    const expected = await expectedText(under.deps.engine, new Map([...MON].map((d) => [d, 9] as const)));
    assert.deepEqual((await textOf(under, table)).slice(0, 4), expected);
    assert.deepEqual(await textOf(under, under.again().table(PROBE)), await textOf(under, table));
  });

  it('does nothing where the planner finds nothing to do', async () => {
    await using under = await openTestLake();
    const table = under.lake.table(PROBE);
    assert.equal(await table.write(async () => undefined), undefined);
    assert.equal(await table.head(), undefined);
  });

  it('replays a plan unchanged when others wrote other sessions', async () => {
    await using under = await openTestLake();
    const table = under.lake.table(PROBE);
    const other = under.again().table(PROBE);
    await table.write(putSessions(under.deps, MON, 1));
    let plans = 0;
    const counted: Planner = async (base) => {
      plans += 1;
      return putSessions(under.deps, TUE, 1)(base);
    };
    const committed = await table.write(overtaken(counted, () => other.write(putSessions(under.deps, WED, 1))));
    assert.deepEqual([plans, committed?.version, committed?.attempts], [1, 2, 2]);
    assert.equal((await textOf(under, table)).length, 12);
    assert.equal((await dataFiles(under)).length, 3);
  });

  it('plans again when somebody put the same session, and does not double its rows', async () => {
    await using under = await openTestLake();
    const table = under.lake.table(PROBE);
    const other = under.again().table(PROBE);
    await table.write(putSessions(under.deps, MON, 1));
    await table.write(overtaken(putSessions(under.deps, TUE, 2), () => other.write(putSessions(under.deps, TUE, 3))));
    const head = await table.head();
    assert.equal(head?.filesTouching(TUE).length, 1);
    const text = await textOf(under, table);
    assert.equal(text.length, 8);
    assert.deepEqual(
      text.slice(4),
      await expectedText(under.deps.engine, new Map([...TUE].map((d) => [d, 2] as const))),
    );
  });

  it('plans again when its file was merged away, and loses no row', async () => {
    await using under = await openTestLake();
    const table = under.lake.table(PROBE);
    const other = under.again().table(PROBE);
    for (const units of [MON, TUE, WED]) await table.write(putSessions(under.deps, units, 1));
    await table.write(overtaken(putSessions(under.deps, TUE, 2), () => other.write(mergeFiles(under.deps, 2024))));
    assert.equal((await textOf(under, table)).length, 12);
    assert.equal((await table.head())?.fileCount, 1);
  });

  it('plans a merge again when a session changed under it, and brings no old row back', async () => {
    await using under = await openTestLake();
    const table = under.lake.table(PROBE);
    const other = under.again().table(PROBE);
    for (const units of [MON, TUE, WED]) await table.write(putSessions(under.deps, units, 1));
    await table.write(overtaken(mergeFiles(under.deps, 2024), () => other.write(putSessions(under.deps, TUE, 2))));
    const puts = new Map([...MON, ...TUE, ...WED].map((d) => [d, TUE.has(d) ? 2 : 1] as const));
    assert.deepEqual(await textOf(under, table), await expectedText(under.deps.engine, puts));
  });

  it('deletes the files of a plan that was given up, and only those', async () => {
    await using under = await openTestLake();
    const table = under.lake.table(PROBE);
    const other = under.again().table(PROBE);
    await table.write(overtaken(putSessions(under.deps, TUE, 2), () => other.write(putSessions(under.deps, TUE, 3))));
    const removedByReplan = 1;
    assert.equal((await dataFiles(under)).length, 1 + removedByReplan, 'the head, and the version before it');

    const before = await dataFiles(under);
    const failing: Planner = overtaken(putSessions(under.deps, TUE, 4), () =>
      other.write(putSessions(under.deps, TUE, 5)),
    );
    let calls = 0;
    const planner: Planner = async (base) => {
      calls += 1;
      if (calls === 2) throw new CondvestError({ code: 'x', kind: 'permanent', message: 'planning failed' });
      return failing(base);
    };
    await assert.rejects(table.write(planner), { code: 'x' });
    assert.equal((await dataFiles(under)).length, before.length + 1, 'only the other writer left a file');
  });

  it('gives two commits that move one checkpoint a loser who computes again', async () => {
    await using under = await openTestLake();
    const table = under.lake.table(PROBE);
    const other = under.again().table(PROBE);
    await table.write(putSessions(under.deps, MON, 1));
    const moving =
      (version: number, units: typeof MON): Planner =>
      async (base) => {
        const plan = await putSessions(under.deps, units, version)(base);
        return plan === undefined ? undefined : { ...plan, txns: new Map([['resample:x', version]]) };
      };
    const seen: (number | undefined)[] = [];
    const mine: Planner = async (base) => {
      seen.push(base?.txns.get('resample:x'));
      return moving(5, TUE)(base);
    };
    await table.write(overtaken(mine, () => other.write(moving(4, WED))));
    assert.deepEqual(seen, [undefined, 4]);
    assert.equal((await table.head())?.txns.get('resample:x'), 5);
    const records = [];
    for await (const record of table.commits(0, 2)) records.push(record);
    assert.deepEqual(
      records.map(({ version, txns, units }) => [version, txns.get('resample:x'), units?.toString()]),
      [
        [0, undefined, '2024-01-08'],
        [1, 4, '2024-01-10'],
        [2, 5, '2024-01-09'],
      ],
    );
  });

  it('says which commit is missing instead of leaving it out', async () => {
    await using under = await openTestLake();
    const table = under.lake.table(PROBE);
    for (const units of [MON, TUE, WED]) await table.write(putSessions(under.deps, units, 1));
    await under.deps.store.delete([`${PROBE.name}/_delta_log/00000000000000000001.json`]);
    await assert.rejects(
      async () => {
        for await (const _ of table.commits(0, 2));
      },
      { code: 'lake-commit-missing', message: /Commit 1 / },
    );
  });
});

describe('a store that fails', () => {
  const lossy: [string, Partial<Faults>][] = [
    ['does the commit and loses the answer', { unknownStored: 1 }],
    ['loses half of the answers, done or not', { unknownStored: 0.3, unknownNotStored: 0.3 }],
    ['cannot tell the winner most of the time', { undecided: 0.8 }],
    ['fails half of the reads', { failRead: 0.3, unknownStored: 0.5 }],
  ];
  for (const [what, faults] of lossy) {
    it(`that ${what} makes no commit twice and none lost`, async () => {
      const random = seededRandom(7);
      const clock = new VirtualClock(Date.UTC(2024, 0, 10));
      await using under = await openTestLake({ random, clock });
      const faulty = new FaultStore(under.deps.store, { random });
      const table = under.again({ store: faulty }).table(PROBE);
      await under.lake.table(PROBE).write(putSessions(under.deps, MON, 0));
      await table.head();
      for (let i = 1; i <= 20; i += 1) {
        // Planning is not on trial here: only the commit meets the faults.
        const planner: Planner = async (base) => {
          faulty.setFaults({});
          const plan = await putSessions(under.deps, TUE, i)(base);
          faulty.setFaults(faults);
          return plan;
        };
        faulty.setFaults({});
        const committed = await table.write(planner);
        assert.equal(committed?.version, i);
      }
      const head = await under.again().table(PROBE).head();
      assert.equal(head?.version, 20);
      assert.equal(head.fileCount, 2);
    });
  }

  it('for ever makes a write give up in bounded time, and leaves its files while the commit is in doubt', async () => {
    const random = seededRandom(3);
    const clock = new VirtualClock(Date.UTC(2024, 0, 10));
    await using under = await openTestLake({ random, clock });
    const faulty = new FaultStore(under.deps.store, { random, faults: { unknownNotStored: 1 } });
    const table = under.again({ store: faulty }).table(PROBE);
    await assert.rejects(table.write(putSessions(under.deps, MON, 1)), {
      code: 'lake-write-contention',
      kind: 'transient',
    });
    assert.equal((await dataFiles(under)).length, 1);
    assert.equal(await under.again().table(PROBE).head(), undefined);
  });

  it('for good, with nothing stored, makes a write clean up after itself', async () => {
    await using under = await openTestLake();
    const full = new CondvestError({ code: 'store-no-space', kind: 'permanent', message: 'The disk is full' });
    const store = new FaultStore(under.deps.store, { random: seededRandom(1) });
    store.putIfAbsent = async () => {
      throw full;
    };
    await assert.rejects(
      under
        .again({ store })
        .table(PROBE)
        .write(putSessions(under.deps, MON, 1)),
      full,
    );
    assert.deepEqual(await dataFiles(under), []);
  });

  it('whose process is killed between any two effects shows the old or the new version, whole', async () => {
    await using under = await openTestLake();
    const { store, engine } = under.deps;
    const random = seededRandom(11);
    await under.lake.table(PROBE).write(putSessions(under.deps, MON, 0));
    const outcomes = new Set<number>();
    for (let point = 1; ; point += 1) {
      const process = new FaultStore(store, { random, faults: { tornScratch: 1 } });
      process.killAt(point);
      const lake = under.again({ store: process });
      const before = (await under.lake.table(PROBE).head())?.version ?? 0;
      let killed = false;
      try {
        await lake.table(PROBE).write(putSessions({ ...under.deps, store: process }, TUE, point));
      } catch (cause) {
        assert.ok(cause instanceof Killed);
        killed = true;
      }
      const head = await under.again().table(PROBE).head();
      assert.ok(head !== undefined && head.version >= before && head.version <= before + 1);
      outcomes.add(head.version - before);
      const tuesday = (await probeText({ engine, store }, head)).slice(4);
      if (head.version > before) {
        assert.deepEqual(tuesday, await expectedText(engine, new Map([...TUE].map((d) => [d, point] as const))));
      }
      if (!killed) break;
    }
    assert.deepEqual(outcomes, new Set([0, 1]));
  });
});
