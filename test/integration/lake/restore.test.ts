import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { CondvestError } from '#base/errors.ts';
import type { Table } from '#lake/table.ts';
import type { ObjectStore } from '#ports/object-store.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { mergeFiles, PROBE, probeText, putSessions, sessions } from '#test/fixtures/probe-table.ts';
import { pythonLacks, runPython } from '#test/fixtures/python.ts';
import { openTestLake, type TestLake } from '#test/fixtures/test-lake.ts';

const FRI = sessions('2023-12-29');
const MON = sessions('2024-01-08');
const TUE = sessions('2024-01-09');
const DAY_MS = 86_400_000;

async function textAt(under: TestLake, table: Table, version?: number): Promise<string[]> {
  const snapshot = version === undefined ? await table.head() : await table.at({ version });
  assert.ok(snapshot !== undefined);
  return probeText(under.deps, snapshot);
}

/** Versions 0 to 2: three sessions of two years. Version 3 replaces Monday, version 4 adds Wednesday. */
async function openWritten(parts: Parameters<typeof openTestLake>[0] = {}) {
  const under = await openTestLake(parts);
  const table = under.lake.table(PROBE);
  for (const units of [FRI, MON, TUE]) await table.write(putSessions(under.deps, units, 1));
  await table.write(putSessions(under.deps, MON, 2));
  await table.write(putSessions(under.deps, sessions('2024-01-10'), 2));
  return { under, table, [Symbol.asyncDispose]: () => under[Symbol.asyncDispose]() };
}

