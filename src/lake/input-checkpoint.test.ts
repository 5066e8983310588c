import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkpointTxns, decide, type PinnedInputs } from './input-checkpoint.ts';

const HASH = '0123456789abcdef'.repeat(4);
const INPUTS: PinnedInputs = {
  bars: { tableId: 'bars', version: 7 },
  splits: { tableId: 'splits', version: 2 },
  listings: undefined,
  calendarHash: HASH,
};

test('a table that does not exist is derived in full', () => {
  assert.deepEqual(decide(undefined, INPUTS), { mode: 'full', reason: 'the table is new' });
});

test('a table that somebody else made is derived in full', () => {
  assert.equal(decide(new Map(), INPUTS).mode, 'full');
});

test('the same inputs at later versions are derived from where the checkpoint left off', () => {
  const later = { ...INPUTS, bars: { tableId: 'bars', version: 9 } };
  assert.deepEqual(decide(checkpointTxns(INPUTS, 7), later), {
    mode: 'incremental',
    bars: 7,
    splits: 2,
    listings: undefined,
    calendarChanged: false,
    published: 7,
  });
});

test('a table that did not exist at the checkpoint counts as having been empty', () => {
  const later = { ...INPUTS, listings: { tableId: 'listings', version: 4 } };
  const decision = decide(checkpointTxns(INPUTS, 7), later);
  assert.ok(decision.mode === 'incremental' && decision.listings === undefined && decision.splits === 2);
});

test('a replaced input is noticed, be it bars or splits', () => {
  for (const replaced of [
    { ...INPUTS, bars: { tableId: 'other', version: 7 } },
    { ...INPUTS, splits: { tableId: 'other', version: 2 } },
  ]) {
    assert.deepEqual(decide(checkpointTxns(INPUTS, 7), replaced), {
      mode: 'full',
      reason: 'an input table was replaced by another one',
    });
  }
});

test('an input that is gone is told from one that never was, also after it was replaced', () => {
  const gone = { mode: 'input-gone', gone: ['splits'] };
  assert.deepEqual(decide(checkpointTxns(INPUTS, 7), { ...INPUTS, splits: undefined }), gone);
  const replaced = { ...INPUTS, splits: { tableId: 'other', version: 99 } };
  const txns = new Map([...checkpointTxns(INPUTS, 7), ...checkpointTxns(replaced, 7)]);
  assert.deepEqual(decide(txns, { ...INPUTS, splits: undefined }), gone);
  const without = new Map([...checkpointTxns(INPUTS, 7), ...checkpointTxns({ ...INPUTS, splits: undefined }, 7)]);
  assert.equal(decide(without, { ...INPUTS, splits: undefined }).mode, 'incremental');
});

test('keys of a table that was replaced long ago, which no log forgets, disturb nobody', () => {
  const txns = new Map([
    ...checkpointTxns({ ...INPUTS, splits: { tableId: 'other', version: 99 } }, 7),
    ...checkpointTxns(INPUTS, 7),
  ]);
  assert.equal(decide(txns, INPUTS).mode, 'incremental');
});

test('another calendar is told apart', () => {
  const decision = decide(checkpointTxns(INPUTS, 7), { ...INPUTS, calendarHash: HASH.replace('0', 'f') });
  assert.ok(decision.mode === 'incremental' && decision.calendarChanged);
});

test('inputs older than the checkpoint are told apart', () => {
  assert.equal(decide(checkpointTxns(INPUTS, 7), { ...INPUTS, bars: { tableId: 'bars', version: 6 } }).mode, 'ahead');
});
