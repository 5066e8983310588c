import assert from 'node:assert/strict';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { openImportLake } from '#test/fixtures/import-lake.ts';
import { condvest, temporaryFolder } from './command-line.ts';

const BARS = 'symbol,date,open,high,low,close,volume\nAAA,2024-01-02,1,1,1,1,1\n';

test('a lake with commits of the future is not written to unless somebody says that the clock is right', async () => {
  await using folder = await temporaryFolder();
  const home = join(folder.path, 'home');
  await using lake = await openImportLake(Date.now() + 3 * 86_400_000);
  await lake.import(await lake.file('bars.csv', BARS));
  await cp(lake.test.root, join(home, 'lake'), { recursive: true });
  const file = join(folder.path, 'more.csv');
  await writeFile(file, BARS.replaceAll('AAA', 'BBB'));
  const refused = await condvest(['import', file], { home });
  assert.equal(refused.code, 2);
  assert.match(
    refused.err,
    /^condvest: The newest commit of the lake is from .* repeat the command with --clock-is-right\.\n$/,
  );
  const bars = await condvest(['bars', 'AAA'], { home });
  assert.equal(bars.code, 0, 'reading is not writing');
  const written = await condvest(['import', file, '--clock-is-right'], { home });
  assert.equal(written.code, 0, written.err);
  const up = await condvest(['up', '--no-serve'], { home });
  assert.deepEqual([up.code, /--clock-is-right/.test(up.err)], [2, true]);
});
