import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { DIVIDENDS_IMPORT, putValueSets } from '#batch/import/import-events.ts';
import { Lake } from '#lake/lake.ts';
import { DIVIDENDS, LISTINGS, QUARANTINE, SPLITS } from '#lake/tables.ts';
import { type ImportLake, only, openImportLake } from '#test/fixtures/import-lake.ts';

async function splits(lake: ImportLake): Promise<string[]> {
  const rows = await lake.rows(SPLITS);
  return rows.map(
    (row) => `${row['symbol']} ${row['ex_date']} ${row['split_to']}:${row['split_from']} ${row['source']}`,
  );
}

function splitsFile(lake: ImportLake, name: string, ...rows: readonly string[]): Promise<string> {
  return lake.file(name, ['symbol,ex_date,split_from,split_to', ...rows].join('\n'));
}

describe('importing splits', () => {
  it('takes two numbers or a ratio, and stores a ratio unrounded', async () => {
    await using lake = await openImportLake();
    await lake.import(await splitsFile(lake, 'a.csv', 'A,2024-01-02,1,2'));
    await lake.import(await lake.file('b.csv', 'symbol,ex_date,ratio\nB,2024-01-02,7.00000700001\n'));
    assert.deepEqual(await splits(lake), ['A 2024-01-02 2:1 import', 'B 2024-01-02 7.00000700001:1 import']);
  });

  it('keeps two different values of one key side by side and reports them', async () => {
    await using lake = await openImportLake();
    const report = await lake.import(await splitsFile(lake, 'a.csv', 'A,2024-01-02,1,2', 'A,2024-01-02,1,3'));
    assert.equal(only(report).warnings['different-values'], 1);
    assert.equal((await splits(lake)).length, 2);
    const again = await lake.import(await splitsFile(lake, 'b.csv', 'A,2024-01-02,1,3', 'A,2024-01-02,1,2'));
    assert.equal(again.changed, false);
  });

  it('replaces what a source said of a key earlier, and only that', async () => {
    await using lake = await openImportLake();
    await lake.import(await splitsFile(lake, 'a.csv', 'A,2024-01-02,1,2', 'A,2024-01-02,1,3', 'B,2024-01-02,1,5'));
    const report = await lake.import(await splitsFile(lake, 'b.csv', 'A,2024-01-02,1,3'));
    assert.equal(only(report).replaced, 1);
    assert.deepEqual(await splits(lake), ['A 2024-01-02 3:1 import', 'B 2024-01-02 5:1 import']);
  });

  it('lets a source of higher rank replace a rounded value, and not the other way round', async () => {
    await using lake = await openImportLake();
    const rounded = await splitsFile(lake, 'a.csv', 'A,2014-06-09,1,7.00000700001');
    await lake.import(rounded);
    await lake.import(await splitsFile(lake, 'b.csv', 'A,2014-06-09,1,7'), { source: 'massive' });
    assert.deepEqual(await splits(lake), ['A 2014-06-09 7:1 massive']);
    const back = await lake.import(rounded);
    assert.equal(only(back).conflicts, 1);
    assert.equal(back.changed, false);
    assert.equal(only(back).conflictExamples[0]?.storedSource, 'massive');
    await lake.import(rounded, { replace: true });
    assert.deepEqual(await splits(lake), ['A 2014-06-09 7.00000700001:1 import']);
  });

  it('keeps source and time of a value that comes again from elsewhere', async () => {
    await using lake = await openImportLake();
    await lake.import(await splitsFile(lake, 'a.csv', 'A,2024-01-02,1,2'));
    const [before] = await lake.rows(SPLITS);
    lake.clock.move(5000);
    const report = await lake.import(await splitsFile(lake, 'b.csv', 'A,2024-01-02,1,2'), { source: 'massive' });
    assert.equal(report.changed, false);
    assert.deepEqual((await lake.rows(SPLITS))[0], before);
  });

  it('takes announced splits of the future, and quarantines what is none', async () => {
    await using lake = await openImportLake();
    const rows = ['A,2027-12-31,1,2', 'B,2024-01-02,0,2', 'C,2024-01-02,,2', '-D,2024-01-02,1,2'];
    const report = await lake.import(await splitsFile(lake, 'a.csv', ...rows), { quarantineBound: 1 });
    assert.deepEqual(only(report).quarantinedByReason, {
      'malformed symbol': 1,
      'missing or non-finite field': 1,
      'price not positive': 1,
    });
    assert.deepEqual(await splits(lake), ['A 2027-12-31 2:1 import']);
    assert.deepEqual(
      (await lake.rows(QUARANTINE)).map((row) => row['row_number']),
      [2, 3, 4],
    );
  });
});

