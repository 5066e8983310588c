import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import type { Snapshot } from '#lake/snapshot.ts';
import type { Table } from '#lake/table.ts';
import type { Planner } from '#lake/write-plan.ts';
import { SessionSet } from '#market/session-set.ts';
import { expectedText, mergeFiles, PROBE, probeText, putSessions, sessions } from '#test/fixtures/probe-table.ts';
import { pythonLacks, runPython } from '#test/fixtures/python.ts';
import { openTestLake, type TestLake } from '#test/fixtures/test-lake.ts';

const skip = pythonLacks('deltalake', 'pyarrow');

const FRI = sessions('2023-12-29');
const MON = sessions('2024-01-08');
const TUE = sessions('2024-01-09');
const WED = sessions('2024-01-10');
const ALL = [FRI, MON, TUE, WED];

/** Rows as delta-rs reads them, in the words of `probeText`. Arguments: folder, version or "head". */
const READ = `
import json, sys
from deltalake import DeltaTable
table = DeltaTable(sys.argv[1], version=None if sys.argv[2] == "head" else int(sys.argv[2]))
def word(value):
    if value is None: return "null"
    if isinstance(value, bool): return "true" if value else "false"
    if isinstance(value, float): return str(int(value)) if value == int(value) else repr(value)
    return str(value)
rows = []
data = table.to_pyarrow_table()
columns = {field.name: str(field.type) for field in data.schema}
for row in data.to_pylist():
    row["seen_at"] = int(row["seen_at"].timestamp() * 1000 + 0.5)
    assert row.pop("year") == row["session"].year
    rows.append((row["session"], row["symbol"], " ".join(word(row[c]) for c in
        ["symbol", "session", "price", "trades", "rank", "flag", "seen_at"])))
rows.sort(key=lambda r: (r[0], r[1].encode()))
print(json.dumps({"version": table.version(), "columns": columns, "rows": [r[2] for r in rows]}))
`;

interface Seen {
  readonly version: number;
  readonly columns: Readonly<Record<string, string>>;
  readonly rows: readonly string[];
}

const folderOf = (under: TestLake): string => join(under.root, PROBE.name);

async function assertSameRows(
  under: TestLake,
  snapshot: Snapshot | undefined,
  version: number | 'head',
): Promise<void> {
  assert.ok(snapshot !== undefined);
  const seen = (await runPython(READ, folderOf(under), String(version))) as Seen;
  assert.equal(seen.version, snapshot.version);
  assert.deepEqual(seen.rows, await probeText(under.deps, snapshot));
  assert.ok(seen.rows.length > 0);
}

async function written(under: TestLake): Promise<Table> {
  const table = under.lake.table(PROBE);
  for (const [i, units] of ALL.entries()) await table.write(putSessions(under.deps, units, i));
  return table;
}

