import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';

import { type ChartSeries, sliceHistory } from './history.ts';

const DAY = 86_400;

function seriesOf(times: readonly number[]): ChartSeries {
  const column = Float64Array.from(times);
  const values = { open: column, high: column, low: column, close: column, volume: column };
  const flags = new Uint8Array(times.length);
  return { times: column, lastDays: column, ...values, rows: new Uint16Array(times.length), partial: flags };
}

/** Ascending times with gaps, and requests in, beside and beyond them. */
const anySeries = fc
  .array(fc.integer({ min: 1, max: 9 }), { maxLength: 40 })
  .map((steps) => steps.map((_, i) => steps.slice(0, i + 1).reduce((sum, step) => sum + step, 0) * DAY));
const anyTime = fc.integer({ min: -2 * DAY, max: 400 * DAY });

describe('the part of a series that a chart asks for', () => {
  test('with countback is that many bars before `to`, wherever `from` lies', () => {
    fc.assert(
      fc.property(anySeries, anyTime, anyTime, fc.integer({ min: 1, max: 50 }), (times, from, to, countback) => {
        const expected = times.filter((time) => time < to).slice(-countback);
        const found = sliceHistory(seriesOf(times), { from, to, countback });
        if (expected.length === 0) assert.deepEqual(found, { s: 'no_data' });
        else {
          assert.equal(found.s, 'ok');
          for (const name of ['t', 'o', 'h', 'l', 'c', 'v'] as const)
            assert.deepEqual(found.s === 'ok' ? found[name] : [], expected, name);
        }
      }),
    );
  });

  test('without countback is what lies in the range; else the time of the newest bar before it', () => {
    fc.assert(
      fc.property(anySeries, anyTime, anyTime, (times, from, to) => {
        const expected = times.filter((time) => time >= from && time < to);
        const found = sliceHistory(seriesOf(times), { from, to, countback: undefined });
        if (expected.length > 0) assert.deepEqual(found.s === 'ok' ? found.t : found, expected);
        else {
          const before = times.findLast((time) => time < from);
          assert.deepEqual(found, before === undefined ? { s: 'no_data' } : { s: 'no_data', nextTime: before });
        }
      }),
    );
  });

  test('leads, page by page and by nextTime, through all bars to the oldest and to an end', () => {
    fc.assert(
      fc.property(anySeries, fc.integer({ min: 1, max: 30 }), (times, days) => {
        const series = seriesOf(times);
        const seen: number[] = [];
        let to = 500 * DAY;
        let requests = 0;
        for (;;) {
          requests += 1;
          assert.ok(requests <= 2 * times.length + 2, 'the chart stops asking');
          const from = to - days * DAY;
          const found = sliceHistory(series, { from, to, countback: undefined });
          if (found.s === 'ok') seen.unshift(...found.t);
          if (found.s === 'no_data' && found.nextTime === undefined) break;
          // A jump goes just past the bar that is there; a page goes on where it began.
          to = found.s === 'ok' ? from : (found.nextTime ?? 0) + 1;
        }
        assert.deepEqual(seen, times);
      }),
    );
  });
});
