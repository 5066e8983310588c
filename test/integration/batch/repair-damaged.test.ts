import assert from 'node:assert/strict';
import { readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { isoDate } from '#base/dates.ts';
import { consolidate } from '#batch/consolidate.ts';
import { importFiles } from '#batch/import/import-files.ts';
import { removeDamage } from '#batch/repair-damaged.ts';
import { resample } from '#batch/resample/resample.ts';
import { deriveRestatements } from '#batch/restatements/restatements.ts';
import { verifyLake } from '#batch/verify/verify.ts';
import type { Engine } from '#lake/engine.ts';
import { DAILY_BARS, LISTINGS, RESTATEMENTS, SESSIONS, SPLITS, silverBars } from '#lake/tables.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { flipValue } from '#test/fixtures/flip-value.ts';
import { type ImportLake, openBuiltLake } from '#test/fixtures/import-lake.ts';

const calendar = createCalendar({ lastYear: 2028 });
const SESSIONS_2024 = calendar.range(isoDate('2024-01-02'), isoDate('2024-01-31'));
const INTERVALS = [3, 5];

function barsFile(close: number): string {
  const rows = SESSIONS_2024.flatMap((session, day) =>
    ['AAA', 'BBB'].map((symbol) => `${symbol},${session},${close},${close + day},${close},${close},${100 + day}`),
  );
  return ['symbol,date,open,high,low,close,volume', ...rows].join('\n');
}

interface DamagedLake extends ImportLake {
  readonly files: readonly string[];
}

/** A lake with every table, restatements and silver included. */
async function openLake(): Promise<DamagedLake> {
  const lake = await openBuiltLake('every-table', async (built) => {
    await built.import(await built.file('first.csv', barsFile(10)));
    await built.import(await writeFiles(built), { adjusted: 'none' });
    await derive(built.deps);
  });
  return { ...lake, files: await writeFiles(lake) };
}

function writeFiles(lake: ImportLake): Promise<string[]> {
  return Promise.all([
    lake.file('splits.csv', 'symbol,ex_date,split_from,split_to\nAAA,2024-01-04,1,2\n'),
    lake.file('listings.csv', 'symbol,first_session,security_id\nAAA,2020-01-02,AAA\n'),
    lake.file('bars.csv', barsFile(11)),
  ]);
}

async function derive(deps: ImportLake['deps']): Promise<void> {
  await resample(deps, { intervals: INTERVALS });
  await deriveRestatements(deps);
}

/** The same lake as a new process sees it. */
function again(lake: ImportLake): ImportLake['deps'] {
  return { ...lake.deps, lake: lake.test.again() };
}

/** Returns the rows of the head of each table as text, without what says when and by which version they came. */
async function contents(deps: ImportLake['deps']): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const definition of [DAILY_BARS, SPLITS, LISTINGS, ...INTERVALS.map(silverBars)]) {
    const table = deps.lake.table(definition);
    const rows = await deps.lake.rows<Record<string, unknown>>(await table.rowsSql(await table.head()));
    found[definition.name] = rows
      .map(({ fetched_at, seen_at, ...row }) => JSON.stringify(row, (_, v) => (typeof v === 'bigint' ? Number(v) : v)))
      .sort();
  }
  return found;
}

async function dataFiles(lake: ImportLake, table: string): Promise<string[]> {
  const head = (await again(lake).lake.knownTables()).find(({ def }) => def.name === table);
  const files = (await head?.head())?.files ?? [];
  return files.map(({ path }) => join(lake.test.root, table, path));
}

const TABLES = [DAILY_BARS, SPLITS, LISTINGS, SESSIONS, RESTATEMENTS, silverBars(3)].map(({ name }) => name);

const DAMAGES: Readonly<Record<string, (path: string, engine: Engine) => Promise<unknown>>> = {
  'is gone': (path) => rm(path),
  'is truncated': async (path) => truncate(path, Math.floor((await readFile(path)).length / 2)),
  'is empty': (path) => truncate(path, 0),
  'has its footer overwritten': async (path) => {
    const bytes = await readFile(path);
    bytes.fill(0xff, bytes.length - 40, bytes.length - 8);
    await writeFile(path, bytes);
    // DuckDB takes a footer from memory as long as the file's time of change is the same in whole seconds.
    const later = new Date(Date.now() + 2000);
    await utimes(path, later, later);
  },
  'has a flipped bit and can be read': (path, engine) => flipValue(engine, path),
};

/** Tables in which a kind of damage is tried; by default, two that are read in different ways. */
const TABLES_OF: Readonly<Record<string, readonly string[]>> = {
  'is gone': TABLES,
  'has a flipped bit and can be read': TABLES,
};