describe('delta-rs reads a table of ours', { skip }, () => {
  it('with every column type, nulls included, at head and at every old version', async () => {
    await using under = await openTestLake();
    const table = await written(under);
    await table.write(putSessions(under.deps, TUE, 9));
    for (let version = 0; version <= 4; version += 1) await assertSameRows(under, await table.at({ version }), version);
    const { columns } = (await runPython(READ, folderOf(under), 'head')) as Seen;
    assert.deepEqual(columns, {
      symbol: 'string',
      session: 'date32[day]',
      price: 'double',
      trades: 'int64',
      rank: 'int32',
      flag: 'bool',
      seen_at: 'timestamp[us, tz=UTC]',
      year: 'int32',
    });
  });

  it('after a merge of its files', async () => {
    await using under = await openTestLake();
    const table = await written(under);
    await table.write(mergeFiles(under.deps, 2024));
    await assertSameRows(under, await table.head(), 'head');
    await assertSameRows(under, await table.at({ version: 3 }), 3);
  });

  it('from a checkpoint of ours alone, its commits being gone', async () => {
    await using under = await openTestLake();
    const table = await written(under);
    await table.write(putSessions(under.deps, TUE, 9));
    await table.write(async (base) => {
      const plan = await putSessions(under.deps, WED, 9)(base);
      return plan === undefined ? undefined : { ...plan, txns: new Map([['resample:x', 3]]) };
    });
    await table.checkpoint();
    const { store } = under.deps;
    const name = (version: number): string => `${PROBE.name}/_delta_log/0000000000000000000${version}.json`;
    await store.delete([0, 1, 2, 3, 4, 5].map(name));
    await assertSameRows(under, await under.again().table(PROBE).head(), 'head');
    const state = await runPython(
      `
import json, sys
from deltalake import DeltaTable
t = DeltaTable(sys.argv[1])
m = t.metadata()
print(json.dumps([t.transaction_version("resample:x"), m.name, m.configuration["condvest.layout"],
  m.partition_columns, t.protocol().min_reader_version, t.protocol().min_writer_version]))`,
      folderOf(under),
    );
    assert.deepEqual(state, [3, 'bronze/probe', '1', ['year'], 1, 2]);
  });

  it('after the log was cleaned and old files were vacuumed', async () => {
    await using under = await openTestLake();
    const table = await written(under);
    await table.write(putSessions(under.deps, TUE, 9));
    await table.checkpoint();
    await table.write(putSessions(under.deps, WED, 9));
    const far = { ...under.deps.clock, nowMs: () => Date.now() + 800 * 86_400_000 };
    const later = under.again({ clock: far }).table(PROBE);
    assert.equal((await later.cleanLog())?.oldestVersion, 4);
    assert.equal((await later.vacuum())?.files.length, 2);
    await assertSameRows(under, await later.head(), 'head');
  });

  it('with a column that was added later', async () => {
    await using under = await openTestLake();
    await written(under);
    const wider = { ...PROBE, columns: [...PROBE.columns, { name: 'vwap', type: 'double' as const, comment: '' }] };
    const newer = under.again().table(wider);
    await newer.write(putSessions(under.deps, TUE, 7));
    await assertSameRows(under, await newer.head(), 'head');
    const { columns } = (await runPython(READ, folderOf(under), 'head')) as Seen;
    assert.equal(columns.vwap, 'double');
  });

  it('and its vacuum keeps what our retention promises', async () => {
    await using under = await openTestLake();
    const table = await written(under);
    await table.write(putSessions(under.deps, TUE, 9));
    const files = await runPython(
      'import json, sys, deltalake\nprint(json.dumps(deltalake.DeltaTable(sys.argv[1]).vacuum(dry_run=False)))',
      folderOf(under),
    );
    assert.deepEqual(files, []);
    await assert.rejects(
      runPython(
        'import sys, deltalake\ndeltalake.DeltaTable(sys.argv[1]).vacuum(retention_hours=168)',
        folderOf(under),
      ),
      /9600/,
      'it refuses less than 400 days',
    );
    await assertSameRows(under, await table.at({ version: 3 }), 3);
  });
});

/** Appends rows for a session. Arguments: folder, session, value. */
const APPEND = `
import datetime, json, sys, pyarrow as pa
from deltalake import DeltaTable, write_deltalake
day, value = datetime.date.fromisoformat(sys.argv[2]), int(sys.argv[3])
at = datetime.datetime(day.year, day.month, day.day, 21, tzinfo=datetime.timezone.utc)
data = pa.table({
  "symbol": pa.array([f"SÜ{i}" for i in range(4)]),
  "session": pa.array([day] * 4, pa.date32()),
  "price": pa.array([None if i % 5 == 4 else i + value / 8 for i in range(4)], pa.float64()),
  "trades": pa.array([value * 10000000000 + i for i in range(4)], pa.int64()),
  "rank": pa.array(range(4), pa.int32()),
  "flag": pa.array([None if i % 3 == 2 else i % 2 == 0 for i in range(4)], pa.bool_()),
  "seen_at": pa.array([at + datetime.timedelta(milliseconds=i) for i in range(4)], pa.timestamp("us", "UTC")),
  "year": pa.array([day.year] * 4, pa.int32()),
})
write_deltalake(sys.argv[1], data, mode="append")
print(json.dumps(DeltaTable(sys.argv[1]).version()))
`;

