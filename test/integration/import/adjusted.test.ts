import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { isoDate } from '#base/dates.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { type ImportLake, openImportLake } from '#test/fixtures/import-lake.ts';

const HEADER = 'symbol,date,open,high,low,close,volume,vwap';
const line = (symbol: string, date: string, price: number, volume: number): string =>
  [symbol, date, price, price, price, price, volume, price].join(',');
const csv = (...lines: readonly string[]): string => `${[HEADER, ...lines].join('\n')}\n`;
/** An old split makes the known splits cover all of 2020. */
const SPLITS = [
  'symbol,ex_date,split_from,split_to',
  'OLD,2000-01-03,1,2',
  'AAA,2020-06-10,1,4',
  'AAA,2020-06-12,1,2',
].join('\n');
const TRADED = ['AAA 2020-06-09 80 100', 'AAA 2020-06-10 20 400', 'AAA 2020-06-11 20 400', 'AAA 2020-06-12 10 800'];
const ADJUSTED = ['2020-06-09', '2020-06-10', '2020-06-11', '2020-06-12'].map((date) => line('AAA', date, 10, 800));

async function bars(lake: ImportLake): Promise<string[]> {
  const rows = await lake.rows(DAILY_BARS);
  return rows.map((row) => `${row['symbol']} ${row['session']} ${row['close']} ${row['volume']}`);
}

