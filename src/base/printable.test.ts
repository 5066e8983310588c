import assert from 'node:assert/strict';
import { test } from 'node:test';

import { printable } from './printable.ts';

test('plain text of any language stays as it is', () => {
  assert.equal(printable('Kurse März – 株価.csv'), 'Kurse März – 株価.csv');
});

test('characters that drive a terminal or reorder a line are escaped', () => {
  assert.equal(printable('a\u001b[2Jb\nc\u202ed\u2028e'), 'a\\u{1b}[2Jb\\u{a}c\\u{202e}d\\u{2028}e');
});

test('half of a surrogate pair is escaped', () => {
  assert.equal(printable('\ud83dx'), '\\u{d83d}x');
});

test('long text is cut, however much its escapes add', () => {
  assert.equal(printable('abcdef', 6), 'abcdef');
  assert.equal(printable('abcdefg', 6), 'abcde…');
  assert.equal(printable('\n'.repeat(1e7)).length, 500);
});
