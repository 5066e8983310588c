import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';

import { DAILY_BARS } from '#lake/tables.ts';
import { type ImportLake, only, openImportLake } from '#test/fixtures/import-lake.ts';

const csv = (...lines: readonly string[]): string => `${lines.join('\n')}\n`;

describe('an import of a folder', () => {
  const HEADER = 'date,open,high,low,close,volume';
  const ROW = '2024-01-02,100,102,99,101,10000';

  async function folderOf(lake: ImportLake, files: Readonly<Record<string, string>>): Promise<string> {
    const folder = join(dirname(await lake.file('beside', '')), 'data');
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), content);
    }
    return folder;
  }

  it('takes the symbol from folders named after it, and skips what is no data', async () => {
    await using lake = await openImportLake();
    const folder = await folderOf(lake, {
      'symbol=AAA/part-0.csv': csv(HEADER, ROW),
      'symbol=BRK%2FB/part-0.csv': csv(HEADER, ROW),
      'README.md': 'hello',
      '.hidden/x.csv': 'nonsense',
    });
    const report = await lake.import(folder);
    assert.deepEqual(await storedBars(lake), ['AAA 2024-01-02 101 10000', 'BRK/B 2024-01-02 101 10000']);
    assert.equal(report.otherFiles, 1);
  });

  it('refuses a Delta table, some of whose files no longer count', async () => {
    await using lake = await openImportLake();
    const folder = await folderOf(lake, {
      'bars/_delta_log/00000000000000000000.json': '{}',
      'bars/year=2024/a.csv': csv(`symbol,${HEADER}`, `AAA,${ROW}`),
    });
    await assert.rejects(lake.import(folder), { code: 'import-folder-is-table', message: /rows that were replaced/ });
    assert.deepEqual(await lake.versions(DAILY_BARS), [undefined]);
  });

  it('expands a pattern to the same files', async () => {
    await using lake = await openImportLake();
    const folder = await folderOf(lake, { 'symbol=AAA/a.csv': csv(HEADER, ROW), 'symbol=BBB/a.csv': csv(HEADER, ROW) });
    assert.equal(only(await lake.import(join(folder, '*', '*.csv'))).inserted, 2);
    await assert.rejects(lake.import(join(folder, '*.csv')), { code: 'import-folder-empty' });
  });

  it('refuses rows that contradict their folder', async () => {
    await using lake = await openImportLake();
    const folder = await folderOf(lake, {
      'symbol=AAA/a.csv': csv(`symbol,${HEADER}`, `BBB,${ROW}`),
      'year=2023/b.csv': csv(`symbol,${HEADER}`, `CCC,${ROW}`),
      'date=2024-01-03/c.csv': csv(`symbol,${HEADER}`, `DDD,${ROW}`),
      'date=2024-01-02/d.csv': csv('symbol,open,high,low,close,volume', 'EEE,100,102,99,101,10000'),
    });
    const report = await lake.import(folder);
    assert.deepEqual(await storedBars(lake), ['EEE 2024-01-02 101 10000']);
    assert.deepEqual(
      report.refused.map(({ code }) => code),
      ['import-contradiction', 'import-contradiction', 'import-contradiction'],
    );
  });

  it('imports hundreds of files of one symbol each, and lists the empty ones', async () => {
    await using lake = await openImportLake();
    const names = Array.from({ length: 300 }, (_, index) => `S${index}`);
    const isEmpty = (index: number): boolean => index % 100 === 7;
    const folder = await folderOf(
      lake,
      Object.fromEntries(names.map((name, index) => [`${name}.csv`, isEmpty(index) ? csv(HEADER) : csv(HEADER, ROW)])),
    );
    const report = await lake.import(folder, { symbolFromName: true });
    assert.equal(only(report).inserted, 297);
    assert.deepEqual(
      report.refused.map(({ code, path }) => `${code} ${path.slice(folder.length + 1)}`),
      ['import-file-empty S107.csv', 'import-file-empty S207.csv', 'import-file-empty S7.csv'],
    );
  });
});

async function storedBars(lake: ImportLake): Promise<string[]> {
  const rows = await lake.rows(DAILY_BARS);
  return rows.map((row) => `${row['symbol']} ${row['session']} ${row['close']} ${row['volume']}`);
}