describe('importing dividends', () => {
  it('tells kinds apart, and collapses equal rows', async () => {
    await using lake = await openImportLake();
    const rows = ['A,2024-01-02,0.5,CD', 'A,2024-01-02,1.5,SC', 'A,2024-01-02,0.5,CD', 'B,2024-01-02,0.25,'];
    const report = await lake.import(
      await lake.file('a.csv', ['ticker,ex_dividend_date,cash_amount,dividend_type', ...rows].join('\n')),
    );
    assert.equal(only(report).duplicates, 1);
    assert.deepEqual(
      (await lake.rows(DIVIDENDS)).map((row) => [row['symbol'], row['kind'], row['cash_amount']]),
      [
        ['A', 'CD', 0.5],
        ['A', 'SC', 1.5],
        ['B', 'CD', 0.25],
      ],
    );
  });

  const details = async (lake: ImportLake): Promise<unknown[][]> =>
    (await lake.rows(DIVIDENDS)).map((row) => [
      ...[row['symbol'], row['declaration_date'], row['record_date'], row['pay_date'], row['frequency'], row['source']],
    ]);

  it('keeps dates and frequency, and reads words and placeholders as they are meant', async () => {
    await using lake = await openImportLake();
    const text = [
      'Symbol,exDate,declarationDate,recordDate,paymentDate,amount,frequency',
      'A,05/10/2024,05/02/2024,05/13/2024,05/16/2024,0.25,Quarterly',
      'B,05/10/2024,N/A,05/13/2024,06/03/2024,0.1,12',
      'C,05/10/2024,N/A,05/13/2024,05/31/2024,0.1,now and then',
    ];
    await lake.import(await lake.file('a.csv', text.join('\n')));
    assert.deepEqual(await details(lake), [
      ['A', '2024-05-02', '2024-05-13', '2024-05-16', 4, 'import'],
      ['B', null, '2024-05-13', '2024-06-03', 12, 'import'],
      ['C', null, '2024-05-13', '2024-05-31', null, 'import'],
    ]);
  });

  it('reads dividends of a lake from before their dates were kept, and adds the columns with the next write', async () => {
    await using lake = await openImportLake();
    const columns = DIVIDENDS.columns.filter(({ name }) => !DIVIDENDS_IMPORT.details.includes(name));
    const older = { ...DIVIDENDS_IMPORT, definition: { ...DIVIDENDS, columns }, details: [] };
    const job = { source: 'import', seenAtMs: 0, replace: false, dryRun: false, origin: {} };
    const row = `SELECT 'A' AS symbol, DATE '2024-05-10' AS ex_date, 'CD' AS kind, 0.25::DOUBLE AS cash_amount`;
    await putValueSets({ lake: new Lake(lake.test.deps), rules: lake.deps.rules }, job, older, row);
    assert.deepEqual(await details(lake), [['A', null, null, null, null, 'import']]);
    const text = 'symbol,ex_date,cash_amount,pay_date\nA,2024-05-10,0.25,2024-05-16\nB,2024-05-10,1,\n';
    await lake.import(await lake.file('newer.csv', text));
    assert.deepEqual(await details(lake), [
      ['A', null, null, '2024-05-16', null, 'import'],
      ['B', null, null, null, null, 'import'],
    ]);
  });

  it('fills in what becomes known, and never overwrites it with a null or from a lower rank', async () => {
    await using lake = await openImportLake();
    const file = (name: string, header: string, row: string) =>
      lake.file(name, `symbol,ex_date,cash_amount,${header}\nA,2024-05-10,0.25,${row}\n`);
    await lake.import(await lake.file('plain.csv', 'symbol,ex_date,cash_amount\nA,2024-05-10,0.25\n'));
    const pay = await lake.import(await file('pay.csv', 'pay_date,frequency', '2024-05-16,4'), { source: 'massive' });
    assert.equal(only(pay).replaced, 1);
    assert.deepEqual(await details(lake), [['A', null, null, '2024-05-16', 4, 'import']]);
    const again = await lake.import(await lake.file('again.csv', 'symbol,ex_date,cash_amount\nA,2024-05-10,0.25\n'));
    assert.equal(again.changed, false);

    const other = { replace: true, source: 'massive' } as const;
    await lake.import(
      await lake.file('vendor.csv', 'symbol,ex_date,cash_amount,pay_date\nB,2024-05-10,1,2024-06-03\n'),
      other,
    );
    const lower = 'symbol,ex_date,cash_amount,record_date,pay_date\nB,2024-05-10,1,2024-05-13,2024-07-01\n';
    await lake.import(await lake.file('lower.csv', lower));
    assert.deepEqual((await details(lake))[1], ['B', null, '2024-05-13', '2024-06-03', null, 'massive']);
  });
});

