import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compareTrades, type Trade, tradeKey } from './trade.ts';

const trade: Trade = {
  kind: 'trade',
  symbol: 'AAPL',
  atMs: Date.parse('2026-11-24T10:00:00-05:00'),
  nanosecond: 0,
  sequence: 7,
  exchange: 4,
  trf: 202,
  id: '71',
  price: 150,
  size: 100e6,
  conditions: [],
  tape: 3,
  executedMs: null,
  trfMs: null,
};

test('trades of one exchange, facility and id are the same trade', () => {
  const again: Trade = { ...trade, price: 151, sequence: 8 };
  assert.equal(tradeKey(again), tradeKey(trade));
  const others: readonly Partial<Trade>[] = [{ exchange: 12 }, { trf: 201 }, { trf: null }, { id: '72' }];
  for (const other of others) assert.notEqual(tradeKey({ ...trade, ...other }), tradeKey(trade));
  assert.notEqual(
    tradeKey({ exchange: 1, trf: null, id: '1:1' }),
    tradeKey({ exchange: 1, trf: 1, id: '1' }),
    'a colon in an id changes nothing',
  );
});

test('trades are ordered by event time, then by sequence, whatever their nanoseconds say', () => {
  const before = (a: Partial<Trade>, b: Partial<Trade>): void => {
    assert.ok(compareTrades({ ...trade, ...a }, { ...trade, ...b }) < 0);
    assert.ok(compareTrades({ ...trade, ...b }, { ...trade, ...a }) > 0);
  };
  before({ sequence: 9 }, { atMs: trade.atMs + 1 });
  before({ nanosecond: 900_000 }, { sequence: 8 });
  before({ id: '9' }, { price: 150.01, id: '1' });
  before({ id: '9' }, { size: 100e6 + 1, id: '1' });
  assert.equal(compareTrades(trade, { ...trade, nanosecond: 5 }), 0);
});