describe('a table of ours that delta-rs has written to', { skip }, () => {
  it('shows the rows that it appended, and the units of its commit', async () => {
    await using under = await openTestLake();
    const table = await written(under);
    assert.equal(await runPython(APPEND, folderOf(under), '2024-01-11', '4'), 4);
    await assertSameRows(under, await table.head(), 'head');
    const puts = new Map(
      ALL.concat(sessions('2024-01-11')).flatMap((units, i) => [...units].map((d) => [d, i] as const)),
    );
    const head = await table.head();
    assert.ok(head !== undefined);
    assert.deepEqual(await probeText(under.deps, head), await expectedText(under.deps.engine, puts));
    for await (const record of table.commits(4, 4)) {
      assert.equal(record.ours, false);
      assert.equal(record.dataChange, true);
      assert.equal(record.units?.toString(), '2024-01-11');
    }
    assert.match((await table.history(1))[0]?.engine ?? '', /delta-rs/);
  });

  it('is planned again by a write of the same session that it got in front of', async () => {
    await using under = await openTestLake();
    const table = await written(under);
    let plans = 0;
    const units = sessions('2024-01-11');
    const planner: Planner = async (base) => {
      plans += 1;
      const plan = await putSessions(under.deps, units, 5)(base);
      if (plans === 1) await runPython(APPEND, folderOf(under), '2024-01-11', '4');
      return plan;
    };
    assert.equal((await table.write(planner))?.version, 5);
    assert.equal(plans, 2);
    assert.equal((await table.head())?.filesTouching(units).length, 1, 'its rows are not doubled');
    await assertSameRows(under, await table.head(), 'head');
  });

  it('is not planned again by a write of another session', async () => {
    await using under = await openTestLake();
    const table = await written(under);
    let plans = 0;
    const planner: Planner = async (base) => {
      plans += 1;
      const plan = await putSessions(under.deps, TUE, 5)(base);
      if (plans === 1) await runPython(APPEND, folderOf(under), '2024-01-11', '4');
      return plan;
    };
    await table.write(planner);
    assert.equal(plans, 1);
    await assertSameRows(under, await table.head(), 'head');
  });

  it('has the same rows after it compacted, checkpointed and cleaned it, and is still written by us', async () => {
    await using under = await openTestLake();
    const table = await written(under);
    const before = await table.head();
    assert.ok(before !== undefined);
    const rows = await probeText(under.deps, before);
    await runPython(
      `
import json, sys
from deltalake import DeltaTable
t = DeltaTable(sys.argv[1])
t.optimize.compact()
t.create_checkpoint()
t.cleanup_metadata()
print(json.dumps(t.version()))`,
      folderOf(under),
    );
    for (const seen of [table, under.again().table(PROBE)]) {
      const head = await seen.head();
      assert.ok(head !== undefined);
      assert.equal(head.version, 4);
      assert.equal(head.fileCount, 2);
      assert.deepEqual(await probeText(under.deps, head), rows);
      assert.ok(head.timestampMs > before.timestampMs);
    }
    for await (const record of table.commits(4, 4)) {
      assert.equal(record.dataChange, false);
      assert.equal(record.units?.size, 0);
    }
    await under
      .again()
      .table(PROBE)
      .write(putSessions(under.deps, TUE, 9));
    await assertSameRows(under, await table.head(), 'head');
    assert.equal((await table.head())?.filesTouching(SessionSet.empty.union(FRI)).length, 1);
  });

  it('is right after it deleted, restored, and added a column', async () => {
    await using under = await openTestLake();
    const table = await written(under);
    const run = (line: string): Promise<unknown> =>
      runPython(
        `
import json, sys
from deltalake import DeltaTable, Field
from deltalake.schema import PrimitiveType
t = DeltaTable(sys.argv[1])
${line}
print(json.dumps(DeltaTable(sys.argv[1]).version()))`,
        folderOf(under),
      );
    await run(`t.delete("session = '2024-01-09' and rank = 1")`);
    await assertSameRows(under, await table.head(), 'head');
    assert.equal((await table.head())?.fileCount, 4);
    await run('t.restore(2)');
    await assertSameRows(under, await table.head(), 'head');
    assert.equal((await table.head())?.fileCount, 3);
    await run('t.alter.add_columns([Field("theirs", PrimitiveType("string"))])');
    assert.equal((await table.head())?.schema.length, 9);
    await table.write(putSessions(under.deps, WED, 9));
    await assertSameRows(under, await table.head(), 'head');
    await assertSameRows(under, await under.again().table(PROBE).at({ version: 3 }), 3);
  });

  it('is read but not written once it was given a feature that we do not have', async () => {
    await using under = await openTestLake();
    const table = await written(under);
    await runPython(
      `
import sys
from deltalake import DeltaTable
DeltaTable(sys.argv[1]).alter.add_constraint({"positive": "trades >= 0"})
print(1)`,
      folderOf(under),
    );
    const head = await table.head();
    assert.equal(head?.fileCount, 4);
    await assert.rejects(table.write(putSessions(under.deps, MON, 1)), {
      code: 'lake-protocol-too-new',
      message: /it can still be read/,
    });
    assert.equal((await table.head())?.version, head.version);
  });
});
