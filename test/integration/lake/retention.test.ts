import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { MS_PER_DAY } from '#base/dates.ts';
import { Lake } from '#lake/lake.ts';
import type { LakeDeps } from '#lake/lake-deps.ts';
import type { Table } from '#lake/table.ts';
import { FaultStore, Killed } from '#test/fakes/fault-store.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { PROBE, probeText, putSessions, sessions } from '#test/fixtures/probe-table.ts';
import { openTestLake } from '#test/fixtures/test-lake.ts';

const START_MS = Date.UTC(2024, 0, 1);
const MON = sessions('2024-01-08');
const TUE = sessions('2024-01-09');

/** A lake in virtual time: a day passes between two commits. Version v was made at `START_MS` + v days. */
async function openAgeing(commits: number) {
  const clock = new VirtualClock(START_MS);
  const random = seededRandom(5);
  const under = await openTestLake({ clock, random });
  const times = new Map<string, number>();
  const store = new FaultStore(under.deps.store, { random, clock, times });
  const deps: LakeDeps = { ...under.deps, store };
  const table = new Lake(deps).table(PROBE);
  const age = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 1) {
      const version = (await table.head())?.version ?? -1;
      clock.move(START_MS + (version + 1) * MS_PER_DAY - clock.nowMs());
      await table.write(putSessions(deps, TUE, version + 1));
    }
  };
  await age(commits);
  const process = (): FaultStore => new FaultStore(under.deps.store, { random, clock, times });
  return {
    clock,
    deps,
    table,
    age,
    /** The same table for a process that has nothing in memory. */
    fresh: (store: FaultStore = process()): Table => new Lake({ ...deps, store }).table(PROBE),
    process,
    [Symbol.asyncDispose]: () => under[Symbol.asyncDispose](),
  };
}

const dayMs = (day: number): number => START_MS + day * MS_PER_DAY;

async function logNames(deps: LakeDeps): Promise<string[]> {
  const names: string[] = [];
  for await (const { key } of deps.store.list(`${PROBE.name}/_delta_log/`)) names.push(key.split('/').at(-1) ?? '');
  return names;
}

async function dataPaths(deps: LakeDeps): Promise<string[]> {
  const paths: string[] = [];
  for await (const { key } of deps.store.list(`${PROBE.name}/year=`)) paths.push(key.slice(PROBE.name.length + 1));
  return paths;
}

describe('time travel', () => {
  it('answers with the last version that is not later than the instant, by the commits own clock', async () => {
    await using under = await openAgeing(12);
    const table = under.fresh();
    for (const [instant, version] of [
      [dayMs(0), 0],
      [dayMs(3), 3],
      [dayMs(4) - 1, 3],
      [dayMs(11), 11],
      [dayMs(500), 11],
    ] as const) {
      assert.equal((await table.at({ asOfMs: instant }))?.version, version);
    }
    assert.equal(await table.at({ asOfMs: dayMs(0) - 1 }), undefined, 'before there was a table');
    assert.equal((await table.at({ version: 5 }))?.timestampMs, dayMs(5));
    await assert.rejects(table.at({ version: 12 }), { code: 'lake-version-unknown' });
    await assert.rejects(table.at({ version: -1 }), { code: 'lake-version-unknown' });
  });

  it('gives the same rows whatever came later', async () => {
    await using under = await openAgeing(3);
    const old = await under.fresh().at({ asOfMs: dayMs(1) });
    assert.ok(old !== undefined);
    const before = await probeText(under.deps, old);
    await under.age(5);
    await under.table.checkpoint();
    await under.age(2);
    const later = await under.fresh().at({ asOfMs: dayMs(1) });
    assert.ok(later !== undefined);
    assert.equal(later.version, 1);
    assert.deepEqual(await probeText(under.deps, later), before);
  });

  it('of a table that does not exist is undefined', async () => {
    await using under = await openTestLake();
    assert.equal(await under.lake.table(PROBE).at({ version: 0 }), undefined);
    assert.deepEqual(await under.lake.table(PROBE).history(), []);
    assert.equal(await under.lake.table(PROBE).vacuum(), undefined);
    assert.equal(await under.lake.table(PROBE).cleanLog(), undefined);
    assert.equal(await under.lake.table(PROBE).checkpoint(), undefined);
  });
});

