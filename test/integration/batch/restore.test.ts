import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { type IsoDate, isoDate } from '#base/dates.ts';
import { consolidate } from '#batch/consolidate.ts';
import { planEventsFetch, recordEventsFetch } from '#batch/fetch/events-fetch.ts';
import type { ImportReport } from '#batch/import/report.ts';
import { completeLedger } from '#batch/ledger/complete-ledger.ts';
import { currentLedger } from '#batch/ledger/ledger.ts';
import { putBars } from '#batch/put/put-bars.ts';
import { resample } from '#batch/resample/resample.ts';
import { deriveRestatements } from '#batch/restatements/restatements.ts';
import { type RestoreReport, type RestoreRequest, restoreTable } from '#batch/restore.ts';
import { verifyLake } from '#batch/verify/verify.ts';
import type { Lake } from '#lake/lake.ts';
import type { TableDefinition } from '#lake/schema.ts';
import {
  DAILY_BARS,
  DIVIDENDS,
  LISTINGS,
  QUARANTINE,
  RESTATEMENTS,
  SESSIONS,
  SPLITS,
  silverBars,
} from '#lake/tables.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { readBars } from '#serving/read/bars.ts';
import { MarketCaches } from '#serving/read/market-caches.ts';
import { FaultStore, Killed } from '#test/fakes/fault-store.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { type ImportLake, openImportLake } from '#test/fixtures/import-lake.ts';

const HEADER = 'symbol,date,open,high,low,close,volume';
const INTERVALS = [3, 21];
const HOUR_MS = 3_600_000;
const calendar = createCalendar({ lastYear: 2028 });

function restore(lake: ImportLake, request: RestoreRequest, opened: Lake = lake.test.lake): Promise<RestoreReport> {
  return restoreTable({ ...lake.deps, lake: opened }, request);
}

function csv(rows: readonly (readonly [string, string, number])[]): string {
  return [
    HEADER,
    ...rows.map(([symbol, date, price]) => `${symbol},${date},${price},${price},${price},${price},100`),
  ].join('\n');
}

/** The state that the tests begin with, built once: the lake's folder, its contents before the wrong import, and that import's report. */
let built: { readonly folder: string; readonly right: unknown; readonly report: ImportReport; readonly nowMs: number };

before(async () => {
  await using lake = await openImportLake();
  const sessions = calendar.range(isoDate('2023-01-03'), isoDate('2023-03-31'));
  const good = csv(sessions.flatMap((date) => [['A', date, 10] as const, ['B', date, 20] as const]));
  await lake.import(await lake.file('good.csv', good));
  await derive(lake);
  const right = await contents(lake);
  lake.clock.move(HOUR_MS);
  const wrong = csv([
    ['A', '2023-02-01', 1000],
    ['C', '2023-02-02', 30],
    ['A', '2023-04-03', 10],
  ]);
  const report = await lake.import(await lake.file('wrong.csv', wrong));
  lake.clock.move(HOUR_MS);
  const folder = await mkdtemp(join(tmpdir(), 'condvest-restore-'));
  cpSync(lake.test.root, folder, { recursive: true });
  built = { folder, right, report, nowMs: lake.clock.nowMs() };
});
after(() => rm(built.folder, { recursive: true }));

/** The first quarter of 2023 of two symbols, and a file that got one session wrong and added another symbol and session. */
async function openWithWrongImport(parts: Parameters<typeof openImportLake>[1] = {}) {
  const { folder, right, report, nowMs } = built;
  const lake = await openImportLake(nowMs, parts);
  cpSync(folder, lake.test.root, { recursive: true });
  return { lake, right, report, [Symbol.asyncDispose]: () => lake[Symbol.asyncDispose]() };
}

async function derive(lake: ImportLake): Promise<void> {
  await resample(lake.deps, { intervals: INTERVALS });
  await deriveRestatements(lake.deps);
}

/** The rows of bars, ledger and silver, without what tells one run from another. */
async function contents(lake: ImportLake): Promise<unknown> {
  const tables = [DAILY_BARS, SESSIONS, ...INTERVALS.map(silverBars)];
  const all = await Promise.all(tables.map((definition) => lake.rows(definition)));
  return all.map((rows) => rows.map(({ table_version: _, ...row }) => row));
}

