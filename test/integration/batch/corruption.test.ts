import assert from 'node:assert/strict';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';

import { isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { consolidate } from '#batch/consolidate.ts';
import { findGaps } from '#batch/gaps.ts';
import { importFiles } from '#batch/import/import-files.ts';
import { removeDamage } from '#batch/repair-damaged.ts';
import { resample } from '#batch/resample/resample.ts';
import { deriveRestatements } from '#batch/restatements/restatements.ts';
import { lakeStatus } from '#batch/status.ts';
import { vacuumLake } from '#batch/vacuum.ts';
import { verifyLake } from '#batch/verify/verify.ts';
import type { DataFile } from '#lake/files.ts';
import { DAILY_BARS, SESSIONS, SPLITS, silverBars } from '#lake/tables.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { readBars } from '#serving/read/bars.ts';
import { MarketCaches } from '#serving/read/market-caches.ts';
import { effort } from '#test/fixtures/effort.ts';
import { type ImportLake, openBuiltLake } from '#test/fixtures/import-lake.ts';

const calendar = createCalendar({ lastYear: 2028 });
const DAYS = calendar.range(isoDate('2024-01-02'), isoDate('2024-01-12'));
const INTERVALS = [3];
const TABLES = [DAILY_BARS.name, SPLITS.name, silverBars(3).name];

function barsOf(symbol: string, close = 10): string {
  const rows = DAYS.map((day) => `${symbol},${day},${close},${close},${close},${close},100`);
  return ['symbol,date,open,high,low,close,volume', ...rows].join('\n');
}

function openLake(): Promise<ImportLake> {
  return openBuiltLake('checkpointed', build);
}

async function build(lake: ImportLake): Promise<void> {
  await lake.import(await lake.file('bars.csv', barsOf('AAA')));
  await lake.import(await lake.file('more.csv', barsOf('BBB')));
  await lake.import(await lake.file('splits.csv', 'symbol,ex_date,split_from,split_to\nAAA,2024-01-04,1,2\n'));
  await lake.import(await lake.file('more-splits.csv', 'symbol,ex_date,split_from,split_to\nBBB,2024-01-05,1,2\n'));
  await resample(lake.deps, { intervals: INTERVALS });
  for (const table of await lake.deps.lake.existingTables()) await table.checkpoint();
  await lake.import(await lake.file('third.csv', barsOf('CCC')));
  await lake.import(await lake.file('third-splits.csv', 'symbol,ex_date,split_from,split_to\nCCC,2024-01-05,1,2\n'));
  await resample(lake.deps, { intervals: INTERVALS });
}

type Deps = ImportLake['deps'];

/** Everything that is asked of a lake, each by what it answers. */
const USES: Readonly<Record<string, (deps: Deps, lake: ImportLake) => Promise<unknown>>> = {
  'reading bars': async ({ lake, clock }) => {
    const caches = new MarketCaches(lake);
    return (await readBars({ lake, caches, calendar, clock }, { symbol: 'AAA', interval: 1 })).bars;
  },
  resampling: async (deps) => {
    const { intervals } = await resample(deps, { intervals: INTERVALS });
    for (const { error } of intervals) if (error !== undefined) throw error;
    return 'derived';
  },
  'deriving restatements': async (deps) => (await deriveRestatements(deps)).added,
  importing: async (deps, lake) => {
    const path = await lake.file('again.csv', barsOf('AAA'));
    return (await importFiles(deps, { files: [path], adjusted: 'none', quarantineBound: 0 })).datasets[0]?.rows;
  },
  consolidating: async (deps) => (await consolidate(deps, { mode: 'full', intervals: INTERVALS })) && 'merged',
  vacuuming: async (deps) => (await vacuumLake({ ...deps, intervals: INTERVALS }, { dryRun: true })) && 'vacuumed',
  'reading the status': (deps) => lakeStatus(deps, { source: 'import' }),
  'listing gaps': (deps) => findGaps(deps, { source: 'import', limit: 10 }),
  'reading a history': ({ lake }) => lake.table(DAILY_BARS).history(10),
  'restoring, on trial': ({ lake }) => lake.table(DAILY_BARS).restore({ version: 0 }, { dryRun: true }),
  'reading rows by SQL': async ({ lake }) => {
    const rows = await lake.table(DAILY_BARS).rowsSql(await lake.table(DAILY_BARS).head());
    return lake.rows(`SELECT symbol, sum(close) AS total FROM (${rows}) GROUP BY symbol ORDER BY symbol`);
  },
};

/** One line, short enough to read, and with a way on where data is damaged. */
function assertClear(error: Error, what: string): void {
  assert.ok(error instanceof CondvestError, `${what}: ${error.stack}`);
  assert.ok(error.message.length < 1000 && !error.message.includes('\n'), `${what}: ${error.message}`);
  if (error.kind === 'corrupt') assert.notEqual(error.action, undefined, `${what} names no way on: ${error.message}`);
}

/** `older`: an earlier file of its kind. */
const DAMAGES: Readonly<Record<string, (path: string, older?: string) => Promise<void>>> = {
  gone: (path) => rm(path),
  truncated: async (path) => truncate(path, Math.floor((await readFile(path)).length / 2)),
  flipped: async (path) => {
    const bytes = await readFile(path);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] ?? 0) ^ 0xff;
    await writeFile(path, bytes);
  },
  foreign: (path) => writeFile(path, 'not what it was'),
  older: async (path, older) => writeFile(path, await readFile(older ?? path)),
};

