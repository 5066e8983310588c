import assert from 'node:assert/strict';
import { mkdir, readFile, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';

import { DAILY_BARS, QUARANTINE, SESSIONS } from '#lake/tables.ts';
import { type ImportLake, openImportLake } from '#test/fixtures/import-lake.ts';

const HEADER = 'symbol,date,open,high,low,close,volume';
const ROW = 'AAA,2024-01-02,10,12,9,11,100';
const BAR = `'AAA' AS symbol, DATE '2024-01-02' AS date, 10.0 AS open, 12.0 AS high, 9.0 AS low, 11.0 AS close, 7.0 AS volume`;

interface Case {
  readonly name: string;
  readonly make: (lake: ImportLake) => Promise<string>;
  readonly code: string;
  readonly message: RegExp;
}

const CASES: readonly Case[] = [
  {
    name: 'a missing file',
    make: async () => '/nowhere/at/all.csv',
    code: 'import-file-missing',
    message: /No such file: \/nowhere\/at\/all\.csv/,
  },
  {
    name: 'an empty file',
    make: (lake) => lake.file('empty.csv', ''),
    code: 'import-file-empty',
    message: /empty\.csv/,
  },
  {
    name: 'a file of a header alone',
    make: (lake) => lake.file('header.csv', `${HEADER}\n`),
    code: 'import-file-empty',
    message: /no rows: .*header\.csv/,
  },
  {
    name: 'a Parquet file without rows',
    make: (lake) => lake.parquet('none.parquet', `SELECT ${BAR} WHERE false`),
    code: 'import-file-empty',
    message: /no rows/,
  },
  {
    name: 'a folder without data files',
    make: async (lake) => {
      const folder = join(dirname(await lake.file('a.csv', '')), 'folder');
      await mkdir(folder);
      return folder;
    },
    code: 'import-folder-empty',
    message: /no data files: .*folder/,
  },
  {
    name: 'a text file called .parquet',
    make: (lake) => lake.file('text.parquet', `${HEADER}\n${ROW}\n`),
    code: 'import-file-format',
    message: /named as Parquet but is not.*rename it to \.csv/s,
  },
  {
    name: 'a truncated Parquet file',
    make: async (lake) => {
      const path = await lake.parquet('cut.parquet', `SELECT ${BAR}`);
      await truncate(path, (await readFile(path)).length - 20);
      return path;
    },
    code: 'import-file-truncated',
    message: /truncated/,
  },
  {
    name: 'a Parquet file whose footer is damaged',
    make: async (lake) => {
      const bytes = await readFile(await lake.parquet('good.parquet', `SELECT ${BAR}`));
      bytes.fill(0xff, bytes.length - 60, bytes.length - 8);
      return lake.file('bad.parquet', bytes);
    },
    code: 'import-file-unreadable',
    message: /bad\.parquet/,
  },
  {
    name: 'a gzip file that is cut off between two rows',
    make: (lake) => {
      const bytes = gzipSync(`${HEADER}\n${`${ROW}\n`.repeat(50)}`);
      return lake.file('cut.csv.gz', bytes.subarray(0, bytes.length - 8));
    },
    code: 'import-file-truncated',
    message: /damaged or truncated/,
  },
  {
    name: 'bytes that are no text',
    make: (lake) => lake.file('image.csv', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 1])),
    code: 'import-file-format',
    message: /neither Parquet nor UTF-8 text/,
  },
  {
    name: 'a column of the wrong type',
    make: (lake) => lake.parquet('types.parquet', `SELECT * REPLACE (open::VARCHAR AS open) FROM (SELECT ${BAR})`),
    code: 'import-column-type',
    message: /Column open .* wrong type for open: VARCHAR\. Allowed: a number/,
  },
  {
    name: 'a missing column',
    make: (lake) => lake.file('few.csv', 'symbol,date,open,high,low\nAAA,2024-01-02,1,1,1\n'),
    code: 'import-columns-missing',
    message: /few\.csv looks like daily bars, but has no column for close, volume\. Allowed: close as close \| c /,
  },
  {
    name: 'two columns that may be the same field',
    make: (lake) => lake.file('two.csv', `ticker,${HEADER}\nAAA,${ROW}\n`),
    code: 'import-column-ambiguous',
    message: /may be symbol: ticker, symbol/,
  },
  {
    name: 'dates with two meanings',
    make: (lake) => lake.file('days.csv', `${HEADER}\nAAA,03/04/2024,10,12,9,11,100\n`),
    code: 'import-dates-ambiguous',
    message: /two meanings: 03\/04\/2024\. Allowed: YYYY-MM-DD.* Add --dates mdy/,
  },
  {
    name: 'bars of minutes, which have the columns of days',
    make: (lake) =>
      lake.file(
        'minutes.csv',
        `ticker,volume,open,close,high,low,window_start,transactions\nAAA,1,1,1,1,1,${Date.parse('2024-01-02T14:30:00Z')}000000,1\n`,
      ),
    code: 'import-dates-unreadable',
    message: /minute or hourly bars/,
  },
  {
    name: 'a line with too many values',
    make: (lake) => lake.file('wide.csv', `${HEADER}\n${ROW}\n${ROW},1\n`),
    code: 'import-line-malformed',
    message: /Line 3 of .*wide\.csv has 8 values where the header has 7 columns/,
  },
  {
    name: 'a quote that never closes',
    make: (lake) => lake.file('quote.csv', `${HEADER}\n"AAA,2024-01-02,10,12,9,11,100\n`),
    code: 'import-line-malformed',
    message: /Line 2 .*quote/,
  },
];

