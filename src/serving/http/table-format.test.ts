import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptedFormat } from './table-format.ts';

test('the format is the one that the header prefers, and JSON unless it names a table', () => {
  for (const [accept, format] of [
    [undefined, 'json'],
    ['*/*', 'json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'json'],
    ['text/csv', 'csv'],
    ['TEXT/CSV; charset=utf-8', 'csv'],
    ['text/csv, */*;q=0.1', 'csv'],
    ['application/json, text/csv', 'json'],
    ['application/json;q=0.5, text/csv', 'csv'],
    ['text/csv;q=0', 'json'],
    ['application/vnd.apache.arrow.stream', 'arrow'],
    ['text/csv;q=x', 'json'],
  ] as const)
    assert.equal(acceptedFormat(accept), format, accept);
});
