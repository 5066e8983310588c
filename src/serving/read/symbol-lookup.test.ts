import assert from 'node:assert/strict';
import { test } from 'node:test';

import { nearMisses } from './symbol-lookup.ts';

const KNOWN = ['A', 'AA', 'AAP', 'AAPL', 'APLE', 'BACpB', 'BF.B', 'BRK.A', 'BRK.B', 'MSFT', 'ZZZ'];

test('a symbol in the wrong case, or with other punctuation, finds the one that is meant', () => {
  assert.deepEqual(nearMisses('bacpb', KNOWN), ['BACpB']);
  assert.deepEqual(nearMisses('BRK-B', KNOWN)[0], 'BRK.B');
  assert.deepEqual(nearMisses('BRKB', KNOWN), ['BRK.B']);
});

test('one letter changed, missing or too many is near; the nearest come first', () => {
  assert.deepEqual(nearMisses('MSFG', KNOWN), ['MSFT']);
  assert.deepEqual(nearMisses('MFT', KNOWN), ['MSFT']);
  assert.deepEqual(nearMisses('MSSFT', KNOWN), ['MSFT']);
  assert.deepEqual(nearMisses('AAPLE', KNOWN), ['AAPL', 'AAP', 'AA', 'A', 'APLE']);
});

test('nothing is near to a symbol like none, or to no symbol at all', () => {
  assert.deepEqual(nearMisses('QQQQ', KNOWN), []);
  assert.deepEqual(nearMisses('', ['AAPL', 'MSFT']), []);
});