describe('a data file that', () => {
  for (const [damage, apply] of Object.entries(DAMAGES)) {
    for (const table of TABLES_OF[damage] ?? [DAILY_BARS.name, SPLITS.name]) {
      it(`${damage} is found, removed and made good: ${table}`, async () => {
        await using lake = await openLake();
        const before = await contents(again(lake));
        const [first] = await dataFiles(lake, table);
        assert.ok(first !== undefined, `${table} has a file`);
        await apply(first, lake.test.deps.engine);
        const found = await verifyLake({ ...again(lake), intervals: INTERVALS });
        assert.ok(found.findings.some((finding) => finding.table === table && finding.check.startsWith('file-')));

        const deps = again(lake);
        const planned = await removeDamage(deps, { dryRun: true });
        assert.deepEqual(
          planned.tables.map((one) => one.table),
          [table],
        );
        const report = await removeDamage(deps);
        assert.equal(report.tables[0]?.files.length, 1);
        // What is imported again changes nothing where nothing was lost.
        await importFiles(deps, { files: lake.files, adjusted: 'none', quarantineBound: 0.01 });
        await derive(deps);
        const after = await verifyLake({ ...again(lake), intervals: INTERVALS }, { deep: true });
        assert.deepEqual(
          after.findings.filter(({ check }) => !check.startsWith('restatement')),
          [],
        );
        assert.deepEqual(await contents(again(lake)), before);
        assert.deepEqual((await removeDamage(again(lake))).tables, []);
      });
    }
  }
});

describe('a value that changed within a file', () => {
  it('is found by its checksum alone, and not copied into another file', async () => {
    await using lake = await openLake();
    const [path = ''] = await dataFiles(lake, DAILY_BARS.name);
    await flipValue(lake.test.deps.engine, path, { hidden: true });
    const { findings, notes } = await verifyLake({ ...again(lake), intervals: INTERVALS }, { deep: true });
    assert.deepEqual(
      findings.map(({ table, check }) => [table, check]),
      [[DAILY_BARS.name, 'file-checksum']],
    );
    assert.match(findings[0]?.message ?? '', /has other bytes than were written\. Run "condvest repair --damaged"$/);
    assert.ok(notes.some((note) => note.includes('were not compared')));
    const damaged = { code: 'lake-file-damaged', kind: 'corrupt' };
    const other = await lake.file('other.csv', barsFile(12));
    await assert.rejects(importFiles(again(lake), { files: [other], quarantineBound: 0, adjusted: 'none' }), damaged);
    await assert.rejects(consolidate(again(lake), { mode: 'full', intervals: INTERVALS }), damaged);
  });

  it('of a small table is not derived from', async () => {
    await using lake = await openLake();
    const [path = ''] = await dataFiles(lake, SPLITS.name);
    await flipValue(lake.test.deps.engine, path);
    await assert.rejects(resample(again(lake), { intervals: INTERVALS, full: true }), { code: 'lake-file-damaged' });
  });

  it('cannot be found in a file without a checksum, which verify says', async () => {
    await using lake = await openLake();
    const log = join(lake.test.root, SPLITS.name, '_delta_log', '00000000000000000000.json');
    const text = await readFile(log, 'utf8');
    await writeFile(log, text.replace(/"condvest\.sha256":"[0-9a-f]{64}"/, '"other":"tag"'));
    const { findings, notes } = await verifyLake({ ...again(lake), intervals: INTERVALS }, { deep: true });
    assert.deepEqual(findings, []);
    assert.match(notes.join('\n'), /^No checksum for 1 file, because another program or an earlier version/m);
    // A merge gives the rows a file with one.
    await lake.import(await lake.file('more.csv', 'symbol,ex_date,split_from,split_to\nBBB,2024-01-05,1,3\n'));
    assert.ok(!(await verifyLake({ ...again(lake), intervals: INTERVALS })).notes.some((n) => n.includes('checksum')));
  });
});

describe('the sessions of a damaged file of daily bars', () => {
  it('are named, leave the ledger, and are work to do', async () => {
    await using lake = await openLake();
    const [first] = await dataFiles(lake, DAILY_BARS.name);
    await rm(first ?? '');
    const deps = again(lake);
    const report = await removeDamage(deps);
    assert.ok(report.sessions.length > 0);
    const ledger = await lake.rows(SESSIONS, `dataset = 'daily_bars'`);
    const stored = new Set(ledger.map((row) => row['session']));
    assert.ok(report.sessions.every((session) => !stored.has(session)));
  });
});

describe('a table whose log is lost', () => {
  it('is reported beside the damage that can be removed', async () => {
    await using lake = await openLake();
    await rm(join(lake.test.root, SPLITS.name, '_delta_log'), { recursive: true });
    const [silver] = await dataFiles(lake, 'silver/bars_3d');
    await rm(silver ?? '');
    const report = await removeDamage(again(lake));
    assert.deepEqual(
      [report.tables.map(({ table }) => table), report.unreadable.map(({ table }) => table)],
      [['silver/bars_3d'], [SPLITS.name]],
    );
    assert.ok((await readdir(join(lake.test.root, SPLITS.name))).length > 0, 'nothing of it was deleted');
  });
});
