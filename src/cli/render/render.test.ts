import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plural } from '#base/plural.ts';
import { csvLine } from './csv.ts';
import { renderPlot } from './plot.ts';
import { renderTable, right } from './table.ts';
import { formatBytes, formatDuration, formatPrice } from './text.ts';

test('a table aligns numbers to the right and texts to the left', () => {
  const lines = renderTable(
    ['symbol', right('bars')],
    [
      ['A', '5'],
      ['BRK.B', '1,250'],
    ],
    80,
  );
  assert.deepEqual(lines, ['symbol   bars', '──────  ─────', 'A           5', 'BRK.B   1,250']);
});

test('columns that do not fit are named, not lost', () => {
  const lines = renderTable(['symbol', 'a long column'], [['A', 'x']], 10);
  assert.match(lines.at(-1) ?? '', /too narrow for a long column/);
});

test('a text that is too wide for any table is cut with an ellipsis', () => {
  const [, , line] = renderTable(['x'], [['y'.repeat(100)]], 200);
  assert.equal(line, `${'y'.repeat(59)}…`);
});

test('a cell that would drive the terminal is escaped', () => {
  const [, , line] = renderTable(['x'], [['a\u001b[2Jb']], 200);
  assert.equal(line, 'a\\u{1b}[2Jb');
});

test('CSV quotes what must be quoted, and leaves null empty', () => {
  assert.equal(csvLine(['a,b', 'say "no"', null, 3, 'two\nlines']), '"a,b","say ""no""",,3,"two\nlines"\n');
});

test('a plot has as many lines as asked for, highest price first', () => {
  const lines = renderPlot([1, 2, 3, 4, 5], 40, 4);
  assert.equal(lines.length, 4);
  assert.match(lines[0] ?? '', /^5\.00 │/);
  assert.match(lines[3] ?? '', /^1\.00 │/);
  assert.deepEqual(renderPlot([], 40, 4), []);
  assert.equal(renderPlot([7, 7], 40, 4).length, 4);
});

test('figures are written for people', () => {
  assert.deepEqual([formatBytes(999), formatBytes(9_400_000), formatBytes(651_000)], ['999 B', '9.4 MB', '651 kB']);
  assert.deepEqual([formatPrice(12), formatPrice(0.0123), formatPrice(90.73045)], ['12.00', '0.0123', '90.7305']);
  assert.deepEqual(
    [formatDuration(36), formatDuration(2600), formatDuration(125_000)],
    ['36 ms', '2.6 s', '2 min 5 s'],
  );
  assert.deepEqual([plural(1, 'row'), plural(1200, 'row')], ['1 row', '1,200 rows']);
});