describe('a checkpoint of the log', () => {
  it('is written every 100 commits, and opens to the same table', async () => {
    await using under = await openAgeing(0);
    const appId = 'resample:x';
    for (let i = 0; i <= 101; i += 1) {
      const version = (await under.table.head())?.version ?? -1;
      await under.table.write(async (base) => {
        const plan = await putSessions(under.deps, i % 2 === 0 ? MON : TUE, version + 1)(base);
        return plan === undefined ? undefined : { ...plan, txns: new Map([[appId, i]]) };
      });
    }
    const names = await logNames(under.deps);
    assert.deepEqual(
      names.filter((name) => name.includes('checkpoint')),
      ['00000000000000000100.checkpoint.parquet', '_last_checkpoint'],
    );
    const head = await under.table.head();
    const opened = await under.fresh().head();
    assert.ok(head !== undefined && opened !== undefined);
    for (const name of ['version', 'timestampMs', 'tableId', 'schema', 'txns', 'configuration'] as const) {
      assert.deepEqual(opened[name], head[name], name);
    }
    assert.equal(opened.txns.get(appId), 101);
    const shape = (snapshot: typeof head) =>
      snapshot.files.map(({ path, sizeBytes, modifiedMs, partitionValues, tags, stats, units }) => [
        path,
        sizeBytes,
        modifiedMs,
        partitionValues,
        tags,
        stats,
        units?.toString(),
      ]);
    assert.deepEqual(shape(opened), shape(head));
  });

  it('that lies half written in the scratch folder is nothing to a reader', async () => {
    await using under = await openAgeing(5);
    for (let point = 1; ; point += 1) {
      const process = under.process();
      process.killAt(point);
      const outcome = await under
        .fresh(process)
        .checkpoint()
        .catch((cause: unknown) => cause);
      assert.equal((await under.fresh().head())?.version, 4);
      if (!(outcome instanceof Killed)) break;
      assert.ok(point < 10);
    }
    assert.equal((await under.fresh().head())?.timestampMs, dayMs(4));
  });

  it('may be deleted together with its hint, and the commits alone give the table', async () => {
    await using under = await openAgeing(8);
    await under.table.checkpoint();
    await under.age(2);
    const folder = `${PROBE.name}/_delta_log/`;
    await under.deps.store.put(`${folder}_last_checkpoint`, Buffer.from('{"version": 7000}'));
    assert.equal((await under.fresh().head())?.version, 9, 'a hint that points beyond the log');
    await under.deps.store.put(`${folder}_last_checkpoint`, Buffer.from('not json'));
    assert.equal((await under.fresh().head())?.version, 9);
    await under.deps.store.delete([`${folder}_last_checkpoint`]);
    assert.equal((await under.fresh().head())?.version, 9);
    await under.deps.store.delete([`${folder}00000000000000000007.checkpoint.parquet`]);
    assert.equal((await under.fresh().head())?.version, 9);
  });

  it('that is damaged is reported as corrupt, with its name', async () => {
    await using under = await openAgeing(3);
    await under.table.checkpoint();
    const key = `${PROBE.name}/_delta_log/00000000000000000002.checkpoint.parquet`;
    await under.deps.store.put(key, Buffer.from('PAR1 this is not Parquet PAR1'));
    await assert.rejects(under.fresh().head(), {
      code: 'lake-checkpoint-unreadable',
      kind: 'corrupt',
      message: /0002\.checkpoint/,
    });
  });

  it('cannot hide that a commit is missing from the log', async () => {
    await using under = await openAgeing(5);
    await under.deps.store.delete([`${PROBE.name}/_delta_log/00000000000000000002.json`]);
    await assert.rejects(under.fresh().head(), { code: 'lake-log-gap', kind: 'corrupt' });
  });
});

