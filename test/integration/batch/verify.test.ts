import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { isoDate } from '#base/dates.ts';
import { resample } from '#batch/resample/resample.ts';
import { deriveRestatements } from '#batch/restatements/restatements.ts';
import { type FindingCheck, type VerifyReport, verifyLake } from '#batch/verify/verify.ts';
import { parseCommit, serializeCommit } from '#lake/actions.ts';
import type { DataFile } from '#lake/files.ts';
import type { TableDefinition } from '#lake/schema.ts';
import { sqlPath, sqlText } from '#lake/sql-text.ts';
import { DAILY_BARS, RESTATEMENTS, SESSIONS, silverBars } from '#lake/tables.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { SessionSet } from '#market/session-set.ts';
import { type MarketLake, openBuiltMarket } from '#test/fixtures/market-lake.ts';

const NOON_2024_06_28 = Date.parse('2024-06-28T16:00:00Z');
const YEAR_LATER = NOON_2024_06_28 + 365 * 86_400_000;

/** A year and a half of three symbols, with stored bars of 3 and 34 sessions. Everything is settled after a year. */
function openVerified(nowMs = YEAR_LATER): Promise<MarketLake> {
  return openBuiltMarket(`verified-${nowMs}`, nowMs, async (market) => {
    await market.put(market.calendar.range(isoDate('2023-01-03'), isoDate('2024-06-27')));
    await market.resample([3, 34]);
  });
}

async function verify(market: MarketLake, deep = false): Promise<VerifyReport> {
  // Another lake object, so that nothing is remembered.
  return verifyLake({ lake: market.test.again(), calendar: market.calendar, clock: market.clock }, { deep });
}

function checks(report: VerifyReport): string[] {
  return [...new Set(report.findings.map(({ table, check }) => `${table}: ${check}`))].sort();
}

async function filesOf(market: MarketLake, definition: TableDefinition): Promise<readonly DataFile[]> {
  return (await market.test.again().table(definition).head())?.files ?? [];
}

/** Puts other rows in the place of a file's, as a program with a fault might. */
async function replaceRows(
  market: MarketLake,
  definition: TableDefinition,
  change: (rows: string) => string,
): Promise<void> {
  const { lake } = market.test;
  await lake.table(definition).write(async (base) => {
    const [file] = (base?.files ?? []).filter(
      ({ units }) => definition.unitColumn === undefined || (units?.size ?? 0) > 1,
    );
    assert(file !== undefined);
    const select = change(await lake.table(definition).scanSql([file]));
    const year = file.partitionValues.year;
    const request = {
      select,
      ...(file.units === undefined ? {} : { units: file.units }),
      ...(year === undefined ? {} : { year: Number(year) }),
    };
    const written = await lake.table(definition).writeDataFile(request);
    assert(written !== undefined);
    return { operation: 'OPTIMIZE', add: [written], remove: [file], units: SessionSet.empty, dataChange: false };
  });
}

/** Rewrites what the log says of the newest commit's first file. */
async function alterLog(
  market: MarketLake,
  definition: TableDefinition,
  alter: (add: Record<string, unknown>) => void,
): Promise<void> {
  const head = await market.test.again().table(definition).head();
  const name = `${String(head?.version).padStart(20, '0')}.json`;
  const path = join(market.test.root, definition.name, '_delta_log', name);
  const actions = parseCommit(await readFile(path), name);
  const add = structuredClone(actions.adds[0] ?? assert.fail('a commit that adds a file')) as unknown as Record<
    string,
    unknown
  >;
  alter(add);
  const adds = [add as never, ...actions.adds.slice(1)];
  await writeFile(path, serializeCommit({ ...actions, adds }));
}

test('a lake as the use cases leave it has no findings, and every stored bar is derived again', async () => {
  await using market = await openVerified(NOON_2024_06_28);
  const report = await verify(market, true);
  assert.deepEqual(report.findings, []);
  assert.deepEqual(report.notes, []);
  const silver = report.tables.filter(({ table }) => table.startsWith('silver/'));
  assert.equal(silver.length, 2);
  assert.equal(
    report.comparedRows,
    silver.reduce((sum, { rows }) => sum + rows, 0),
  );
  assert(report.comparedRows > 300);
});