describe('prices adjusted for splits', () => {
  it('are turned back into traded ones by the known splits, under a source of their own', async () => {
    await using lake = await openImportLake();
    await lake.import(await lake.file('splits.csv', SPLITS));
    await lake.import(await lake.file('a.csv', csv(...ADJUSTED)), { adjusted: 'split' });
    assert.deepEqual(await bars(lake), TRADED);
    const [first] = await lake.rows(DAILY_BARS);
    assert.deepEqual([first?.['source'], first?.['vwap'], first?.['open']], ['import-unadjusted', 80, 80]);
  });

  it('are turned back by splits of the same import', async () => {
    await using lake = await openImportLake();
    const files = [await lake.file('a.csv', csv(...ADJUSTED)), await lake.file('splits.csv', SPLITS)];
    await lake.import(files, { adjusted: 'split' });
    assert.deepEqual(await bars(lake), TRADED);
  });

  it('never replace an import of traded prices', async () => {
    await using lake = await openImportLake();
    await lake.import(await lake.file('splits.csv', SPLITS));
    await lake.import(await lake.file('traded.csv', csv(line('AAA', '2020-06-09', 81, 100))));
    await lake.import(await lake.file('a.csv', csv(...ADJUSTED)), { adjusted: 'split' });
    assert.deepEqual(await bars(lake), ['AAA 2020-06-09 81 100', ...TRADED.slice(1)]);
  });

  it('are refused where the splits are not known from the first row on', async () => {
    await using lake = await openImportLake();
    const path = await lake.file('a.csv', csv(...ADJUSTED));
    await assert.rejects(lake.import(path, { adjusted: 'split' }), {
      code: 'import-splits-unknown',
      message: /rows from 2020-06-09; no splits\..*--splits-from/,
    });
    await lake.import(await lake.file('late.csv', SPLITS.split('\n').toSpliced(1, 1).join('\n')));
    await assert.rejects(lake.import(path, { adjusted: 'split' }), {
      found: 'rows from 2020-06-09; splits from 2020-06-10',
    });
    await lake.import(path, { adjusted: 'split', splitsFrom: isoDate('2020-01-01') });
    assert.deepEqual(await bars(lake), TRADED);
  });

  it('are refused if a split after the last row leaves open what they are adjusted for', async () => {
    await using lake = await openImportLake();
    await lake.import(await lake.file('splits.csv', SPLITS));
    const path = await lake.file('a.csv', csv(...ADJUSTED.slice(0, 3)));
    await assert.rejects(lake.import(path, { adjusted: 'split' }), {
      code: 'import-adjusted-through',
      message: /AAA had a split on 2020-06-12, after the last row .*--adjusted-through/,
    });
    await lake.import(path, { adjusted: 'split', adjustedThrough: isoDate('2021-01-04') });
    assert.deepEqual(await bars(lake), TRADED.slice(0, 3));
  });

  it('are refused if the prices are as traded', async () => {
    await using lake = await openImportLake();
    await lake.import(await lake.file('splits.csv', SPLITS));
    const traded = [
      line('AAA', '2020-06-09', 80, 100),
      line('AAA', '2020-06-10', 20, 400),
      line('AAA', '2020-06-11', 20, 400),
      line('AAA', '2020-06-12', 10, 800),
    ];
    await assert.rejects(lake.import(await lake.file('a.csv', csv(...traded)), { adjusted: 'split' }), {
      code: 'import-contradiction',
      message: /stated as adjusted for splits, but are as traded: 2 of 2 known splits show/,
    });
  });

  it('are refused as traded ones if several known splits do not show', async () => {
    await using lake = await openImportLake();
    await lake.import(await lake.file('splits.csv', SPLITS));
    const path = await lake.file('a.csv', csv(...ADJUSTED));
    await assert.rejects(lake.import(path), {
      code: 'import-adjusted',
      message: /adjusted for splits, and bars are stored as traded: 2 of 2 known splits do not show/,
    });
    await lake.import(path, { adjusted: 'none' });
    assert.equal((await bars(lake))[0], 'AAA 2020-06-09 10 800');
  });

  it('are refused as traded ones if the only known split does not show', async () => {
    await using lake = await openImportLake();
    await lake.import(await lake.file('splits.csv', 'symbol,ex_date,ratio\nAAA,2020-06-10,4\n'));
    const path = await lake.file('a.csv', csv(...ADJUSTED));
    await assert.rejects(lake.import(path), {
      code: 'import-adjusted',
      found: '1 of 1 known split does not show: AAA closed at 10 before its split, and at 10 on 2020-06-10',
    });
    assert.deepEqual(await bars(lake), []);
    await lake.import(path, { adjusted: 'none' });
    assert.equal((await bars(lake)).length, 4);
  });

  it('are traded ones if a single split does not show and those of other files do', async () => {
    await using lake = await openImportLake();
    const splits = ['symbol,ex_date,ratio', 'AAA,2020-06-10,4', 'BBB,2020-06-10,4', 'CCC,2020-06-10,2'].join('\n');
    const traded = (symbol: string, before: number, after: number): string =>
      csv(line(symbol, '2020-06-09', before, 100), line(symbol, '2020-06-10', after, 100));
    const files = [
      await lake.file('splits.csv', splits),
      await lake.file('a.csv', traded('AAA', 10, 10)),
      await lake.file('b.csv', traded('BBB', 80, 20)),
      await lake.file('c.csv', traded('CCC', 80, 41)),
    ];
    const { refused, datasets } = await lake.import(files);
    assert.deepEqual(refused, []);
    const { warnings } = datasets.find(({ dataset }) => dataset === 'daily_bars') ?? {};
    assert.deepEqual(warnings, { 'split-without-jump': 1 });
    const adjusted = [files[0] ?? '', files[1] ?? '', await lake.file('d.csv', traded('BBB', 20, 20))];
    await using other = await openImportLake();
    const { refused: both } = await other.import(adjusted);
    assert.deepEqual(
      both.map(({ code }) => code),
      ['import-adjusted', 'import-adjusted'],
    );
  });

  it('follow a symbol that went to another company, each with its own splits', async () => {
    await using lake = await openImportLake();
    const listings = [
      'symbol,first_session,last_session,security_id',
      'AAA,2000-01-03,2020-06-10,FIRST',
      'AAA,2020-06-11,,SECOND',
    ].join('\n');
    await lake.import([await lake.file('splits.csv', SPLITS), await lake.file('listings.csv', listings)]);
    const rows = [
      ...['2020-06-09', '2020-06-10'].map((date) => line('AAA', date, 20, 400)),
      ...['2020-06-11', '2020-06-12'].map((date) => line('AAA', date, 10, 800)),
    ];
    await lake.import(await lake.file('a.csv', csv(...rows)), { adjusted: 'split' });
    assert.deepEqual(await bars(lake), TRADED);
  });
});