describe('cleaning the log', () => {
  it('keeps the newest checkpoint before the cut-off and everything after it', async () => {
    await using under = await openAgeing(4);
    await under.table.checkpoint();
    await under.age(4);
    await under.table.checkpoint();
    await under.age(4);
    under.clock.move(dayMs(406) - under.clock.nowMs());
    // Versions up to 6 are older than 400 days; the checkpoint of 3 is the newest among them.
    const dry = await under.table.cleanLog({ dryRun: true });
    assert.deepEqual(
      dry?.files.map(({ path }) => path.split('/').at(-1)),
      [0, 1, 2].map((v) => `0000000000000000000${v}.json`),
    );
    assert.ok((await logNames(under.deps)).includes('00000000000000000000.json'), 'a dry run deletes nothing');
    const report = await under.table.cleanLog();
    assert.deepEqual(report, dry);
    assert.equal(report?.oldestVersion, 3);
    const table = under.fresh();
    assert.equal((await table.head())?.version, 11);
    assert.equal((await table.at({ asOfMs: dayMs(3) }))?.version, 3);
    assert.equal((await table.at({ version: 5 }))?.timestampMs, dayMs(5));
    const oldest = new Date(dayMs(3)).toISOString();
    await assert.rejects(table.at({ asOfMs: dayMs(3) - 1 }), {
      code: 'lake-as-of-too-old',
      message: new RegExp(oldest),
    });
    await assert.rejects(table.at({ version: 2 }), { code: 'lake-as-of-too-old' });
  });

  it('does nothing while there is no checkpoint that old', async () => {
    await using under = await openAgeing(4);
    under.clock.move(dayMs(401) - under.clock.nowMs());
    await under.age(0);
    assert.deepEqual((await under.table.cleanLog())?.files, []);
    assert.equal((await under.fresh().at({ version: 0 }))?.version, 0);
  });

  it('keeps the commits that a derived table has not read yet', async () => {
    await using under = await openAgeing(4);
    await under.table.checkpoint();
    await under.age(4);
    await under.table.checkpoint();
    under.clock.move(dayMs(800));
    const report = await under.table.cleanLog({ neededVersions: [{ version: 5, by: 'silver/bars_3d' }] });
    assert.equal(report?.oldestVersion, 3);
    for await (const record of under.table.commits(6, 7)) assert.ok(record.dataChange);
  });

  it('interrupted anywhere leaves a table that opens, and can be run again', async () => {
    await using under = await openAgeing(4);
    await under.table.checkpoint();
    await under.age(3);
    await under.table.checkpoint();
    under.clock.move(dayMs(800));
    for (let point = 1; ; point += 1) {
      const process = under.process();
      process.killAt(point);
      const outcome = await under
        .fresh(process)
        .cleanLog()
        .catch((cause: unknown) => cause);
      const table = under.fresh();
      assert.equal((await table.head())?.version, 6);
      assert.equal((await table.at({ version: 6 }))?.version, 6);
      if (!(outcome instanceof Killed)) break;
      assert.ok(point < 50);
    }
    await assert.rejects(under.fresh().at({ version: 5 }), { code: 'lake-as-of-too-old' });
  });
});