describe('importing listings', () => {
  const HEADER = 'ticker,list_date,delisted_utc,name,composite_figi';
  const listings = (lake: ImportLake, ...rows: readonly string[]): Promise<string> =>
    lake.file(`${rows.length}-${rows.join('').length}.csv`, [HEADER, ...rows].join('\n'));

  it('gives a symbol that is used again another security, and a renamed security its first id', async () => {
    await using lake = await openImportLake();
    const rows = [
      'FB,2012-05-18,2022-06-08,Facebook,BBG1',
      'META,2021-06-30,2022-01-31,A fund,BBG2',
      'META,2022-06-09,,Meta,BBG1',
      'META2,2022-06-09,,Other,',
    ];
    assert.equal(only(await lake.import(await listings(lake, ...rows))).inserted, 4);
    assert.deepEqual(
      (await lake.rows(LISTINGS)).map((row) => [row['symbol'], row['first_session'], row['security_id']]),
      [
        ['FB', '2012-05-18', 'FB'],
        ['META', '2021-06-30', 'META'],
        ['META', '2022-06-09', 'FB'],
        ['META2', '2022-06-09', 'META2'],
      ],
    );
    assert.equal((await lake.import(await listings(lake, ...rows))).changed, false);
  });

  it('never lets a missing value overwrite a known one', async () => {
    await using lake = await openImportLake();
    await lake.import(await listings(lake, 'A,2020-01-02,2021-01-04,Name,BBG1'));
    const report = await lake.import(await listings(lake, 'A,2020-01-02,,,'));
    assert.equal(report.changed, false);
    assert.equal((await lake.rows(LISTINGS))[0]?.['name'], 'Name');
  });

  it('refuses two listings of one symbol on the same session', async () => {
    await using lake = await openImportLake();
    const path = await listings(lake, 'A,2020-01-02,,One,', 'A,2021-01-04,,Two,');
    await assert.rejects(lake.import(path), { code: 'import-listings-overlap' });
    assert.deepEqual(await lake.versions(LISTINGS), [undefined]);
  });
});

describe('an import of splits or dividends', () => {
  it('reads ratios as 4:1, 4/1, 4-for-1 and as a number, new shares first', async () => {
    await using lake = await openImportLake();
    const rows = [
      'A,2024-01-04,4:1',
      'B,2024-01-04,4/1',
      'C,2024-01-04,4-for-1',
      'D,2024-01-04,3 for 2',
      'E,2024-01-04,1:10',
      'F,2024-01-04,0.1',
    ];
    await lake.import(await lake.file('splits.csv', ['symbol,date,ratio', ...rows].join('\n')));
    assert.deepEqual(
      (await lake.rows(SPLITS)).map((row) => `${row['symbol']} ${row['split_to']}:${row['split_from']}`),
      ['A 4:1', 'B 4:1', 'C 4:1', 'D 3:2', 'E 1:10', 'F 0.1:1'],
    );
  });

  it('quarantines a ratio that is none', async () => {
    await using lake = await openImportLake();
    const rows = ['A,2024-01-04,4:1', 'B,2024-01-04,four'];
    const report = await lake.import(await lake.file('splits.csv', ['symbol,date,ratio', ...rows].join('\n')));
    assert.deepEqual(only(report).quarantinedByReason, { 'missing or non-finite field': 1 });
  });

  it('leaves out dividends in other currencies, and says so', async () => {
    await using lake = await openImportLake();
    const rows = ['A,2024-01-04,0.5,USD', 'A,2024-01-05,50,JPY', 'A,2024-01-08,0.4,cad', 'A,2024-01-09,0.6,'];
    const report = only(
      await lake.import(await lake.file('d.csv', ['ticker,ex_dividend_date,cash_amount,currency', ...rows].join('\n'))),
    );
    assert.deepEqual(
      (await lake.rows(DIVIDENDS)).map((row) => row['ex_date']),
      ['2024-01-04', '2024-01-09'],
    );
    assert.deepEqual([report.quarantined, report.warnings['other-currency']], [0, 2]);
    assert.match(report.warningExamples[0]?.detail ?? '', /50 JPY/);
  });
});
