import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PRICE_BELOW, SIZE_BELOW } from './exact-sum.ts';
import type { Trade } from './trade.ts';
import { tradeFault } from './trade-fault.ts';

const trade: Trade = {
  kind: 'trade',
  symbol: 'BRK.A',
  atMs: Date.parse('2026-11-24T10:00:00-05:00'),
  nanosecond: 0,
  sequence: 7,
  exchange: 11,
  trf: null,
  id: '71',
  price: 800_000.01,
  size: 1,
  conditions: [14],
  tape: 1,
  executedMs: null,
  trfMs: null,
};

test('unusual trades are sound', () => {
  const sound: readonly Partial<Trade>[] = [
    {},
    { price: 0.000001 },
    { price: PRICE_BELOW - 0.01 },
    { size: 0 },
    { size: SIZE_BELOW - 1 },
    { conditions: [] },
  ];
  for (const change of sound) assert.equal(tradeFault({ ...trade, ...change }), undefined);
});

test('a trade that would spoil a bar is named with the value found and what is allowed', () => {
  const faults: readonly [Partial<Trade>, RegExp][] = [
    [{ price: 1e300 }, /^the price 1e\+300; allowed: above 0, below 5000000$/],
    [{ price: 0 }, /^the price 0;/],
    [{ price: -1 }, /^the price -1;/],
    [{ price: Number.NaN }, /^the price NaN;/],
    [{ size: -1e6 }, /^a size of -1000000 micro-shares; allowed/],
    [{ size: 0.5 }, /^a size of 0.5 micro-shares;/],
    [{ size: SIZE_BELOW }, /^a size of 1000000000000000 micro-shares;/],
    [{ symbol: 'A'.repeat(10_000) }, /^a symbol of 10000 characters; allowed: 1 to 32$/],
    [{ symbol: '' }, /^a symbol of 0 characters;/],
    [{ sequence: 1.5 }, /^the sequence 1.5;/],
    [{ atMs: Number.POSITIVE_INFINITY }, /^the event time Infinity;/],
    [{ conditions: [14, Number.NaN] }, /^the condition NaN;/],
  ];
  for (const [change, wanted] of faults) assert.match(tradeFault({ ...trade, ...change }) ?? 'none', wanted);
});
