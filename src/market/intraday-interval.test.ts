import assert from 'node:assert/strict';
import { test } from 'node:test';

import { INTRADAY_INTERVALS, INTRADAY_MS } from './intraday-interval.ts';

test('every interval holds whole windows of the next shorter one, so bars can be made from bars', () => {
  for (const [i, interval] of INTRADAY_INTERVALS.entries()) {
    const shorter = INTRADAY_INTERVALS[i - 1];
    if (shorter === undefined) continue;
    const count = INTRADAY_MS[interval] / INTRADAY_MS[shorter];
    assert.ok(Number.isInteger(count) && count > 1, `${interval} of ${shorter}`);
  }
});
