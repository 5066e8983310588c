import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';

import { isoDate } from '#base/dates.ts';
import { createCalendar } from './calendar/calendar.ts';
import { partAt, TradeDates } from './trade-date.ts';

const calendar = createCalendar({ lastYear: 2028 });
const byDay = new TradeDates(calendar, null);
/** Overnight trading begins with the session of Monday, 2027-01-04. */
const overnight = new TradeDates(calendar, isoDate('2027-01-04'));

function found(dates: TradeDates, text: string): string {
  const atMs = Date.parse(text);
  const parts = dates.at(atMs);
  return parts === undefined ? 'none' : `${parts.session} ${partAt(parts, atMs)}`;
}

function check(dates: TradeDates, wanted: readonly [instant: string, dateAndPart: string][]): void {
  for (const [text, dateAndPart] of wanted) assert.equal(found(dates, text), dateAndPart, text);
}

describe('the trade date and part of an instant', () => {
  test('of an ordinary day without overnight trading', () => {
    check(byDay, [
      ['2026-11-24T00:00:00-05:00', '2026-11-24 pre'],
      ['2026-11-24T04:00:00-05:00', '2026-11-24 pre'],
      ['2026-11-24T09:29:59.999-05:00', '2026-11-24 pre'],
      ['2026-11-24T09:30:00-05:00', '2026-11-24 rth'],
      ['2026-11-24T15:59:59.999-05:00', '2026-11-24 rth'],
      ['2026-11-24T16:00:00-05:00', '2026-11-24 post'],
      ['2026-11-24T20:00:03-05:00', '2026-11-24 post'],
      ['2026-11-24T23:59:59.999-05:00', '2026-11-24 post'],
      ['2026-11-25T00:00:00-05:00', '2026-11-25 pre'],
    ]);
  });

  test('of a half-day, whose regular hours end at 13:00', () => {
    check(byDay, [
      ['2026-11-27T12:59:59.999-05:00', '2026-11-27 rth'],
      ['2026-11-27T13:00:00-05:00', '2026-11-27 post'],
    ]);
  });

  test('of weekends and holidays is none', () => {
    check(byDay, [
      ['2026-11-26T12:00:00-05:00', 'none'],
      ['2026-11-28T00:00:00-05:00', 'none'],
      ['2026-11-29T21:00:00-05:00', 'none'],
      ['2026-11-30T00:00:00-05:00', '2026-11-30 pre'],
    ]);
  });

  test('follows the clocks when they change', () => {
    check(byDay, [
      ['2026-10-30T13:29:59Z', '2026-10-30 pre'],
      ['2026-10-30T13:30:00Z', '2026-10-30 rth'],
      ['2026-11-02T13:30:00Z', '2026-11-02 pre'],
      ['2026-11-02T14:30:00Z', '2026-11-02 rth'],
      ['2027-03-12T14:30:00Z', '2027-03-12 rth'],
      ['2027-03-15T13:30:00Z', '2027-03-15 rth'],
    ]);
  });

  test('with overnight trading is the next session from 21:00 on', () => {
    check(overnight, [
      ['2027-01-05T20:59:59.999-05:00', '2027-01-05 post'],
      ['2027-01-05T21:00:00-05:00', '2027-01-06 overnight'],
      ['2027-01-06T03:59:59.999-05:00', '2027-01-06 overnight'],
      ['2027-01-06T04:00:00-05:00', '2027-01-06 pre'],
    ]);
  });

  test('begins on Sunday evening, also hours after the clocks changed', () => {
    check(overnight, [
      ['2027-03-12T21:00:00-05:00', '2027-03-12 post'],
      ['2027-03-13T21:00:00-05:00', 'none'],
      ['2027-03-14T20:59:59-04:00', 'none'],
      ['2027-03-14T21:00:00-04:00', '2027-03-15 overnight'],
      ['2027-11-07T21:00:00-05:00', '2027-11-08 overnight'],
    ]);
  });

  test('begins on the evening of a holiday for the session after it', () => {
    check(overnight, [
      ['2027-11-24T21:00:00-05:00', '2027-11-24 post'],
      ['2027-11-25T20:59:59-05:00', 'none'],
      ['2027-11-25T21:00:00-05:00', '2027-11-26 overnight'],
    ]);
  });

  test('has no overnight part before the session with which overnight trading begins', () => {
    check(overnight, [
      ['2026-12-30T21:00:00-05:00', '2026-12-30 post'],
      ['2026-12-31T03:00:00-05:00', '2026-12-31 pre'],
      ['2027-01-03T20:59:59-05:00', 'none'],
      ['2027-01-03T21:00:00-05:00', '2027-01-04 overnight'],
    ]);
  });
});

test('every instant is in the trade date that is found for it, and trade dates do not overlap', () => {
  const instant = fc.integer({ min: Date.parse('2026-12-01'), max: Date.parse('2027-12-01') });
  const property = fc.property(instant, fc.boolean(), (atMs, isOvernight) => {
    const dates = isOvernight ? overnight : byDay;
    const parts = dates.at(atMs);
    if (parts === undefined) return;
    assert.ok(parts.startMs <= atMs && atMs < parts.endMs);
    assert.deepEqual(dates.of(parts.session), parts);
    assert.ok(parts.startMs <= parts.preMs && parts.preMs < parts.openMs && parts.closeMs < parts.endMs);
    assert.ok(parts.endMs <= dates.of(calendar.next(parts.session)).startMs);
    // Nothing is left over from other instants that were asked for.
    assert.deepEqual(new TradeDates(calendar, isOvernight ? isoDate('2027-01-04') : null).at(atMs), parts);
  });
  fc.assert(property, { numRuns: 500 });
});
