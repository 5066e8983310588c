import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readChart } from './chart-address.ts';
import { fittingInterval, partFor, spanOf } from './ranges.ts';

const HISTORY = { first: '2005-01-03', last: '2026-11-24' };
const chart = (query: string) => readChart(new URLSearchParams(query));

test('a named range counts back from the last bar, but not to before the first', () => {
  assert.deepEqual(spanOf(chart('range=6m'), HISTORY), { from: '2026-05-24', to: undefined });
  assert.deepEqual(spanOf(chart('range=all'), HISTORY), { from: '2005-01-03', to: undefined });
  assert.deepEqual(spanOf(chart('range=5y'), { first: '2025-01-02', last: '2026-01-02' }).from, '2025-01-02');
  assert.deepEqual(spanOf(chart('from=2010-01-04&to=2010-02-01'), HISTORY), { from: '2010-01-04', to: '2010-02-01' });
});

test('all of a long history takes wider bars, the narrower the chart the wider', () => {
  assert.equal(fittingInterval(HISTORY, 1, 12_000), 1);
  assert.equal(fittingInterval(HISTORY, 1, 900), 13);
  assert.equal(fittingInterval(HISTORY, 21, 900), 21);
  assert.equal(fittingInterval(HISTORY, 1, 330), 34);
  assert.equal(fittingInterval({ first: '2026-01-02', last: '2026-03-02' }, 1, 330), 1);
});

test('a span is loaded with what surrounds it, however long ago it is', () => {
  assert.deepEqual(partFor({ from: undefined, to: undefined }, 1, 0, '2026-11-24'), { to: undefined, limit: 400 });
  assert.deepEqual(partFor({ from: undefined, to: undefined }, 1, 100, '2026-11-24').limit, 500);
  const old = partFor({ from: '2000-05-01', to: '2000-08-01' }, 1, 0, '2026-11-24');
  assert.deepEqual(old, { to: '2001-01-16', limit: 400 });
  assert.equal(partFor({ from: '2026-05-01', to: '2026-11-20' }, 1, 0, '2026-11-24').to, undefined);
  assert.ok(partFor({ from: '2005-01-03', to: undefined }, 1, 0, '2026-11-24').limit > 5700);
  assert.ok(partFor({ from: '1962-01-02', to: undefined }, 1, 9000, '2026-11-24').limit <= 20_000);
});
