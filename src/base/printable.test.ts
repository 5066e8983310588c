import assert from 'node:assert/strict';
import { test } from 'node:test';

import { printable, printableLines } from './printable.ts';

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

test('a key that is cut off is not shown in part', () => {
  const key = 'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF';
  for (let before = 440; before < 500; before += 1)
    assert.doesNotMatch(printable(`${'- '.repeat(before / 2)}${key}${' -'.repeat(99)}`), /aB3dE6gH/, String(before));
});

test('of several lines, each is printable, and as many are shown as fit', () => {
  assert.equal(printableLines('a\u001b\nb\nc', { linesMax: 2 }), 'a\\u{1b}\nb');
  assert.equal(printableLines('abcdefg\nh', { charactersMax: 6 }), 'abcde…\nh');
});