test('of many small files, which are looked at together, each wrong one is named and no other', async () => {
  await using market = await openVerified(NOON_2024_06_28);
  const own = (await filesOf(market, DAILY_BARS)).filter(({ units }) => units?.size === 1);
  assert(own.length > 5);
  const [turned, cut] = own;
  assert(turned !== undefined && cut !== undefined);
  const pathOf = (file: DataFile): string => join(market.test.root, DAILY_BARS.name, file.path);
  const { engine } = market.test.deps;
  const rows = `SELECT * FROM read_parquet(${sqlPath(pathOf(turned))}, hive_partitioning = false) ORDER BY symbol DESC`;
  await engine.run(`COPY (${rows}) TO ${sqlText(pathOf(turned))} (FORMAT parquet)`);
  await writeFile(pathOf(cut), (await readFile(pathOf(cut))).subarray(0, 1000));
  const { findings } = await verify(market);
  const named = findings.filter(({ check }) => check !== 'file-size').map(({ check, where }) => [check, where]);
  assert.deepEqual(named.sort(), [
    ['file-order', turned.path],
    ['file-unreadable', cut.path],
  ]);
});

test('a lake that is behind is not wrong: bars are compared with the versions they were derived from', async () => {
  await using market = await openVerified();
  await market.put([isoDate('2023-03-01')], 9);
  const report = await verify(market, true);
  assert.deepEqual(report.findings, []);
  assert.equal(report.notes.length, 2);
});

test('bars of an interval that is configured no longer are no finding, also on another calendar', async () => {
  await using market = await openVerified();
  const closures = [{ date: isoDate('2026-12-24'), name: 'a day of mourning' }];
  const calendar = createCalendar({ lastYear: 2028, closures });
  await resample({ lake: market.test.lake, calendar, clock: market.clock }, { intervals: [3] });
  const deps = { lake: market.test.again(), calendar, clock: market.clock };
  const kept = await verifyLake({ ...deps, intervals: [3] }, { sinceMs: 0 });
  assert.deepEqual(kept.findings, []);
  assert.deepEqual(kept.notes, [
    'silver/bars_34d is no longer maintained (CONDVEST_INTERVALS), so it was not compared with its inputs',
  ]);
  assert.deepEqual(
    (await verifyLake({ ...deps, intervals: [3, 34] }, { sinceMs: 0 })).findings.map(({ table }) => table),
    ['silver/bars_34d'],
  );
});

test('restatements are derived again from the versions of the bars', async () => {
  await using market = await openVerified();
  const { lake } = market.test;
  await market.put([isoDate('2023-03-01')], 9, { symbols: ['AAA'] });
  await market.put([isoDate('2023-03-02')], 1);
  const { added } = await deriveRestatements({ lake, calendar: market.calendar });
  assert(added > 0);
  assert.deepEqual((await verify(market, true)).findings, []);
  await replaceRows(market, RESTATEMENTS, (rows) => `SELECT * REPLACE (new + 1 AS new) FROM (${rows})`);
  const report = await verify(market, true);
  assert.deepEqual(checks(report), [
    `${RESTATEMENTS.name}: restatement-missing`,
    `${RESTATEMENTS.name}: restatement-unexpected`,
  ]);
  assert.equal(report.findingCount, 2 * added);
});

