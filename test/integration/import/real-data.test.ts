import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { ImportReport } from '#batch/import/report.ts';
import { findQuality } from '#batch/quality.ts';
import { DAILY_BARS, DIVIDENDS, QUARANTINE, SESSIONS, SPLITS } from '#lake/tables.ts';
import { type ImportLake, openImportLake } from '#test/fixtures/import-lake.ts';

const DATA = join(import.meta.dirname, '../../../../shared/data');
const BARS = join(DATA, 'sp500_daily.parquet');
const FILES = [BARS, join(DATA, 'splits.csv'), join(DATA, 'dividends.csv')];
const skip = existsSync(BARS) ? false : `SKIPPED: no real data in ${DATA}`;

describe('importing the real data set', { skip }, () => {
  let imported: Promise<{ lake: ImportLake; first: ImportReport }> | undefined;
  // One import serves all questions; it takes a few seconds.
  const theImport = (): Promise<{ lake: ImportLake; first: ImportReport }> => {
    imported ??= (async () => {
      const lake = await openImportLake();
      return { lake, first: await lake.import(FILES) };
    })();
    return imported;
  };
  after(async () => (await imported)?.lake[Symbol.asyncDispose]());
  const of = (report: ImportReport, dataset: string) => report.datasets.find((part) => part.dataset === dataset);

  it('takes every row but the two that say nothing', async () => {
    const { first } = await theImport();
    const bars = of(first, 'daily_bars');
    assert.equal(bars?.rows, 1_329_203);
    assert.equal(bars?.inserted, 1_329_201);
    assert.equal(of(first, 'splits')?.inserted, 278);
    assert.equal(of(first, 'dividends')?.inserted, 15_360);
  });

  it('is as odd as the page on quality says', async () => {
    const { lake } = await theImport();
    const report = await findQuality(lake.deps, { limit: 19 });
    assert.deepEqual(report.warnings, { 'jump-without-split': 19, 'no-volume': 83, 'split-without-jump': 2 });
    assert.deepEqual(
      report.quarantined.map(({ reason, rows }) => [reason, rows]),
      [['missing or non-finite field', 2]],
    );
    const page = await readFile('docs/reference/quality.md', 'utf8');
    for (const { kind, date, symbol, detail } of report.examples) {
      if (kind === 'no-volume') continue;
      assert.ok(page.includes(`${date}  ${symbol.padEnd(8)} ${detail}`), `${date} ${symbol} is in the page`);
    }
    const told = report.examples.filter(({ kind }) => kind === 'jump-without-split');
    const explained = [...page.matchAll(/^\| (\d{4}-\d\d-\d\d) (\w+) \|/gm)].map(
      ([, date, symbol]) => `${date} ${symbol}`,
    );
    for (const { date, symbol } of told) assert.ok(explained.includes(`${date} ${symbol}`), `${date} ${symbol}`);
  });

  it('quarantines the two rows of nulls of BF.B, with the row as text', async () => {
    const { lake, first } = await theImport();
    assert.deepEqual(of(first, 'daily_bars')?.quarantinedByReason, { 'missing or non-finite field': 2 });
    const rows = await lake.rows(QUARANTINE);
    assert.equal(rows.length, 2);
    for (const row of rows) {
      assert.deepEqual(JSON.parse(String(row['row'])), {
        symbol: 'BF.B',
        date: null,
        open: null,
        high: null,
        low: null,
        close: null,
        volume: null,
      });
      assert.equal(row['reason'], 'missing or non-finite field');
      assert.equal(row['dataset'], 'daily_bars');
    }
  });

  it('keeps the 83 rows without volume and warns of them', async () => {
    const { lake, first } = await theImport();
    assert.equal(of(first, 'daily_bars')?.warnings['no-volume'], 83);
    assert.equal((await lake.rows(DAILY_BARS, 'volume = 0')).length, 83);
  });

  it('reports cliffs without a split and splits without a cliff, and keeps both', async () => {
    const { first } = await theImport();
    const warnings = of(first, 'daily_bars')?.warnings;
    assert.equal(warnings?.['jump-without-split'], 19);
    assert.equal(warnings?.['split-without-jump'], 2);
    const examples = of(first, 'daily_bars')?.warningExamples ?? [];
    assert.ok(
      examples.some(
        ({ kind, symbol, date }) => kind === 'jump-without-split' && symbol === 'AIG' && date === '2008-09-15',
      ),
    );
    assert.ok(
      examples.some(
        ({ kind, symbol, date }) => kind === 'split-without-jump' && symbol === 'ANTM' && date === '2002-03-18',
      ),
    );
  });

  it('stores a nearly rational ratio unrounded', async () => {
    const { lake } = await theImport();
    const apple = (await lake.rows(SPLITS)).find((row) => row['symbol'] === 'AAPL' && row['ex_date'] === '2014-06-09');
    assert.deepEqual([apple?.['split_from'], apple?.['split_to']], [1, 7.00000700001]);
    assert.equal((await lake.rows(DIVIDENDS)).length, 15_360);
  });

  it('settles every session and puts each year into one file', async () => {
    const { lake, first } = await theImport();
    assert.deepEqual(of(first, 'daily_bars')?.sessions, {
      count: 5402,
      first: '1999-11-01',
      last: '2021-04-21',
      byState: { settled: 5402 },
      kept: 0,
    });
    const head = await lake.test.lake.table(DAILY_BARS).head();
    assert.equal(head?.files.length, 23);
    const ledger = await lake.rows(SESSIONS);
    assert.equal(ledger.length, 5402);
    const rows = ledger.reduce((sum, row) => sum + Number(row['rows']), 0);
    assert.equal(rows, 1_329_201);
  });

  it('changes nothing when the same files come again, and says so', async () => {
    const { lake } = await theImport();
    const tables = [DAILY_BARS, SPLITS, DIVIDENDS, SESSIONS, QUARANTINE];
    const before = await lake.versions(...tables);
    const again = await lake.import(FILES);
    assert.equal(again.changed, false);
    assert.equal(of(again, 'daily_bars')?.unchanged, 1_329_201);
    assert.equal(of(again, 'daily_bars')?.newlyQuarantined, 0);
    assert.deepEqual(await lake.versions(...tables), before);
  });
});