/** The store with another way to commit. */
function withCommit(store: ObjectStore, putIfAbsent: ObjectStore['putIfAbsent']): ObjectStore {
  return new Proxy(store, {
    get: (target, name) => {
      const member: unknown = name === 'putIfAbsent' ? putIfAbsent : Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

describe('restoring a table', () => {
  it('commits the files of the earlier version again, and writes none', async () => {
    await using written = await openWritten();
    const { under, table } = written;
    const wrong = await textAt(under, table);
    const { changes, version, from, filesRestored, filesRemoved } = await table.restore({ version: 2 });
    assert.deepEqual([from, version, filesRestored, filesRemoved], [4, 5, 1, 2]);
    assert.deepEqual(changes, [
      { unit: '2024-01-08', added: 0, removed: 0, replaced: 4 },
      { unit: '2024-01-10', added: 0, removed: 4, replaced: 0 },
    ]);
    assert.deepEqual(await textAt(under, table), await textAt(under, table, 2));
    assert.deepEqual(await textAt(under, table, 4), wrong, 'the version in between is as it was');

    const text = await readFile(join(under.root, PROBE.name, '_delta_log/00000000000000000005.json'), 'utf8');
    const [{ commitInfo }] = text.split('\n', 1).map((line) => JSON.parse(line)) as [{ commitInfo: never }];
    const { operation, operationParameters, operationMetrics, sessions: units } = commitInfo;
    assert.deepEqual([operation, units], ['RESTORE', '2024-01-08,2024-01-10']);
    assert.deepEqual(operationParameters, { version: 2, timestamp: null });
    const { numRestoredFiles, numRemovedFiles, numOfFilesAfterRestore } = operationMetrics;
    assert.deepEqual([numRestoredFiles, numRemovedFiles, numOfFilesAfterRestore], ['1', '2', '3']);
    assert.deepEqual(await textAt(under, under.again().table(PROBE)), await textAt(under, table, 2));
  });

  it('writes nothing when the rows are equal, however their files are arranged', async () => {
    await using written = await openWritten();
    const { under, table } = written;
    await table.write(mergeFiles(under.deps, 2024));
    assert.equal((await table.head())?.version, 5);
    const { changes, version } = await table.restore({ version: 4 });
    assert.deepEqual([changes, version], [[], undefined]);
    assert.equal((await table.head())?.version, 5);
  });

  it('keeps the merged file of a year whose rows are equal', async () => {
    await using written = await openWritten();
    const { under, table } = written;
    await table.write(mergeFiles(under.deps, 2024));
    await table.write(putSessions(under.deps, FRI, 3));
    const merged = (await table.head())?.files.filter(({ partitionValues }) => partitionValues['year'] === '2024');
    const { changes } = await table.restore({ version: 4 });
    assert.deepEqual(
      changes.map(({ unit }) => unit),
      ['2023-12-29'],
    );
    const after = (await table.head())?.files.map(({ path }) => path) ?? [];
    for (const { path } of merged ?? []) assert.ok(after.includes(path));
    assert.deepEqual(await textAt(under, table), await textAt(under, table, 4));
  });

  it('can be restored to in turn, and emptied', async () => {
    await using written = await openWritten();
    const { under, table } = written;
    const wrong = await textAt(under, table);
    await table.restore({ version: 2 });
    await table.restore({ version: 4 });
    assert.deepEqual(await textAt(under, table), wrong);
    const emptied = await table.restore('empty');
    assert.deepEqual([emptied.target, (await table.head())?.fileCount], [undefined, 0]);
    await table.restore({ version: 4 });
    assert.deepEqual(await textAt(under, table), wrong);
  });

  it('goes by the instant of a commit, and refuses one before the first', async () => {
    const clock = new VirtualClock(Date.UTC(2024, 0, 1));
    await using under = await openTestLake({ clock });
    const table = under.lake.table(PROBE);
    for (const value of [1, 2, 3]) {
      await table.write(putSessions(under.deps, MON, value));
      clock.move(DAY_MS);
    }
    const asOfMs = Date.UTC(2024, 0, 2, 12);
    const { target } = await table.restore({ asOfMs });
    assert.equal(target?.version, 1);
    const [newest] = await table.history(1);
    assert.deepEqual(newest?.parameters, { version: 1, timestamp: '2024-01-02T12:00:00.000Z' });
    await assert.rejects(table.restore({ asOfMs: Date.UTC(2023, 0, 1) }), { code: 'restore-before-first' });
    await assert.rejects(table.restore({ version: 99 }), { code: 'lake-version-unknown' });
    assert.equal((await table.head())?.version, 3);
  });

  it('takes away a row that another program has stored twice', async () => {
    await using written = await openWritten();
    const { under, table } = written;
    const right = await textAt(under, table);
    const monday = await putSessions(under.deps, MON, 2)(undefined);
    await table.write(async () => ({
      ...monday,
      operation: 'WRITE',
      add: monday?.add ?? [],
      remove: [],
      units: MON,
      dataChange: true,
    }));
    assert.equal((await textAt(under, table)).length, right.length + 4);
    const { changes } = await table.restore({ version: 4 });
    assert.deepEqual(changes, [{ unit: '2024-01-08', added: 0, removed: 4, replaced: 0 }]);
    assert.deepEqual(await textAt(under, table), right);
  });

  it('takes away rows that another program has written without a session', async () => {
    await using written = await openWritten();
    const { under, table } = written;
    const right = await textAt(under, table);
    const scratch = await under.deps.store.scratchPath('.parquet');
    await under.deps.engine.run(`COPY (SELECT 'X' AS symbol, NULL::DATE AS session) TO '${scratch}' (FORMAT parquet)`);
    const path = 'year=2024/without-session.parquet';
    const { sizeBytes: size, modifiedMs: modificationTime } = await under.deps.store.publish(
      scratch,
      `${PROBE.name}/${path}`,
    );
    const add = { path, size, modificationTime, partitionValues: { year: '2024' }, dataChange: true };
    await under.deps.store.putIfAbsent(
      `${PROBE.name}/_delta_log/00000000000000000005.json`,
      Buffer.from(`${JSON.stringify({ commitInfo: { operation: 'WRITE' } })}\n${JSON.stringify({ add })}\n`),
    );
    const { changes } = await table.restore({ version: 4 });
    assert.deepEqual(changes, [{ unit: undefined, added: 0, removed: 1, replaced: 0 }]);
    assert.deepEqual(await textAt(under, table), right);
    assert.deepEqual((await table.history(1))[0]?.units, '');
  });
});

describe('restoring beside other writers', () => {
  /** Opens the table as a process that another one overtakes: `first` commits before its first commit. */
  function overtaken(under: TestLake, first: () => Promise<unknown>): Table {
    const { store } = under.deps;
    let isFirst = true;
    const putIfAbsent: ObjectStore['putIfAbsent'] = async (key, bytes) => {
      if (isFirst) {
        isFirst = false;
        await first();
      }
      return store.putIfAbsent(key, bytes);
    };
    return under.again({ store: withCommit(store, putIfAbsent) }).table(PROBE);
  }

  it('ends with exactly the earlier version when a put of another session comes first', async () => {
    await using written = await openWritten();
    const { under, table } = written;
    const put = putSessions(under.deps, sessions('2024-01-11'), 7);
    const { from, version } = await overtaken(under, () => table.write(put)).restore({ version: 2 });
    assert.deepEqual([from, version], [5, 6]);
    assert.deepEqual(await textAt(under, table), await textAt(under, table, 2));
  });

  it('plans again after a merge of the same files', async () => {
    await using written = await openWritten();
    const { under, table } = written;
    await overtaken(under, () => table.write(mergeFiles(under.deps, 2024))).restore({ version: 2 });
    assert.deepEqual(await textAt(under, table), await textAt(under, table, 2));
  });

  it('writes once when two processes restore the same version', async () => {
    await using written = await openWritten();
    const { under, table } = written;
    const { changes, version } = await overtaken(under, () => table.restore({ version: 2 })).restore({ version: 2 });
    assert.deepEqual([changes, version], [[], undefined]);
    assert.equal((await table.head())?.version, 5);
  });

  it('is refused if a vacuum of that version comes first', async () => {
    const clock = new VirtualClock(Date.now() + 100 * DAY_MS);
    await using written = await openWritten({ clock });
    const { under, table } = written;
    clock.move(30 * DAY_MS);
    await table.write(putSessions(under.deps, TUE, 3));
    const vacuum = () => table.vacuum({ retentionMs: 8 * DAY_MS });
    await assert.rejects(overtaken(under, vacuum).restore({ version: 2 }), { code: 'lake-as-of-too-old' });
    assert.equal((await textAt(under, table)).length, 16);
  });

  it('never deletes a file of an earlier version, whatever becomes of its own commit', async () => {
    await using written = await openWritten();
    const { under, table } = written;
    const full = new CondvestError({ code: 'disk-full', kind: 'permanent', message: 'The disk is full' });
    const failing = withCommit(under.deps.store, () => Promise.reject(full));
    await assert.rejects(under.again({ store: failing }).table(PROBE).restore({ version: 2 }), { code: 'disk-full' });
    for (const version of [0, 1, 2, 3, 4]) assert.ok((await textAt(under, table, version)).length > 0);
  });
});

describe('restoring what is no longer there', () => {
  it('names the versions that can still be restored after files were deleted', async () => {
    await using written = await openWritten();
    const { under, table } = written;
    const [monday] = (await table.at({ version: 2 }))?.files.filter(({ units }) => units?.min === MON.min) ?? [];
    assert.ok(monday !== undefined);
    await under.deps.store.delete([`${PROBE.name}/${monday.path}`]);
    const fresh = under.again().table(PROBE);
    await assert.rejects(fresh.restore({ version: 2 }), (cause: CondvestError) => {
      assert.equal(cause.code, 'restore-files-gone');
      assert.match(cause.message, /1 file, such as year=2024\/.* Allowed: versions 0 and 3 to 4\./);
      return true;
    });
    assert.equal((await fresh.restore({ version: 0 })).version, 5);
  });

  for (const [damage, harm] of [
    ['lost', () => undefined],
    ['cut off', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 20)],
    ['overwritten', (bytes: Uint8Array) => bytes.map((byte, index) => (index % 7 === 0 ? 255 - byte : byte))],
  ] as const) {
    it(`goes back over a file that is ${damage}: the merged year, to the files that it was merged from`, async () => {
      await using written = await openWritten();
      const { under, table } = written;
      const right = await textAt(under, table);
      await table.write(mergeFiles(under.deps, 2024));
      const merged = (await table.head())?.files.find(({ partitionValues }) => partitionValues['year'] === '2024');
      const key = `${PROBE.name}/${merged?.path}`;
      const bytes = harm((await under.deps.store.get(key)) ?? Buffer.of());
      await under.deps.store.delete([key]);
      if (bytes !== undefined) await under.deps.store.put(key, bytes);
      const fresh = under.again().table(PROBE);
      const { changes, unreadFiles } = await fresh.restore({ version: 4 });
      assert.deepEqual([changes.map(({ unit }) => unit), unreadFiles], [['2024-01-08', '2024-01-09', '2024-01-10'], 1]);
      assert.deepEqual(await textAt(under, fresh), right);
    });
  }

  it('is vacuumed like any other: what a restore brought back stays, what it removed goes in its time', async () => {
    const clock = new VirtualClock(Date.now() + 500 * DAY_MS);
    await using written = await openWritten({ clock });
    const { under, table } = written;
    await table.restore({ version: 2 });
    clock.move(401 * DAY_MS);
    const report = await table.vacuum();
    assert.equal(report?.files.length, 2, 'the replaced Monday and the added Wednesday');
    assert.equal((await textAt(under, under.again().table(PROBE))).length, 12);
  });

  it('is refused if another program has changed the columns since', async () => {
    await using written = await openWritten();
    const { under, table } = written;
    const head = await table.head();
    const schema = JSON.parse(head?.metaData.schemaString ?? '') as { fields: { name: string; type: string }[] };
    const fields = schema.fields.map((field) => (field.name === 'rank' ? { ...field, type: 'string' } : field));
    const metaData = { ...head?.metaData, schemaString: JSON.stringify({ ...schema, fields }) };
    const commit = [{ commitInfo: { operation: 'CHANGE COLUMN' } }, { metaData }].map((line) => JSON.stringify(line));
    await under.deps.store.putIfAbsent(
      `${PROBE.name}/_delta_log/00000000000000000005.json`,
      Buffer.from(`${commit.join('\n')}\n`),
    );
    await assert.rejects(under.again().table(PROBE).restore({ version: 2 }), {
      code: 'restore-schema-differs',
      message: /rank: string now, integer then/,
    });
  });
});

const skip = pythonLacks('deltalake', 'pyarrow');

it('is read by delta-rs, which names it in the history', { skip }, async () => {
  await using written = await openWritten();
  const { under, table } = written;
  await table.restore({ version: 2 });
  await table.checkpoint();
  await table.restore({ version: 4 });
  const script = `
import json, sys
from deltalake import DeltaTable
table = DeltaTable(sys.argv[1])
rows = [DeltaTable(sys.argv[1], version=v).to_pyarrow_table().num_rows for v in range(table.version() + 1)]
print(json.dumps({"rows": rows, "history": [(h["version"], h["operation"]) for h in table.history(2)],
  "parameters": str(table.history(1)[0]["operationParameters"]["version"])}))`;
  const seen = await runPython(script, join(under.root, PROBE.name));
  assert.deepEqual(seen, {
    rows: [4, 8, 12, 12, 16, 12, 16],
    history: [
      [6, 'RESTORE'],
      [5, 'RESTORE'],
    ],
    parameters: '4',
  });
});