describe('undoing an import', () => {
  it('brings back bars, ledger and silver exactly, by the line that the import reports', async () => {
    await using world = await openWithWrongImport();
    const { lake, right, report } = world;
    const [undo] = report.undo;
    assert.deepEqual(report.undo, [
      { table: 'bronze/daily_bars', version: 0, command: 'condvest restore daily_bars --version 0' },
    ]);
    await derive(lake);
    const restored = await restore(lake, { table: 'daily_bars', to: { version: undo?.version ?? -1 } });
    await derive(lake);
    assert.deepEqual(await contents(lake), right);
    assert.deepEqual([restored.removed, restored.replaced, restored.added], [2, 1, 0]);
    assert.deepEqual(restored.sessions, { count: 3, first: '2023-02-01', last: '2023-04-03', unpublished: 1 });
    assert.equal(restored.undo?.command, 'condvest restore daily_bars --version 1');
    const { findings } = await verifyLake({ ...lake.deps, intervals: INTERVALS }, { deep: true });
    assert.deepEqual(findings, []);
  });

  it('recomputes exactly the windows of the sessions that changed', async () => {
    await using world = await openWithWrongImport();
    const { lake } = world;
    await derive(lake);
    await restore(lake, { table: 'daily_bars', to: { version: 0 } });
    const { intervals } = await resample(lake.deps, { intervals: INTERVALS });
    // 2023-02-01 and -02 lie in one window each of 3 and of 21 sessions; that of 2023-04-03 is not published any more.
    for (const { interval, windows, removedWindows } of intervals) {
      const of = (date: string): number => Math.floor(calendar.sessionIndex(isoDate(date)) / interval);
      const changed = new Set([of('2023-02-01'), of('2023-02-02')]);
      const isShared = of('2023-04-03') === of('2023-03-31');
      if (isShared) changed.add(of('2023-04-03'));
      assert.deepEqual([windows, removedWindows], [changed.size, isShared ? 0 : 1], `${interval} sessions`);
    }
  });

  it('answers as of any instant before it as before', async () => {
    await using world = await openWithWrongImport();
    const { lake } = world;
    await derive(lake);
    const betweenMs = lake.clock.nowMs();
    lake.clock.move(HOUR_MS);
    await restore(lake, { table: 'daily_bars', to: { version: 0 } });
    await derive(lake);
    const close = async (asOfMs?: number): Promise<unknown> => {
      const deps = { ...lake.deps, caches: new MarketCaches(lake.test.lake) };
      const date = isoDate('2023-02-01');
      const { bars } = await readBars(deps, {
        symbol: 'A',
        from: date,
        to: date,
        ...(asOfMs === undefined ? {} : { asOfMs }),
      });
      return bars[0]?.close;
    };
    assert.deepEqual([await close(betweenMs), await close()], [1000, 10]);
  });

  it('is a restatement of its own kind, seen when it was made', async () => {
    await using world = await openWithWrongImport();
    const { lake } = world;
    await restore(lake, { table: 'daily_bars', to: { version: 0 } });
    const { restored, restatements } = await deriveRestatements(lake.deps);
    assert.deepEqual([restored, restatements], [4, 4]);
    const rows = await lake.rows(RESTATEMENTS, "field = 'close'");
    assert.deepEqual(
      rows.map(({ version, kind, old, new: now }) => [version, kind, old, now]),
      [
        [1, 'restatement', 10, 1000],
        [2, 'restore', 1000, 10],
      ],
    );
    assert.equal(rows[1]?.['seen_at'], (await lake.test.lake.table(DAILY_BARS).head())?.timestampMs);
  });

  it('survives consolidation before it, and is merged after it', async () => {
    await using world = await openWithWrongImport();
    const { lake, right } = world;
    const merge = () => consolidate(lake.deps, { mode: 'full', intervals: INTERVALS });
    await merge();
    await derive(lake);
    await restore(lake, { table: 'daily_bars', to: { version: 0 } });
    await merge();
    await derive(lake);
    assert.deepEqual(await contents(lake), right);
  });

  for (const damage of ['lost', 'cut off'] as const) {
    it(`heals a lake whose merged year is ${damage}, from the files that it was merged from`, async () => {
      await using world = await openWithWrongImport();
      const { lake, right } = world;
      await restore(lake, { table: 'daily_bars', to: { version: 0 } });
      await consolidate(lake.deps, { mode: 'full', intervals: INTERVALS });
      const head = await lake.test.lake.table(DAILY_BARS).head();
      const key = `${DAILY_BARS.name}/${head?.files[0]?.path}`;
      const bytes = await lake.test.deps.store.get(key);
      assert.deepEqual([head?.fileCount, bytes === undefined], [1, false]);
      await lake.test.deps.store.delete([key]);
      if (damage === 'cut off') await lake.test.deps.store.put(key, bytes?.subarray(0, -30) ?? Buffer.of());
      const report = await restore(lake, { table: 'daily_bars', to: { version: 0 } });
      await resample(lake.deps, { intervals: INTERVALS });
      const { gaps } = await deriveRestatements(lake.deps);
      assert.deepEqual([report.unreadFiles, report.sessions?.count, gaps.length], [1, 62, 1]);
      assert.deepEqual(await contents(lake), right);
      const { findings } = await verifyLake({ ...lake.deps, intervals: INTERVALS }, { deep: true });
      assert.deepEqual(findings, []);
    });
  }

  it('tells in a dry run what would change, and changes nothing', async () => {
    await using world = await openWithWrongImport();
    const { lake } = world;
    const before = await lake.versions(DAILY_BARS, SESSIONS);
    const report = await restore(lake, { table: 'daily_bars', to: { version: 0 }, dryRun: true });
    assert.deepEqual([report.dryRun, report.version, report.removed, report.replaced], [true, undefined, 2, 1]);
    assert.equal(report.sessions?.unpublished, 1);
    assert.deepEqual(await lake.versions(DAILY_BARS, SESSIONS), before);
  });

  it('writes nothing the second time', async () => {
    await using world = await openWithWrongImport();
    const { lake } = world;
    await restore(lake, { table: 'daily_bars', to: { version: 0 } });
    const before = await lake.versions(DAILY_BARS, SESSIONS);
    const again = await restore(lake, { table: 'daily_bars', to: { version: 0 } });
    assert.deepEqual([again.changed, again.version, again.undo], [false, undefined, undefined]);
    assert.deepEqual(await lake.versions(DAILY_BARS, SESSIONS), before);
  });

  it('undoes the first import of a lake: no bars, no ledger, no silver', async () => {
    await using lake = await openImportLake();
    const bad = `${csv([['A', '2023-02-01', 10]])}\nB,2023-02-01,10,9,8,10,100\n`;
    const report = await lake.import(await lake.file('bars.csv', bad), { quarantineBound: 0.5 });
    await derive(lake);
    assert.deepEqual(
      report.undo.map(({ command }) => command),
      ['condvest restore daily_bars --empty', 'condvest restore quarantine --empty'],
    );
    for (const table of ['daily_bars', 'quarantine']) await restore(lake, { table, to: 'empty' });
    await derive(lake);
    assert.deepEqual(await contents(lake), [[], [], [], []]);
    assert.deepEqual(await lake.rows(QUARANTINE), []);
    const { findings } = await verifyLake({ ...lake.deps, intervals: INTERVALS }, { deep: true });
    assert.deepEqual(findings, []);
    assert.equal((await lake.import(await lake.file('bars.csv', csv([['A', '2023-02-01', 10]])))).changed, true);
  });

  it('reports the version before the first of several commits to one table', async () => {
    await using lake = await openImportLake();
    await lake.import(await lake.file('first.csv', csv([['A', '2023-02-01', 10]])));
    const flat =
      'ticker,volume,open,close,high,low,window_start,transactions\nB,100,10,10,10,10,1675314000000000000,5\n';
    const files = [
      await lake.file('2023-02-02.csv', flat),
      await lake.file('other.csv', csv([['C', '2023-02-01', 10]])),
    ];
    const { undo, datasets } = await lake.import(files);
    assert.deepEqual([datasets.map(({ version }) => version), undo.map(({ version }) => version)], [[1, 2], [0]]);
    const { undo: nothing } = await lake.import(files);
    assert.deepEqual(nothing, []);
  });
});