/** Files of a table's log, by what they are. */
async function logFiles(lake: ImportLake, table: string): Promise<Readonly<Record<string, string>>> {
  const folder = join(lake.test.root, table, '_delta_log');
  const names = (await readdir(folder)).sort();
  const commits = names.filter((name) => /^\d+\.json$/.test(name));
  const found: Record<string, string | undefined> = {
    'first commit': commits[0],
    'newest commit': commits.at(-1),
    checkpoint: names.find((name) => name.endsWith('.checkpoint.parquet')),
    'checkpoint hint': names.find((name) => name === '_last_checkpoint'),
  };
  return Object.fromEntries(Object.entries(found).map(([kind, name]) => [kind, join(folder, name ?? 'none')]));
}

async function earlierCommit(path: string): Promise<string | undefined> {
  const names = (await readdir(dirname(path))).filter((name) => /^\d+\.json$/.test(name)).sort();
  const before = names.at(-2);
  return before === undefined ? undefined : join(dirname(path), before);
}

describe('a damaged file of a log', () => {
  for (const table of TABLES.slice(0, effort({ usual: 1, long: TABLES.length }))) {
    for (const [damage, apply] of Object.entries(DAMAGES)) {
      it(`gets a clear message or the right answer, whatever is asked: ${table}, ${damage}`, async () => {
        await using lake = await openLake();
        const expected = await USES['reading bars']?.({ ...lake.deps, lake: lake.test.again() }, lake);
        for (const [kind, path] of Object.entries(await logFiles(lake, table))) {
          const kept = await readFile(path);
          await apply(path, kind === 'newest commit' ? await earlierCommit(path) : undefined);
          for (const [use, run] of Object.entries(USES)) {
            const what = `${use} with the ${kind} of ${table} ${damage}`;
            // Without its newest commit the table is an older one, which is whole: what was in it can be put again.
            if (kind === 'newest commit' && (damage === 'gone' || damage === 'older')) continue;
            const answer = await run({ ...lake.deps, lake: lake.test.again() }, lake).catch((error: unknown) => error);
            if (answer instanceof Error) assertClear(answer, what);
            else if (use === 'reading bars') assert.deepEqual(answer, expected, what);
          }
          // It reports, and never throws.
          await verifyLake({ ...lake.deps, lake: lake.test.again(), intervals: INTERVALS }, { deep: true });
          await removeDamage({ ...lake.deps, lake: lake.test.again(), rules: { partialShare: 0.9 } }, { dryRun: true });
          await writeFile(path, kept);
        }
        const after = await verifyLake({ ...lake.deps, lake: lake.test.again(), intervals: INTERVALS }, { deep: true });
        assert.deepEqual(after.findings, [], 'with the files back, nothing is wrong');
      });
    }
  }
});

/** Uses that a damaged data file meets at a time; the others meet the same table with other damage. */
const USES_DEALT = effort({ usual: 4, long: Object.keys(USES).length });

describe('a damaged data file', () => {
  for (const definition of [DAILY_BARS, SPLITS, SESSIONS, silverBars(3)]) {
    it(`is named by verify, and by whatever copies from it: ${definition.name}`, async () => {
      for (const [index, [damage, apply]] of Object.entries(DAMAGES).entries()) {
        await using lake = await openLake();
        const files = (await lake.deps.lake.table(definition).head())?.files ?? [];
        const pathOf = (file: DataFile | undefined): string => join(lake.test.root, definition.name, file?.path ?? '');
        const others = await lake.deps.lake.table(DAILY_BARS).head();
        const older = files[1] ?? others?.files[0];
        const olderPath =
          files[1] === undefined ? join(lake.test.root, DAILY_BARS.name, older?.path ?? '') : pathOf(files[1]);
        await apply(pathOf(files[0]), olderPath);
        const uses = Object.entries(USES);
        for (let dealt = 0; dealt < USES_DEALT; dealt += 1) {
          const [use, run] = uses[(index * 2 + dealt * 3) % uses.length] ?? assert.fail();
          const answer = await run({ ...lake.deps, lake: lake.test.again() }, lake).catch((error: unknown) => error);
          if (answer instanceof Error) assertClear(answer, `${use} with a file of ${definition.name} ${damage}`);
        }
        const deps = { ...lake.deps, lake: lake.test.again() };
        const { findings } = await verifyLake({ ...deps, intervals: INTERVALS }, { deep: true });
        const head = await deps.lake.table(definition).head();
        // Silver and the ledger are derived, so a use may have replaced the file meanwhile.
        if (head?.file(files[0]?.path ?? '') === undefined) continue;
        const found = findings.filter(({ table, check }) => table === definition.name && check.startsWith('file-'));
        assert.match(found[0]?.message ?? '', /Run "condvest repair --damaged"$/, `${definition.name} ${damage}`);
      }
    });
  }
});
