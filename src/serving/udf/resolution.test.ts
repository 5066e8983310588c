import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CondvestError } from '#base/errors.ts';

import { dailyMultipliers, offeredResolutions, readResolution } from './resolution.ts';

test('resolutions are read as the library writes them', () => {
  assert.deepEqual(readResolution('D'), readResolution('1D'));
  assert.deepEqual(readResolution('1D').grain, { unit: 'day', multiplier: 1 });
  assert.deepEqual(readResolution('21d').grain, { unit: 'session', multiplier: 21, includePartial: true });
  assert.deepEqual(readResolution('W').grain, { unit: 'week', multiplier: 1 });
  assert.deepEqual(readResolution('1M').grain, { unit: 'month', multiplier: 1 });
});

test('others are refused with what there is', () => {
  for (const text of ['', '5', '60', '0D', '253D', '2W', '3M', '1S', '-3D', '3.5D', '1DD', ' ']) {
    assert.throws(
      () => readResolution(text),
      (error) => error instanceof CondvestError && error.code === 'resolution-invalid',
      text,
    );
  }
});

test('every stored length is offered and named as a multiplier, or the library would build it by its own rule', () => {
  const intervals = [3, 5, 8, 13, 21, 34];
  assert.deepEqual(offeredResolutions(intervals), ['1D', '3D', '5D', '8D', '13D', '21D', '34D', '1W', '1M']);
  assert.deepEqual(dailyMultipliers(intervals), ['1', '3', '5', '8', '13', '21', '34']);
});
