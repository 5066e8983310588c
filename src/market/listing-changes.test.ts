import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { createCalendar } from './calendar/calendar.ts';
import { type ListingChangesInputs, type ListingRow, planListings } from './listing-changes.ts';
import { Listings } from './security.ts';

const calendar = createCalendar({ lastYear: 2028 });
const session = isoDate('2026-11-20');
const listing = (symbol: string, more: Partial<ListingRow> = {}): ListingRow => ({
  securityId: symbol,
  symbol,
  firstSession: isoDate('2020-01-02'),
  lastSession: null,
  name: `${symbol} Inc.`,
  type: 'CS',
  exchange: 'XNYS',
  figi: `F-${symbol}`,
  source: 'massive',
  seenAtMs: 1,
  ...more,
});
const active = (symbol: string, figi: string | null = `F-${symbol}`, more: object = {}) => ({
  symbol,
  name: `${symbol} Inc.`,
  type: 'CS',
  exchange: 'XNYS',
  figi,
  ...more,
});

function planned(more: Partial<ListingChangesInputs>) {
  const changes = planListings({
    calendar,
    stored: [listing('AAA'), listing('BBB')],
    active: [active('AAA'), active('BBB')],
    ended: [],
    session,
    source: 'massive',
    seenAtMs: 2,
    changedOn: new Map(),
    ...more,
  });
  assert.deepEqual(new Listings(changes.rows).overlaps(), []);
  return changes;
}

test('the same list again changes nothing', () => {
  const { rows, listed, delisted, detailed } = planned({});
  assert.deepEqual([listed, delisted, detailed], [[], [], 0]);
  assert.ok(rows.every((row) => row.seenAtMs === 1));
});

test('a date before all sessions, as some programs write none, is no end that stops the list', () => {
  const ended = [{ ...active('AAA'), delistedOn: isoDate('0001-01-01') }];
  const { rows, delisted } = planned({ active: [active('BBB')], ended });
  assert.deepEqual(delisted, ['AAA']);
  assert.equal(rows[0]?.lastSession, calendar.previous(session), 'known to be over, and not since when');
});

test('a change of symbol in the year 1 is dated by the day on which it was seen', () => {
  const { rows, renamed } = planned({
    active: [active('NEW', 'F-AAA'), active('BBB')],
    changedOn: new Map([['NEW', isoDate('0001-01-01')]]),
  });
  assert.deepEqual(renamed, ['AAA → NEW']);
  assert.equal(rows.find(({ symbol }) => symbol === 'NEW')?.firstSession, session);
});

test('a symbol that is in the list twice has not changed hands', () => {
  for (const twice of [
    [active('AAA'), active('AAA', 'F-OTHER')],
    [active('AAA', 'F-OTHER'), active('AAA')],
  ]) {
    const { reused, listed, detailed } = planned({ active: [...twice, active('BBB')] });
    assert.deepEqual([reused, listed, detailed], [[], [], 0]);
  }
  const { rows } = planned({ active: [active('AAA'), active('BBB'), active('NEW', 'F-1'), active('NEW', 'F-2')] });
  assert.deepEqual(
    rows.filter(({ symbol }) => symbol === 'NEW').map(({ figi, lastSession }) => [figi, lastSession]),
    [['F-1', null]],
  );
});

test('a null never overwrites a value', () => {
  const { rows, detailed } = planned({ active: [active('AAA', null, { name: null, type: null }), active('BBB')] });
  assert.equal(detailed, 0);
  assert.equal(rows[0]?.name, 'AAA Inc.');
});

test('a new symbol is listed, and one that ended is delisted by its own date', () => {
  const { rows, listed, delisted } = planned({
    active: [active('AAA'), active('NEW')],
    ended: [{ ...active('BBB'), delistedOn: isoDate('2026-11-14') }],
  });
  assert.deepEqual([listed, delisted], [['NEW'], ['BBB']]);
  assert.equal(rows.find(({ symbol }) => symbol === 'BBB')?.lastSession, '2026-11-13');
});

test('absence from a list is no proof: what is in neither list stays open, and is told', () => {
  const { rows, unconfirmed } = planned({ active: [active('AAA')] });
  assert.deepEqual(unconfirmed, ['BBB']);
  assert.equal(rows.find(({ symbol }) => symbol === 'BBB')?.lastSession, null);
});

test('a change of symbol keeps the security, from the day of the change', () => {
  const { rows, renamed } = planned({
    active: [active('AAA'), active('META', 'F-BBB')],
    changedOn: new Map([['META', isoDate('2026-11-18')]]),
  });
  assert.deepEqual(renamed, ['BBB → META']);
  assert.equal(rows.find(({ symbol }) => symbol === 'BBB')?.lastSession, '2026-11-17');
  const meta = rows.find(({ symbol }) => symbol === 'META');
  assert.deepEqual([meta?.securityId, meta?.firstSession], ['BBB', '2026-11-18']);
});

test('a symbol that another security takes over gets a security of its own', () => {
  const { rows, reused } = planned({ active: [active('AAA', 'F-OTHER'), active('BBB')] });
  assert.deepEqual(reused, ['AAA']);
  const [old, next] = rows.filter(({ symbol }) => symbol === 'AAA');
  assert.deepEqual(
    [old?.lastSession, next?.firstSession, next?.securityId],
    ['2026-11-19', '2026-11-20', 'AAA@2026-11-20'],
  );
});

test('of several securities that ended under one symbol, the one with the FIGI of the listing ends it', () => {
  const end = (figi: string | null, on: string | null) => ({
    ...active('BBB', figi),
    delistedOn: on === null ? null : isoDate(on),
  });
  const lastOf = (ended: ReturnType<typeof end>[], figi: string | null = 'F-BBB') => {
    const { rows, unconfirmed } = planned({ stored: [listing('BBB', { figi })], active: [active('AAA')], ended });
    return unconfirmed.length > 0 ? 'unconfirmed' : rows.find(({ symbol }) => symbol === 'BBB')?.lastSession;
  };
  const own = end('F-BBB', '2024-03-05');
  for (const other of [end(null, '2009-05-01'), end('F-OLD', '2009-05-01'), end(null, '2025-05-01'), end(null, null)]) {
    assert.equal(lastOf([own, other]), '2024-03-05');
    assert.equal(lastOf([other, own]), '2024-03-05', 'in any order');
  }
  assert.equal(lastOf([end(null, '2009-05-01')]), 'unconfirmed', 'it ended before this listing began');
  assert.equal(lastOf([end('F-OLD', '2009-05-01')], null), 'unconfirmed');
  assert.equal(lastOf([end('F-OLD', '2009-05-01'), end('F-OTHER', '2024-03-05')], null), '2024-03-05');
  assert.equal(lastOf([end(null, '2009-05-01'), end(null, null)]), '2026-11-19', 'ended on a day that nobody knows');
  assert.equal(lastOf([end('F-OLD', '2024-03-05')]), 'unconfirmed', 'another security ended');
});
