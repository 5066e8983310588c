import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { createCalendar } from './calendar/calendar.ts';
import { isForeignExchangeOpen, newYorkText, tradingMoment } from './market-hours.ts';

const calendar = createCalendar({ lastYear: 2028 });

function phaseAt(text: string): string {
  return tradingMoment(calendar, Date.parse(text)).phase;
}

describe('what the exchanges do', () => {
  test('on an ordinary day goes from early trading at 04:00 to the end of late trading at 20:00', () => {
    const day: readonly [string, string][] = [
      ['03:59:59', 'closed'],
      ['04:00:00', 'early'],
      ['09:29:59', 'early'],
      ['09:30:00', 'regular'],
      ['15:59:59', 'regular'],
      ['16:00:00', 'late'],
      ['19:59:59', 'late'],
      ['20:00:00', 'closed'],
    ];
    for (const [time, phase] of day) {
      assert.equal(phaseAt(`2025-12-17T${time}-05:00`), phase, time);
      assert.equal(phaseAt(`2025-07-15T${time}-04:00`), phase, `${time} in summer`);
    }
  });

  test('on a short day ends at 17:00', () => {
    assert.equal(phaseAt('2025-11-28T12:59:59-05:00'), 'regular');
    assert.equal(phaseAt('2025-11-28T13:00:00-05:00'), 'late');
    assert.equal(phaseAt('2025-11-28T16:59:59-05:00'), 'late');
    assert.equal(phaseAt('2025-11-28T17:00:00-05:00'), 'closed');
  });

  test('is nothing on holidays and weekends', () => {
    assert.equal(phaseAt('2025-11-27T11:00:00-05:00'), 'closed');
    assert.equal(phaseAt('2025-11-29T11:00:00-05:00'), 'closed');
    assert.equal(phaseAt('2012-10-29T11:00:00-04:00'), 'closed');
  });

  test('follows the clocks when they change', () => {
    // The clocks went forward on Sunday 2025-03-09 and back on Sunday 2025-11-02.
    assert.equal(phaseAt('2025-03-07T14:29:59Z'), 'early');
    assert.equal(phaseAt('2025-03-07T14:30:00Z'), 'regular');
    assert.equal(phaseAt('2025-03-10T13:30:00Z'), 'regular');
    assert.equal(phaseAt('2025-10-31T13:30:00Z'), 'regular');
    assert.equal(phaseAt('2025-11-03T13:30:00Z'), 'early');
  });

  test('says the date of New York, not that of UTC', () => {
    assert.equal(tradingMoment(calendar, Date.parse('2025-12-18T02:00:00Z')).date, '2025-12-17');
  });
});

test('foreign exchange trades from Sunday to Friday 17:00', () => {
  const open = (text: string): boolean => isForeignExchangeOpen(Date.parse(text));
  assert.equal(open('2025-12-19T16:59:00-05:00'), true);
  assert.equal(open('2025-12-19T17:00:00-05:00'), false);
  assert.equal(open('2025-12-20T12:00:00-05:00'), false);
  assert.equal(open('2025-12-21T16:59:00-05:00'), false);
  assert.equal(open('2025-12-21T17:00:00-05:00'), true);
  assert.equal(open('2025-12-24T03:00:00-05:00'), true);
});

test('an instant is written with the offset of its day', () => {
  for (const text of [
    '2025-01-02T10:00:07-05:00',
    '2025-07-01T00:00:00-04:00',
    '2025-03-09T01:59:59-05:00',
    '2025-03-09T03:00:00-04:00',
    '2025-11-02T03:00:00-05:00',
    '2025-12-31T23:59:59-05:00',
  ]) {
    assert.equal(newYorkText(Date.parse(text)), text);
  }
  // The hour that New York's clocks show twice.
  assert.equal(newYorkText(Date.parse('2025-11-02T05:30:00Z')), '2025-11-02T01:30:00-04:00');
  assert.equal(newYorkText(Date.parse('2025-11-02T06:30:00Z')), '2025-11-02T01:30:00-05:00');
});
