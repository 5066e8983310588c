import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isoDate } from '#base/dates.ts';
import { createCalendar } from './calendar/calendar.ts';
import type { Trade } from './trade.ts';
import {
  HIGH_LOW,
  IF_FIRST,
  OPEN_CLOSE,
  TRADE_CONDITIONS,
  UNKNOWN,
  unknownConditions,
  updatesOf,
  VOLUME,
} from './trade-conditions.ts';
import { TradeDates } from './trade-date.ts';

// What every condition does to bars, alone and with others, is in `test/fixtures/trade-cases/`.

const parts = new TradeDates(createCalendar({ lastYear: 2028 }), null).of(isoDate('2026-11-24'));
const trade: Trade = {
  kind: 'trade',
  symbol: 'TEST',
  atMs: parts.openMs,
  nanosecond: 0,
  sequence: 1,
  exchange: 11,
  trf: null,
  id: '1',
  price: 10,
  size: 1e6,
  conditions: [],
  tape: 3,
  executedMs: null,
  trfMs: null,
};

test('no trade opens or closes a bar without making its high and low', () => {
  const ids = TRADE_CONDITIONS.map(({ id }) => id);
  for (const a of ids) {
    for (const b of ids) {
      for (const atMs of [parts.preMs, parts.openMs, parts.closeMs]) {
        const updates = updatesOf({ ...trade, atMs, conditions: [a, b] }, parts);
        if ((updates & (OPEN_CLOSE | IF_FIRST)) !== 0) assert.notEqual(updates & HIGH_LOW, 0, `${a} and ${b}`);
        if ((updates & OPEN_CLOSE) !== 0) assert.notEqual(updates & IF_FIRST, 0, `${a} and ${b}`);
      }
    }
  }
});

test('a condition that is not in the table leaves the volume alone, and is found to be reported', () => {
  for (const id of [6, 60, 99, 100_000, -1]) {
    assert.equal(updatesOf({ ...trade, conditions: [14, id] }, parts), VOLUME | UNKNOWN, String(id));
    assert.deepEqual(unknownConditions([14, id, 41]), [id]);
  }
  assert.deepEqual(unknownConditions(TRADE_CONDITIONS.map(({ id }) => id)), []);
});

test('the table has each id once', () => {
  assert.equal(new Set(TRADE_CONDITIONS.map(({ id }) => id)).size, TRADE_CONDITIONS.length);
});