describe('the ledger after a restore', () => {
  const FRIDAY = isoDate('2024-01-05');

  async function fetched(lake: ImportLake, price: number, rows = 1): Promise<void> {
    const values = Array.from({ length: rows }, (_, i) => `('S${i}', DATE '${FRIDAY}')`).join(', ');
    const select = `SELECT symbol, session, ${price}::DOUBLE AS open, ${price}::DOUBLE AS high, ${price}::DOUBLE AS low,
      ${price}::DOUBLE AS close, 100::DOUBLE AS volume, NULL::DOUBLE AS vwap, NULL::BIGINT AS trades
      FROM (VALUES ${values}) t(symbol, session)`;
    const request = { rows: select, source: 'massive', fetchedAtMs: lake.clock.nowMs(), countUnchangedAttempts: true };
    await putBars(lake.deps, request);
  }

  async function stateOf(lake: ImportLake, session: IsoDate = FRIDAY): Promise<unknown[]> {
    const row = (await currentLedger(lake.test.lake)).get(session);
    return [row?.state, row?.rows, row?.attempts];
  }

  it('calls a session settled only if it was settled with those bars', async () => {
    await using lake = await openImportLake(calendar.closeMs(FRIDAY));
    await fetched(lake, 10);
    lake.clock.move(calendar.settlesAtMs(FRIDAY) - lake.clock.nowMs());
    await fetched(lake, 11);
    assert.deepEqual(await stateOf(lake), ['settled', 1, 2]);
    lake.clock.move(HOUR_MS);
    await restore(lake, { table: 'daily_bars', to: { version: 0 } });
    assert.deepEqual(await stateOf(lake), ['provisional', 1, 1]);
  });

  it('remembers that equal values were confirmed after they had arrived', async () => {
    await using lake = await openImportLake(calendar.closeMs(FRIDAY));
    await fetched(lake, 10);
    lake.clock.move(calendar.settlesAtMs(FRIDAY) - lake.clock.nowMs());
    await fetched(lake, 10);
    lake.clock.move(HOUR_MS);
    await fetched(lake, 99, 3);
    await restore(lake, { table: 'daily_bars', to: { version: 0 } });
    assert.deepEqual(await stateOf(lake), ['settled', 1, 2]);
  });

  it('classifies bars of which it never heard by the instants at which they arrived', async () => {
    await using lake = await openImportLake(calendar.closeMs(FRIDAY));
    await fetched(lake, 10);
    // The process died before it could record the session.
    const { store } = lake.test.deps;
    const keys: string[] = [];
    for await (const { key } of store.list(`${SESSIONS.name}/`)) keys.push(key);
    await store.delete(keys);
    lake.clock.move(24 * 30 * HOUR_MS);
    const reopened = { ...lake.deps, lake: lake.test.again() };
    await putBars(reopened, {
      rows: `SELECT 'S0' AS symbol, DATE '${FRIDAY}' AS session, 9.0::DOUBLE AS open, 9.0::DOUBLE AS high, 9.0::DOUBLE AS low,
        9.0::DOUBLE AS close, 100::DOUBLE AS volume, NULL::DOUBLE AS vwap, NULL::BIGINT AS trades`,
      source: 'massive',
      fetchedAtMs: lake.clock.nowMs(),
    });
    await restoreTable(reopened, { table: 'daily_bars', to: { version: 0 } });
    assert.equal((await currentLedger(reopened.lake)).get(FRIDAY)?.state, 'provisional');
  });

  it('leaves a session alone that was put again before it could follow', async () => {
    await using lake = await openImportLake(calendar.closeMs(FRIDAY));
    await fetched(lake, 10);
    await fetched(lake, 11, 2);
    // A restore that died right after its commit.
    await lake.test.lake.table(DAILY_BARS).restore({ version: 0 });
    await fetched(lake, 12, 3);
    await completeLedger(lake.deps, lake.clock.nowMs());
    assert.deepEqual(await stateOf(lake), ['provisional', 3, 3]);
  });

  it('follows two restores that both died, in one commit', async () => {
    await using world = await openWithWrongImport();
    const { lake } = world;
    const bars = lake.test.lake.table(DAILY_BARS);
    await bars.restore('empty');
    await bars.restore({ version: 0 });
    const [before] = await lake.versions(SESSIONS);
    await completeLedger(lake.deps, lake.clock.nowMs());
    const rows = await lake.rows(SESSIONS);
    assert.equal((await lake.versions(SESSIONS))[0], (before ?? 0) + 1);
    assert.equal(rows.length, 62);
    assert.ok(rows.every(({ state, rows: count }) => state === 'settled' && count === 2));
    await completeLedger(lake.deps, lake.clock.nowMs());
    assert.equal((await lake.versions(SESSIONS))[0], (before ?? 0) + 1, 'nothing is left to follow');
  });

  it('lets the source be asked again for events that a restore removed', async () => {
    await using lake = await openImportLake();
    const { lake: opened } = lake.deps;
    const fetchedOn = async (session: string): Promise<void> => {
      const range = await planEventsFetch(opened, 'massive', isoDate(session), undefined);
      await recordEventsFetch(opened, 'massive', range, isoDate(session), lake.clock.nowMs());
      lake.clock.move(HOUR_MS);
    };
    const splits = (name: string, date: string) => lake.file(name, `symbol,ex_date,ratio\nA,${date},2\n`);
    await lake.import(await splits('one.csv', '2023-02-01'));
    await fetchedOn('2023-06-01');
    await lake.import(await splits('two.csv', '2024-02-01'));
    await fetchedOn('2024-06-03');
    const lastOf = async () => (await planEventsFetch(opened, 'massive', isoDate('2024-12-02'), undefined)).last;
    assert.equal(await lastOf(), '2024-06-03');
    await restore(lake, { table: 'splits', to: { version: 0 } });
    assert.equal((await lake.rows(SPLITS)).length, 1);
    assert.equal(await lastOf(), '2023-06-01');
    await restore(lake, { table: 'splits', to: 'empty' });
    assert.equal(await lastOf(), undefined);
  });
});