describe('vacuum', () => {
  it('deletes exactly what its dry run lists: files that no version inside the retention has', async () => {
    await using under = await openAgeing(12);
    // Version v's file was removed by version v + 1, a day later. At day 20, ten days back is day 10.
    under.clock.move(dayMs(20) - under.clock.nowMs());
    const before = await dataPaths(under.deps);
    const retentionMs = 10 * MS_PER_DAY;
    const dry = await under.table.vacuum({ retentionMs, dryRun: true });
    assert.equal(dry?.files.length, 10);
    assert.equal(
      dry.bytes,
      dry.files.reduce((sum, file) => sum + file.sizeBytes, 0),
    );
    assert.ok(dry.files.every((file) => file.reason === 'removed'));
    assert.deepEqual(await dataPaths(under.deps), before);
    assert.equal((await under.table.head())?.version, 11, 'a dry run commits nothing');

    const real = await under.table.vacuum({ retentionMs });
    assert.deepEqual(real?.files, dry.files);
    const gone = new Set(dry.files.map((file) => file.path));
    assert.deepEqual(
      await dataPaths(under.deps),
      before.filter((path) => !gone.has(path)),
    );
    const again = await under.table.vacuum({ retentionMs });
    assert.deepEqual([again?.files, again?.bytes], [[], 0]);

    const table = under.fresh();
    for (const version of [10, 11]) {
      const snapshot = await table.at({ version });
      assert.ok(snapshot !== undefined && (await probeText(under.deps, snapshot)).length === 4);
    }
    const oldest = new RegExp(new Date(dayMs(10)).toISOString());
    await assert.rejects(table.at({ version: 9 }), { code: 'lake-as-of-too-old', message: oldest });
    await assert.rejects(table.at({ asOfMs: dayMs(10) - 1 }), { code: 'lake-as-of-too-old', message: oldest });
    assert.equal((await table.at({ asOfMs: dayMs(10) }))?.version, 10);
  });

  it('remembers what is no longer readable through a checkpoint and a cleaned log', async () => {
    await using under = await openAgeing(12);
    under.clock.move(dayMs(20) - under.clock.nowMs());
    await under.table.vacuum({ retentionMs: 10 * MS_PER_DAY });
    await under.table.checkpoint();
    await assert.rejects(under.fresh().at({ version: 9 }), { code: 'lake-as-of-too-old' });
  });

  it('finds tombstones through a checkpoint', async () => {
    await using under = await openAgeing(6);
    await under.table.checkpoint();
    under.clock.move(dayMs(20) - under.clock.nowMs());
    assert.equal((await under.fresh().vacuum({ retentionMs: 10 * MS_PER_DAY, dryRun: true }))?.files.length, 5);
    assert.equal((await under.fresh().vacuum({ dryRun: true }))?.files.length, 0, 'the default is 400 days');
  });

  it('deletes what killed processes left behind, but nothing that is young', async () => {
    await using under = await openAgeing(2);
    const { deps } = under;
    await deps.store.put(`${PROBE.name}/year=2024/orphan.parquet`, Buffer.from('x'));
    await deps.store.put(`${PROBE.name}/_hidden/x`, Buffer.from('x'));
    await deps.store.put(`${PROBE.name}/.hidden`, Buffer.from('x'));
    under.clock.move(9 * MS_PER_DAY);
    await deps.store.put(`${PROBE.name}/year=2024/staged-just-now.parquet`, Buffer.from('x'));
    const report = await under.table.vacuum({ retentionMs: 8 * MS_PER_DAY });
    assert.deepEqual(
      report?.files.map(({ path, reason }) => [path, reason]).filter(([, reason]) => reason === 'unreferenced'),
      [['year=2024/orphan.parquet', 'unreferenced']],
    );
    assert.ok((await dataPaths(deps)).includes('year=2024/staged-just-now.parquet'));
    assert.ok((await deps.store.head(`${PROBE.name}/_hidden/x`)) !== undefined);
  });

  it('keeps a file that is younger than the retention though its removal is not', async () => {
    await using under = await openAgeing(3);
    // A copied folder: every file looks as if written now.
    under.clock.move(dayMs(30) - under.clock.nowMs());
    for (const path of await dataPaths(under.deps)) {
      const key = `${PROBE.name}/${path}`;
      const bytes = await under.deps.store.get(key);
      await under.deps.store.put(key, bytes ?? Buffer.from(''));
    }
    assert.deepEqual((await under.table.vacuum({ retentionMs: 10 * MS_PER_DAY }))?.files, []);
  });

  it('refuses a retention that a running reader could feel, unless forced', async () => {
    await using under = await openAgeing(3);
    under.clock.move(MS_PER_DAY);
    const short = { retentionMs: 6 * MS_PER_DAY };
    await assert.rejects(under.table.vacuum(short), { code: 'lake-vacuum-retention-short', message: /7 days or more/ });
    await assert.rejects(under.table.vacuum({ ...short, dryRun: true }), { code: 'lake-vacuum-retention-short' });
    await assert.rejects(under.table.vacuum({ retentionMs: Number.NaN }), { code: 'lake-vacuum-retention' });
    await assert.rejects(under.table.vacuum({ retentionMs: 500 * MS_PER_DAY }), { code: 'lake-vacuum-retention-long' });
    const forced = await under.table.vacuum({ retentionMs: 0, force: true });
    assert.equal(forced?.files.length, 2);
    assert.equal((await under.fresh().head())?.fileCount, 1);
  });

  it('waits for what is derived from the versions that it would delete, unless forced', async () => {
    await using under = await openAgeing(12);
    under.clock.move(dayMs(20) - under.clock.nowMs());
    const retentionMs = 10 * MS_PER_DAY;
    const behind = [
      { version: 10, by: 'silver/bars_3d' },
      { version: 9, by: 'bronze/restatements' },
    ];
    await assert.rejects(under.table.vacuum({ retentionMs, neededVersions: behind }), {
      code: 'lake-vacuum-needed',
      message: /bronze\/restatements is at version 9/,
    });
    const caughtUp = [{ version: 10, by: 'bronze/restatements' }];
    assert.equal((await under.table.vacuum({ retentionMs, neededVersions: caughtUp, dryRun: true }))?.files.length, 10);
    assert.equal((await under.table.vacuum({ retentionMs, neededVersions: behind, force: true }))?.files.length, 10);
  });

  it('interrupted anywhere leaves every readable version whole, and can be run again', async () => {
    await using under = await openAgeing(8);
    under.clock.move(dayMs(20) - under.clock.nowMs());
    const options = { retentionMs: 15 * MS_PER_DAY };
    for (let point = 1; ; point += 1) {
      const process = under.process();
      process.killAt(point);
      const outcome = await under
        .fresh(process)
        .vacuum(options)
        .catch((cause: unknown) => cause);
      const table = under.fresh();
      const head = await table.head();
      for (let version = 0; version <= (head?.version ?? 0); version += 1) {
        const snapshot = await table.at({ version }).catch(() => undefined);
        if (snapshot !== undefined) assert.equal((await probeText(under.deps, snapshot)).length, 4);
      }
      if (!(outcome instanceof Killed)) break;
      assert.ok(point < 50);
    }
    assert.equal((await dataPaths(under.deps)).length, 3);
  });
});

