import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { TRADE_CONDITIONS } from '#market/trade-conditions.ts';

const OPEN_CLOSE = { yes: 'yes', first: 'if first', no: 'no' };

test('the page on live bars has the table of conditions as it is in the code', () => {
  const page = readFileSync('docs/reference/live-bars.md', 'utf8');
  const rows = [...page.matchAll(/^\| (\d+ \|.*) \|$/gm)].map(([, row = '']) =>
    row.split('|').map((cell) => cell.trim()),
  );
  const wanted = TRADE_CONDITIONS.map(({ id, name, cta, utp, consolidated: { openClose, highLow, volume } }) => [
    ...[String(id), name, cta, utp, OPEN_CLOSE[openClose], highLow ? 'yes' : 'no', volume ? 'yes' : 'no'],
  ]);
  assert.deepEqual(rows, wanted);
});