describe('tables of facts', () => {
  it('are restored one by one, and derived ones are refused with the reason', async () => {
    await using lake = await openImportLake();
    const listings = await lake.file('listings.csv', 'symbol,first_session,name\nA,2020-01-02,Alpha\n');
    const dividends = await lake.file('dividends.csv', 'symbol,ex_date,amount\nA,2023-02-01,0.5\n');
    await lake.import([listings, dividends]);
    const cases: [string, TableDefinition][] = [
      ['bronze.listings', LISTINGS],
      ['bronze/dividends', DIVIDENDS],
    ];
    for (const [table, definition] of cases) {
      const report = await restore(lake, { table, to: 'empty' });
      assert.deepEqual([report.table, report.removed, report.sessions], [definition.name, 1, undefined]);
      assert.deepEqual(await lake.rows(definition), []);
    }
    const refused: [string, string, RegExp][] = [
      ['sessions', 'restore-derived', /ledger follows the daily bars/],
      ['bronze/restatements', 'restore-derived', /derived from the versions of the daily bars/],
      ['silver.bars_21d', 'restore-derived', /condvest resample/],
      ['bars_21d', 'restore-derived', /condvest resample/],
      ['nonsense', 'table-unknown', /Allowed: bronze\/daily_bars, /],
      ['splits', 'table-absent', /condvest tables/],
    ];
    for (const [table, code, message] of refused)
      await assert.rejects(restore(lake, { table, to: { version: 0 } }), { code, message }, table);
  });
});

