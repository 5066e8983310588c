import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';

import { fromEpochDay, isoDate, toEpochDay } from '#base/dates.ts';
import { newYorkAt, newYorkInstant } from './new-york.ts';

const anyDay = fc.integer({ min: toEpochDay(isoDate('1962-01-01')), max: toEpochDay(isoDate('2099-12-31')) });
/** From 03:00 on no clock change is under way. */
const anySettledMinute = fc.integer({ min: 180, max: 1439 });

describe("New York's clock", () => {
  test('shows what an instant was made from', () => {
    fc.assert(
      fc.property(anyDay, anySettledMinute, (day, minute) => {
        const date = fromEpochDay(day);
        assert.deepEqual(newYorkAt(newYorkInstant(date, minute)), { date, minute });
      }),
      { numRuns: 500 },
    );
  });

  test('agrees with the platform on every hour around every change since 1962', () => {
    const platform = new Intl.DateTimeFormat('en-US', {
      timeZone: 'America/New_York',
      hourCycle: 'h23',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
    for (let year = 1962; year <= 2030; year += 1) {
      for (const month of [0, 1, 2, 3, 9, 10]) {
        for (let day = 1; day <= 31; day += 1) {
          for (const hour of [5, 6, 7]) {
            const instantMs = Date.UTC(year, month, day, hour, 30);
            const { date, minute } = newYorkAt(instantMs);
            const hours = String(Math.floor(minute / 60)).padStart(2, '0');
            assert.equal(
              platform.format(instantMs),
              `${date.slice(8)}, ${hours}:30`,
              new Date(instantMs).toISOString(),
            );
          }
        }
      }
    }
  });

  test('is right when daylight saving began in January, in the year 1974', () => {
    assert.equal(newYorkInstant(isoDate('1974-01-07'), 600), Date.parse('1974-01-07T10:00:00-04:00'));
    assert.equal(newYorkInstant(isoDate('1974-01-04'), 600), Date.parse('1974-01-04T10:00:00-05:00'));
  });

  test('means the first of two equal minutes, and an hour later for one that was skipped', () => {
    assert.equal(newYorkInstant(isoDate('2024-11-03'), 90), Date.parse('2024-11-03T01:30:00-04:00'));
    assert.equal(newYorkInstant(isoDate('2024-03-10'), 150), Date.parse('2024-03-10T03:30:00-04:00'));
  });

  test('has its own date before midnight UTC and after', () => {
    assert.deepEqual(newYorkAt(Date.parse('2024-01-02T04:59:59.999Z')), { date: '2024-01-01', minute: 1439 });
    assert.deepEqual(newYorkAt(Date.parse('2024-01-02T05:00:00.000Z')), { date: '2024-01-02', minute: 0 });
  });
});