describe('the history of a table', () => {
  it('lists the newest versions first', async () => {
    await using under = await openAgeing(5);
    const history = await under.table.history(3);
    assert.deepEqual(
      history.map(({ version, operation, rowsAdded, filesAdded, filesRemoved, units, timestampMs }) => [
        version,
        operation,
        rowsAdded,
        filesAdded,
        filesRemoved,
        units,
        timestampMs,
      ]),
      [4, 3, 2].map((version) => [version, 'WRITE', 4, 1, 1, '2024-01-09', dayMs(version)]),
    );
  });
});

describe('a column that is added later', () => {
  it('comes with the next write of the newer program, and older rows have none', async () => {
    await using under = await openAgeing(2);
    const wider = {
      ...PROBE,
      columns: [...PROBE.columns, { name: 'vwap', type: 'double' as const, comment: 'Added in a later release' }],
    };
    const newer = new Lake(under.deps).table(wider);
    assert.equal((await newer.head())?.schema.length, 8);
    await newer.write(putSessions(under.deps, MON, 1));
    const head = await under.fresh().head();
    assert.equal(head?.schema.at(-1)?.name, 'vwap');
    assert.deepEqual(head?.configuration, (await under.table.at({ version: 0 }))?.configuration);
    assert.equal((await under.table.at({ version: 1 }))?.schema.length, 8);
    // The older program still writes: it knows nothing of the column and leaves it alone.
    await under.age(1);
    assert.equal((await under.fresh().head())?.schema.length, 9);
  });
});