const GOOD = `${HEADER}\nGOOD,2024-01-03,10,12,9,11,100\n`;
/** Operands, not files: a wrong one stops the import before any file is read. */
const STOPPING: ReadonlySet<string> = new Set(['import-file-missing', 'import-folder-empty']);

describe('bad input gets one clear message and leaves nothing behind', () => {
  for (const { name, make, code, message } of CASES) {
    it(`when it is ${name}`, async () => {
      await using lake = await openImportLake();
      const path = await make(lake);
      await assert.rejects(lake.import(path), (error: Error & { code?: string }) => {
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        assert.ok(!error.message.includes('\n'), 'one line');
        return true;
      });
      assert.deepEqual(await lake.versions(DAILY_BARS, QUARANTINE, SESSIONS), [undefined, undefined, undefined]);
    });
  }

  it('when the bound is no share', async () => {
    await using lake = await openImportLake();
    const path = await lake.file('a.csv', `${HEADER}\n${ROW}\n`);
    await assert.rejects(lake.import(path, { quarantineBound: 5 }), { code: 'import-bound-invalid' });
    await assert.rejects(lake.import([]), { code: 'import-no-files' });
  });
});

describe('a bad file among good ones', () => {
  for (const { name, make, code, message } of CASES.filter((one) => !STOPPING.has(one.code))) {
    it(`is left out with its reason when it is ${name}, and the good ones are imported`, async () => {
      await using lake = await openImportLake();
      const report = await lake.import([await lake.file('good.csv', GOOD), await make(lake)]);
      assert.deepEqual(
        report.refused.map((one) => one.code),
        [code],
      );
      assert.match(report.refused[0]?.reason ?? '', message);
      assert.deepEqual(
        (await lake.rows(DAILY_BARS)).map((row) => row['symbol']),
        ['GOOD'],
      );
    });
  }

  it('stops the whole import if all files are required', async () => {
    await using lake = await openImportLake();
    const files = [await lake.file('good.csv', GOOD), await lake.file('empty.csv', '')];
    await assert.rejects(lake.import(files, { strict: true }), {
      code: 'import-files-refused',
      message: /1 of 2 files cannot be imported, so nothing was: The file is empty: .*leave out --strict/,
    });
    assert.deepEqual(await lake.versions(DAILY_BARS), [undefined]);
  });

  it('is one of those listed together when none is good', async () => {
    await using lake = await openImportLake();
    const files = [await lake.file('a.csv', ''), await lake.file('b.csv', `${HEADER}\n`)];
    await assert.rejects(lake.import(files), {
      code: 'import-files-refused',
      message: /2 of 2 files cannot be imported.*a\.csv.*b\.csv/,
    });
  });
});
