import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { mergeFiles, PROBE, probeText, putSessions, sessions } from '#test/fixtures/probe-table.ts';
import { Python } from '#test/fixtures/python.ts';
import { openTestLake } from '#test/fixtures/test-lake.ts';

/**
 * The slower suite: Spark with Delta takes a minute to start and to answer. It runs where `CONDVEST_TEST_SPARK_PYTHON` names
 * a Python with `pyspark` and `delta-spark` (and a Java that Spark can use).
 */
const python = new Python('CONDVEST_TEST_SPARK_PYTHON');
const skip =
  process.env.CONDVEST_TEST_SPARK_PYTHON === undefined
    ? 'SKIPPED: set CONDVEST_TEST_SPARK_PYTHON to a Python with pyspark and delta-spark'
    : python.lacks('pyspark', 'delta');

/** A JVM of a minute gains nothing by optimizing its code thoroughly. */
const JAVA_OPTIONS = '-Duser.timezone=UTC -XX:TieredStopAtLevel=1 -XX:+UseSerialGC';

/** One session for everything. Arguments: the folder, and a version to read besides the head. */
const SCRIPT = `
import datetime, json, sys
from pyspark.sql import SparkSession
from delta import DeltaTable, configure_spark_with_delta_pip
builder = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
  .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
  .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
  .config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "1")
  .config("spark.databricks.delta.snapshotPartitions", "1").config("spark.driver.extraJavaOptions", "${JAVA_OPTIONS}"))
spark = configure_spark_with_delta_pip(builder).getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
folder, version = sys.argv[1], int(sys.argv[2])
def word(value):
    if value is None: return "null"
    if isinstance(value, bool): return "true" if value else "false"
    if isinstance(value, float): return str(int(value)) if value == int(value) else repr(value)
    return str(value)
def rows(**options):
    frame = spark.read.format("delta").options(**options).load(folder)
    found = frame.selectExpr("symbol", "session", "price", "trades", "rank", "flag", "unix_millis(seen_at)", "year").collect()
    assert all(r[7] == r[1].year for r in found)
    return [" ".join(word(cell) for cell in r[:7]) for r in sorted(found, key=lambda r: (r[1], r[0].encode()))]
head, old = rows(), rows(versionAsOf=version)
columns = {f.name: f.dataType.simpleString() for f in spark.read.format("delta").load(folder).schema.fields}
spark.sql(f"""INSERT INTO delta.\`{folder}\` SELECT 'SPARK', DATE '2024-01-11', 1.5D, 7L, 3, true,
  TIMESTAMP '2024-01-11 21:00:00', 2024""")
spark.sql(f"OPTIMIZE delta.\`{folder}\`")
spark.sql(f"DELETE FROM delta.\`{folder}\` WHERE session = DATE '2023-12-29' AND rank = 1")
history = [r["operation"] for r in DeltaTable.forPath(spark, folder).history().collect()]
print(json.dumps({"head": head, "old": old, "columns": columns, "after": rows(), "history": history}))
`;

interface Seen {
  readonly head: readonly string[];
  readonly old: readonly string[];
  readonly columns: Readonly<Record<string, string>>;
  readonly after: readonly string[];
  readonly history: readonly string[];
}

describe('Spark', { skip }, () => {
  it('reads a table of ours after merging, clean-up and vacuum, and what it writes is right for us', async () => {
    await using under = await openTestLake();
    const table = under.lake.table(PROBE);
    for (const [i, day] of ['2023-12-29', '2024-01-08', '2024-01-09', '2024-01-10'].entries()) {
      await table.write(putSessions(under.deps, sessions(day), i, 6));
    }
    await table.write(mergeFiles(under.deps, 2024));
    await table.checkpoint();
    await table.write(putSessions(under.deps, sessions('2024-01-09'), 9, 6));
    const later = under
      .again({ clock: { ...under.deps.clock, nowMs: () => Date.now() + 800 * 86_400_000 } })
      .table(PROBE);
    assert.equal((await later.cleanLog())?.oldestVersion, 4);
    const [head, old] = [await table.head(), await table.at({ version: 4 })];
    assert.ok(head !== undefined && old !== undefined);
    const [headText, oldText] = [await probeText(under.deps, head), await probeText(under.deps, old)];

    const seen = (await python.run(SCRIPT, join(under.root, PROBE.name), '4')) as Seen;
    assert.deepEqual(seen.head, headText);
    assert.deepEqual(seen.old, oldText);
    assert.deepEqual(seen.columns, {
      symbol: 'string',
      session: 'date',
      price: 'double',
      trades: 'bigint',
      rank: 'int',
      flag: 'boolean',
      seen_at: 'timestamp',
      year: 'int',
    });
    for (const reader of [table, under.again().table(PROBE)]) {
      const after = await reader.head();
      assert.ok(after !== undefined);
      assert.deepEqual(await probeText(under.deps, after), seen.after);
    }
    assert.deepEqual(seen.history.slice(0, 3), ['DELETE', 'OPTIMIZE', 'WRITE']);
    const committed = await table.write(putSessions(under.deps, sessions('2024-01-11'), 3));
    assert.equal((await table.head())?.filesTouching(sessions('2024-01-11')).length, 1);
    assert.equal(committed?.version, 9);
  });
});
