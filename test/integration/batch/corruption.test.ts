import assert from 'node:assert/strict';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { consolidate } from '#batch/consolidate.ts';
import { importFiles } from '#batch/import/import-files.ts';
import { removeDamage } from '#batch/repair-damaged.ts';
import { resample } from '#batch/resample/resample.ts';
import { deriveRestatements } from '#batch/restatements/restatements.ts';
import { vacuumLake } from '#batch/vacuum.ts';
import { verifyLake } from '#batch/verify/verify.ts';
import { DAILY_BARS, SPLITS, silverBars } from '#lake/tables.ts';
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
    return (await importFiles(deps, { files: [path], quarantineBound: 0 })).datasets[0]?.rows;
  },
  consolidating: async (deps) => (await consolidate(deps, { mode: 'full', intervals: INTERVALS })) && 'merged',
  vacuuming: async (deps) => (await vacuumLake({ ...deps, intervals: INTERVALS }, { dryRun: true })) && 'vacuumed',
};

const DAMAGES: Readonly<Record<string, (path: string) => Promise<void>>> = {
  gone: (path) => rm(path),
  truncated: async (path) => truncate(path, Math.floor((await readFile(path)).length / 2)),
  flipped: async (path) => {
    const bytes = await readFile(path);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] ?? 0) ^ 0xff;
    await writeFile(path, bytes);
  },
  foreign: (path) => writeFile(path, 'not what it was'),
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

describe('a damaged file of a log', () => {
  for (const table of TABLES.slice(0, effort({ usual: 1, long: TABLES.length }))) {
    for (const [damage, apply] of Object.entries(DAMAGES)) {
      it(`gets a clear message or the right answer, whatever is asked: ${table}, ${damage}`, async () => {
        await using lake = await openLake();
        const expected = await USES['reading bars']?.({ ...lake.deps, lake: lake.test.again() }, lake);
        for (const [kind, path] of Object.entries(await logFiles(lake, table))) {
          const kept = await readFile(path);
          await apply(path);
          for (const [use, run] of Object.entries(USES)) {
            const what = `${use} with the ${kind} of ${table} ${damage}`;
            // The newest commit that is gone is an older table, which is whole: what was in it can be put again.
            if (kind === 'newest commit' && damage === 'gone') continue;
            const answer = await run({ ...lake.deps, lake: lake.test.again() }, lake).catch((error: unknown) => error);
            if (answer instanceof Error) {
              assert.ok(answer instanceof CondvestError, `${what}: ${answer.stack}`);
              assert.ok(answer.message.length < 1000 && !answer.message.includes('\n'), `${what}: ${answer.message}`);
            } else if (use === 'reading bars') assert.deepEqual(answer, expected, what);
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
