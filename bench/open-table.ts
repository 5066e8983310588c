import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FsObjectStore } from '#adapters/fs/object-store.ts';
import { systemClock } from '#adapters/system/clock.ts';
import { systemRandom } from '#adapters/system/random.ts';
import { fromEpochDay, isoDate, toEpochDay } from '#base/dates.ts';
import { serializeCommit } from '#lake/actions.ts';
import { writeCheckpoint } from '#lake/checkpoint.ts';
import { schemaStringOf } from '#lake/delta-schema.ts';
import { Engine } from '#lake/engine.ts';
import { Lake } from '#lake/lake.ts';
import type { LakeDeps } from '#lake/lake-deps.ts';
import { DeltaLog } from '#lake/log.ts';
import { commitName } from '#lake/log-files.ts';
import { CONFIGURATION, PROTOCOL } from '#lake/protocol.ts';
import { DAILY_BARS } from '#lake/tables.ts';

/**
 * Time to open a table in a warm process, from its newest log checkpoint and the commits after it, compared with
 * reading the same actions as JSON lines and parsing them. Every commit adds one live file and removes none, the worst
 * case for a number of commits. The newest checkpoint is 50 commits before the end of the log.
 */

export interface OpenTableResult {
  readonly commits: number;
  readonly openMs: number;
  /** Time to read and JSON.parse the same live actions. */
  readonly limitMs: number;
  /** Time to check an open table for a newer version. */
  readonly refreshMs: number;
}

const TAIL = 50;
const RUNS = 9;
const FIRST_DAY = toEpochDay(isoDate('1990-01-01'));

export async function benchOpenTable(commits: number): Promise<OpenTableResult> {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-bench-'));
  const root = join(folder, 'lake');
  const logFolder = join(root, DAILY_BARS.name, '_delta_log');
  await mkdir(logFolder, { recursive: true });
  const engine = await Engine.create({ tempFolder: folder });
  try {
    const store = new FsObjectStore({ root });
    const deps: LakeDeps = { store, engine, clock: systemClock, random: systemRandom };
    const lines: string[] = [];
    for (let version = 0; version < commits; version += 1) {
      const bytes = commitOf(version);
      lines.push(Buffer.from(bytes).toString('utf8').trim());
      await writeFile(join(logFolder, commitName(version)), bytes);
    }
    await writeCheckpoint(deps, new DeltaLog(deps, DAILY_BARS.name, 'session'), commits - 1 - TAIL);

    const live = lines.flatMap((line) => line.split('\n')).filter((line) => !line.startsWith('{"commitInfo"'));
    await store.put('limit/actions.json', Buffer.from(live.join('\n')));
    const limitMs = await quickest(async () => {
      const bytes = await store.get('limit/actions.json');
      const parsed = Buffer.from(bytes ?? [])
        .toString('utf8')
        .split('\n')
        .map((line): unknown => JSON.parse(line));
      if (parsed.length !== live.length) throw new Error('the limit read something else');
    });
    const openMs = await quickest(async () => {
      const head = await new Lake(deps).table(DAILY_BARS).head();
      if (head?.fileCount !== commits) throw new Error(`opened ${head?.fileCount} files`);
    });
    const table = new Lake(deps).table(DAILY_BARS);
    await table.head();
    const refreshMs = await quickest(async () => {
      await table.head();
    });
    return { commits, openMs, limitMs, refreshMs };
  } finally {
    engine.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function commitOf(version: number): Uint8Array {
  const session = fromEpochDay(FIRST_DAY + version);
  const values = { symbol: 'A', session, open: 1.25, high: 1.5, low: 1.125, close: 1.375, volume: 100 };
  const stats = {
    numRecords: 10_000,
    minValues: values,
    maxValues: { ...values, symbol: 'ZVZZT', open: 5312.25 + version / 7, volume: 123_456_789 },
    nullCount: Object.fromEntries(DAILY_BARS.columns.map(({ name }) => [name, 0])),
  };
  return serializeCommit({
    commitInfo: {
      timestamp: 1_700_000_000_000 + version,
      operation: 'WRITE',
      engineInfo: 'condvest',
      txnId: systemRandom.uuid(),
      sessions: session,
    },
    ...(version > 0
      ? {}
      : {
          protocol: PROTOCOL,
          metaData: {
            id: systemRandom.uuid(),
            format: { provider: 'parquet', options: {} },
            schemaString: schemaStringOf(DAILY_BARS.columns),
            partitionColumns: DAILY_BARS.partitionBy,
            configuration: CONFIGURATION,
          },
        }),
    txns: [],
    removes: [],
    adds: [
      {
        path: `year=${session.slice(0, 4)}/${systemRandom.uuid()}.parquet`,
        partitionValues: { year: session.slice(0, 4) },
        size: 400_000 + version,
        modificationTime: 1_700_000_000_000 + version,
        dataChange: true,
        stats: JSON.stringify(stats),
        tags: { 'condvest.sessions': session },
      },
    ],
  });
}

async function quickest(run: () => Promise<void>): Promise<number> {
  let bestMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < RUNS; i += 1) {
    const startMs = performance.now();
    await run();
    bestMs = Math.min(bestMs, performance.now() - startMs);
  }
  return bestMs;
}

if (import.meta.main) {
  for (const commits of process.argv.length > 2 ? process.argv.slice(2).map(Number) : [500, 10_000]) {
    const { openMs, limitMs, refreshMs } = await benchOpenTable(commits);
    const ratio = (openMs / limitMs).toFixed(1);
    process.stdout.write(
      `open ${commits} commits and live files: ${openMs.toFixed(1)} ms, ${ratio} x reading and parsing the same actions ` +
        `as JSON (${limitMs.toFixed(1)} ms); refresh ${refreshMs.toFixed(2)} ms\n`,
    );
  }
}