describe('a restore that is killed', () => {
  it('is completed by the same restore or by the next run, wherever the kill fell', async () => {
    await using whole = await openWithWrongImport();
    const { engine, store: inner } = whole.lake.test.deps;
    const request: RestoreRequest = { table: 'daily_bars', to: { version: 0 } };
    const counting = new FaultStore(inner, { random: seededRandom(1) });
    await restore(whole.lake, request, whole.lake.test.again({ store: counting }));
    assert.ok(counting.killPoints >= 6, `${counting.killPoints} points`);

    for (let point = 1; point <= counting.killPoints; point += 1) {
      await using world = await openWithWrongImport({ engine });
      const { lake, right } = world;
      const store = new FaultStore(lake.test.deps.store, { random: seededRandom(point) });
      store.killAt(point);
      await assert.rejects(restore(lake, request, lake.test.again({ store })), Killed, `kill point ${point}`);
      const isCommitted = (await lake.test.lake.table(DAILY_BARS).head())?.version === 2;
      if (isCommitted && point % 2 === 0) await completeLedger(lake.deps, lake.clock.nowMs());
      else await restore(lake, request);
      await derive(lake);
      assert.deepEqual(await contents(lake), right, `kill point ${point}`);
      assert.equal((await restore(lake, request)).changed, false, `kill point ${point}`);
    }
  });
});