describe('what is planted is found', () => {
  const plants: readonly [string, FindingCheck, TableDefinition, (market: MarketLake) => Promise<void>][] = [
    [
      'a file that is gone',
      'file-missing',
      DAILY_BARS,
      async (market) => {
        const [file] = await filesOf(market, DAILY_BARS);
        await rm(join(market.test.root, DAILY_BARS.name, file?.path ?? ''));
      },
    ],
    [
      'a file cut short',
      'file-unreadable',
      DAILY_BARS,
      async (market) => {
        const [file] = await filesOf(market, DAILY_BARS);
        const path = join(market.test.root, DAILY_BARS.name, file?.path ?? '');
        await writeFile(path, (await readFile(path)).subarray(0, 2000));
      },
    ],
    [
      'another number of rows',
      'file-rows',
      DAILY_BARS,
      (market) =>
        alterLog(market, DAILY_BARS, (add) => {
          add.stats = JSON.stringify({ ...JSON.parse(String(add.stats)), numRecords: 1 });
        }),
    ],
    [
      'statistics that would hide rows',
      'file-statistics',
      DAILY_BARS,
      (market) =>
        alterLog(market, DAILY_BARS, (add) => {
          const stats = JSON.parse(String(add.stats));
          add.stats = JSON.stringify({ ...stats, maxValues: { ...stats.maxValues, close: stats.minValues.close } });
        }),
    ],
    [
      'a tag that does not name a session',
      'file-units',
      DAILY_BARS,
      (market) =>
        alterLog(market, DAILY_BARS, (add) => {
          add.tags = { 'condvest.sessions': '2023-01-03' };
        }),
    ],
    [
      'a row that is there twice',
      'key-duplicate',
      DAILY_BARS,
      (market) => replaceRows(market, DAILY_BARS, (rows) => `${rows} UNION ALL (SELECT * FROM (${rows}) LIMIT 1)`),
    ],
    [
      'a row that vanished',
      'ledger',
      SESSIONS,
      (market) => replaceRows(market, DAILY_BARS, (rows) => `SELECT * FROM (${rows}) OFFSET 1`),
    ],
    [
      'a row on a holiday',
      'not-a-session',
      DAILY_BARS,
      (market) =>
        replaceRows(
          market,
          DAILY_BARS,
          (rows) =>
            `SELECT * REPLACE (CASE session WHEN '2023-01-03' THEN '2023-01-02'::DATE WHEN '2024-01-02' THEN '2024-01-01'::DATE ELSE session END AS session) FROM (${rows})`,
        ),
    ],
    [
      'a ledger that says too much',
      'ledger',
      SESSIONS,
      (market) => replaceRows(market, SESSIONS, (rows) => `SELECT * REPLACE (rows + 1 AS rows) FROM (${rows})`),
    ],
    [
      'a window whose boundary moved',
      'window',
      silverBars(3),
      (market) =>
        replaceRows(
          market,
          silverBars(3),
          (rows) => `SELECT * REPLACE (last_session + 1 AS last_session) FROM (${rows})`,
        ),
    ],
    [
      'windows that disagree on being complete',
      'window',
      silverBars(3),
      (market) =>
        replaceRows(market, silverBars(3), (rows) => `SELECT * REPLACE (symbol <> 'AAA' AS complete) FROM (${rows})`),
    ],
    [
      'a price that is off by one in its last digit',
      'bar-differs',
      silverBars(34),
      (market) =>
        replaceRows(
          market,
          silverBars(34),
          (rows) =>
            `SELECT * REPLACE (CASE symbol WHEN 'AAA' THEN nextafter(high, 1e9::DOUBLE) ELSE high END AS high) FROM (${rows})`,
        ),
    ],
    [
      'a bar too few',
      'bar-missing',
      silverBars(3),
      (market) => replaceRows(market, silverBars(3), (rows) => `SELECT * FROM (${rows}) OFFSET 1`),
    ],
    [
      'a bar too many',
      'bar-unexpected',
      silverBars(3),
      (market) =>
        replaceRows(
          market,
          silverBars(3),
          (rows) =>
            `${rows} UNION ALL (SELECT * REPLACE ('QQQ' AS symbol, 'QQQ' AS security_id) FROM (${rows}) LIMIT 1)`,
        ),
    ],
  ];
  for (const [name, check, definition, plant] of plants) {
    test(name, async () => {
      await using market = await openVerified();
      await plant(market);
      const report = await verify(market, true);
      assert(checks(report).includes(`${definition.name}: ${check}`), JSON.stringify(report.findings.slice(0, 3)));
      assert.equal(report.findingCount >= 1, true);
    });
  }
});
