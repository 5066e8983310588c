import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Invocation } from './command.ts';
import { dateOption, instantOption, intervalOf, intervalsOption, wholeOption } from './options.ts';

function given(options: Record<string, string | boolean>): Invocation {
  return { options } as unknown as Invocation;
}

test('an interval is a number of sessions, with or without its d', () => {
  assert.deepEqual(
    ['1', '1d', '21d', '252'].map((text) => intervalOf(text)),
    [1, 1, 21, 252],
  );
  for (const wrong of ['0', '253d', 'd', '-3', '3w', ''])
    assert.throws(() => intervalOf(wrong), { code: 'option-invalid' });
});

test('a list of intervals is sorted, and daily bars are none', () => {
  assert.deepEqual(intervalsOption(given({ intervals: '21,3d' }), 'intervals'), [3, 21]);
  assert.throws(() => intervalsOption(given({ intervals: '1,3' }), 'intervals'), /are not resampled/);
});

test('a date must exist', () => {
  assert.equal(dateOption(given({ from: '2024-02-29' }), 'from'), '2024-02-29');
  for (const wrong of ['2023-02-29', '2024-1-2', 'today', '20240102'])
    assert.throws(() => dateOption(given({ from: wrong }), 'from'));
});

test('an instant has a zone; a date means its last millisecond', () => {
  assert.equal(instantOption(given({ asOf: '2024-01-03' }), 'asOf'), Date.parse('2024-01-03T23:59:59.999Z'));
  assert.equal(instantOption(given({ asOf: '2024-01-03T10:00:00-05:00' }), 'asOf'), Date.parse('2024-01-03T15:00:00Z'));
  for (const wrong of ['2024-01-03T10:00', 'noon', '2024-01-03T25:00Z']) {
    assert.throws(() => instantOption(given({ asOf: wrong }), 'asOf'), /--as-of/);
  }
});

test('a number outside its bounds is refused with them', () => {
  assert.equal(wholeOption(given({ limit: '5' }), 'limit', 1, 10), 5);
  for (const wrong of ['0', '11', '1.5', 'x', '1e1'])
    assert.throws(() => wholeOption(given({ limit: wrong }), 'limit', 1, 10), /1 to 10/);
});
