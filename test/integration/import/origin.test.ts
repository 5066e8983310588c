import assert from 'node:assert/strict';
import { test } from 'node:test';

import { describeOrigin } from '#cli/history.ts';
import { DAILY_BARS, LISTINGS, QUARANTINE, SPLITS } from '#lake/tables.ts';
import { openImportLake } from '#test/fixtures/import-lake.ts';

const HEADER = 'symbol,date,open,high,low,close,volume';

test('the history of each table says which import made a version', async () => {
  await using lake = await openImportLake();
  const bars = await lake.file('bars.csv', `${HEADER}\nA,2024-01-02,10,12,9,11,100\nA,2024-01-06,10,12,9,11,100\n`);
  const more = await lake.file('more.csv', `${HEADER}\nB,2024-01-02,10,12,9,11,100\n`);
  const splits = await lake.file('splits.csv', 'symbol,ex_date,ratio\nA,2023-02-01,2\n');
  const listings = await lake.file('listings.csv', 'symbol,first_session,name\nA,2020-01-02,Alpha\n');
  const report = await lake.import([bars, more, splits, listings], { quarantineBound: 0.5, source: 'broker' });
  const digest = report.files.find(({ path }) => path === bars)?.digest.slice(0, 12);

  const table = lake.test.lake.table(DAILY_BARS);
  const [entry] = await table.history(1);
  const expected = { command: 'import', source: 'broker', files: 2, file: 'bars.csv', digest };
  assert.deepEqual(entry?.parameters, expected);
  assert.ok(entry !== undefined);
  assert.equal(describeOrigin(entry), 'import of bars.csv and 1 more as broker');
  for (const [definition, file] of [
    [QUARANTINE, 'bars.csv'],
    [SPLITS, 'splits.csv'],
    [LISTINGS, 'listings.csv'],
  ] as const) {
    const [made] = await lake.test.lake.table(definition).history(1);
    assert.deepEqual([made?.parameters['command'], made?.parameters['file']], ['import', file], definition.name);
  }
});

test('a file name that would drive a terminal is stored and shown escaped', async () => {
  await using lake = await openImportLake();
  const name = `\u001b[2J${'x'.repeat(200)}.csv`;
  await lake.import(await lake.file(name, `${HEADER}\nA,2024-01-02,10,12,9,11,100\n`));
  const [entry] = await lake.test.lake.table(DAILY_BARS).history(1);
  const file = String(entry?.parameters['file']);
  assert.equal(file.length, 100);
  assert.ok(file.startsWith('\\u{1b}[2Jxxx'), file);
});
