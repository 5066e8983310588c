import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GapsAnswer } from '#serving/condvest/shapes/ledger.ts';
import { openHttpApp } from '#test/fixtures/http-app.ts';
import { PARTIAL, PARTIAL_SYMBOLS } from '#test/fixtures/http-market.ts';

test('gaps that a run fetches if it starts now are counted apart from those fetched since the last close', async () => {
  await using http = await openHttpApp();
  const counts = async () => {
    const { runs, sessions_total, sessions_due } = await http.json<GapsAnswer>('/condvest/v1/gaps');
    return { last: runs[0]?.last, sessions_total, sessions_due };
  };
  assert.deepEqual(await counts(), { last: PARTIAL, sessions_total: 1, sessions_due: 1 });
  await http.commitBars([PARTIAL], { symbols: PARTIAL_SYMBOLS, shift: 1 });
  assert.deepEqual(await counts(), { last: PARTIAL, sessions_total: 1, sessions_due: 0 });
  await http.commitNextSession();
  assert.equal((await counts()).sessions_due, 1, 'the next close gives a second opinion');
});
