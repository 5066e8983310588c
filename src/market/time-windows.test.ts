import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { isoDate } from '#base/dates.ts';
import { createCalendar } from './calendar/calendar.ts';
import { type Alignment, INTRADAY_INTERVALS, INTRADAY_MS, type IntradayInterval } from './intraday-interval.ts';
import { newYorkText } from './market-hours.ts';
import { auctionAtMs, timeWindow } from './time-windows.ts';
import { partAt, type SessionParts, TradeDates } from './trade-date.ts';

const calendar = createCalendar({ lastYear: 2028 });
const dates = new TradeDates(calendar, isoDate('2027-01-04'));
const ordinary = dates.of(isoDate('2026-11-24'));
const halfDay = dates.of(isoDate('2026-11-27'));
const withOvernight = dates.of(isoDate('2027-03-17'));

/** Returns the starts of all windows of regular trading hours, as times in New York. */
function starts(parts: SessionParts, interval: IntradayInterval, alignment: Alignment): string[] {
  const found = new Set<string>();
  for (let atMs = parts.openMs; atMs < parts.closeMs; atMs += 60_000)
    found.add(newYorkText(timeWindow(parts, interval, alignment, atMs).startMs).slice(11, 16));
  return [...found];
}

test('windows of the session count from the open, and those of the clock from midnight', () => {
  assert.deepEqual(starts(ordinary, '1h', 'session'), ['09:30', '10:30', '11:30', '12:30', '13:30', '14:30', '15:30']);
  assert.deepEqual(starts(ordinary, '1h', 'clock'), ['09:00', '10:00', '11:00', '12:00', '13:00', '14:00', '15:00']);
  assert.deepEqual(starts(ordinary, '2h', 'session'), ['09:30', '11:30', '13:30', '15:30']);
  assert.deepEqual(starts(ordinary, '2h', 'clock'), ['08:00', '10:00', '12:00', '14:00']);
  assert.deepEqual(starts(ordinary, '4h', 'session'), ['09:30', '13:30']);
  assert.deepEqual(starts(ordinary, '4h', 'clock'), ['08:00', '12:00']);
  assert.deepEqual(starts(halfDay, '1h', 'session'), ['09:30', '10:30', '11:30', '12:30']);
  assert.deepEqual(starts(halfDay, '4h', 'session'), ['09:30']);
  for (const interval of ['5m', '15m', '30m'] as const)
    assert.deepEqual(starts(ordinary, interval, 'session'), starts(ordinary, interval, 'clock'), interval);
});

test('the windows of a trade date follow each other without a gap, and none of the session mixes two parts', () => {
  const property = fc.property(
    fc.constantFrom(ordinary, halfDay, withOvernight),
    fc.constantFrom(...INTRADAY_INTERVALS),
    fc.constantFrom<Alignment>('session', 'clock'),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    (parts, interval, alignment, share) => {
      const atMs = parts.startMs + Math.floor(share * (parts.endMs - parts.startMs));
      const window = timeWindow(parts, interval, alignment, atMs);
      const { startMs, endMs, part } = window;
      assert.ok(startMs <= atMs && atMs < endMs && endMs - startMs <= INTRADAY_MS[interval]);
      assert.deepEqual(timeWindow(parts, interval, alignment, startMs), window);
      assert.deepEqual(timeWindow(parts, interval, alignment, endMs - 1), window);
      if (part !== null) assert.deepEqual([partAt(parts, startMs), partAt(parts, endMs - 1)], [part, part]);
      else assert.equal(alignment, 'clock');
      if (endMs < parts.endMs) assert.equal(timeWindow(parts, interval, alignment, endMs).startMs, endMs);
      if (startMs > parts.startMs) assert.equal(timeWindow(parts, interval, alignment, startMs - 1).endMs, startMs);
    },
  );
  fc.assert(property, { numRuns: 1000 });
});

test('auction prints outside of regular hours go to the nearest window inside, in longer windows of the session', () => {
  const atClose = ordinary.closeMs + 254_500;
  assert.equal(auctionAtMs(ordinary, '5m', 'session', atClose), ordinary.closeMs - 1);
  assert.equal(auctionAtMs(ordinary, '4h', 'session', ordinary.openMs - 50), ordinary.openMs);
  const inside = ordinary.openMs + 14_200;
  assert.equal(auctionAtMs(ordinary, '5m', 'session', inside), inside);
  for (const interval of ['1s', '1m'] as const)
    assert.equal(auctionAtMs(ordinary, interval, 'session', atClose), atClose);
  assert.equal(auctionAtMs(ordinary, '4h', 'clock', atClose), atClose);
});
