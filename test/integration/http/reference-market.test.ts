import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { openHttpApp } from '#test/fixtures/http-app.ts';
import { type ReferencePage, shaped } from '#test/fixtures/reference-pages.ts';

const http = await openHttpApp();
after(() => http[Symbol.asyncDispose]());

describe('venues and conditions', () => {
  test('have integer ids, and text ids in the newer family', async () => {
    const page = await shaped<ReferencePage>(
      http,
      '/v3/reference/exchanges',
      '/v3/reference/exchanges?asset_class=stocks&locale=us',
    );
    assert.ok(page.results.every(({ id }) => Number.isInteger(id)));
    const nasdaq = page.results.find(({ mic }) => mic === 'XNAS');
    assert.deepEqual([nasdaq?.id, nasdaq?.participant_id], [12, 'T']);
    for (const query of ['asset_class=options', 'asset_class=futures', 'locale=global'])
      await shaped(http, '/v3/reference/exchanges', `/v3/reference/exchanges?${query}`, 403);
    const newer = await shaped<ReferencePage>(http, '/stocks/v1/exchanges', '/stocks/v1/exchanges');
    assert.deepEqual(
      newer.results.map(({ id }) => id),
      page.results.map(({ id }) => String(id)),
    );
  });

  test('say which values of a bar a trade updates', async () => {
    const list = (query: string) =>
      shaped<ReferencePage>(http, '/v3/reference/conditions', `/v3/reference/conditions?${query}`);
    const [oddLot] = (await list('id=37')).results;
    assert.equal(oddLot?.name, 'Odd Lot Trade');
    assert.deepEqual(oddLot?.sip_mapping, { CTA: 'I', UTP: 'I' });
    assert.deepEqual((oddLot?.update_rules as Record<string, unknown> | undefined)?.consolidated, {
      updates_high_low: false,
      updates_open_close: false,
      updates_volume: true,
    });
    assert.equal((await list('')).results.length, 10);
    for (const query of ['data_type=nbbo', 'data_type=bbo', 'sip=OPRA', 'asset_class=crypto'])
      await shaped(http, '/v3/reference/conditions', `/v3/reference/conditions?${query}`, 403);
    const ids = (await list('limit=1000&sort=id')).results.map(({ id }) => Number(id));
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => a - b),
    );
    assert.equal(new Set(ids).size, ids.length);
  });
});

describe('the market hours', () => {
  async function at(text: string): Promise<Record<string, unknown>> {
    http.clock.move(Date.parse(text) - http.clock.nowMs());
    return shaped(http, '/v1/marketstatus/now', '/v1/marketstatus/now');
  }

  test('are correct in a session, outside it, on a half-day and on a holiday', async () => {
    const regular = await at('2025-07-15T10:00:00-04:00');
    assert.deepEqual(
      [regular.market, regular.earlyHours, regular.afterHours, regular.serverTime],
      ['open', false, false, '2025-07-15T10:00:00-04:00'],
    );
    assert.deepEqual(regular.exchanges, { nyse: 'open', nasdaq: 'open', otc: 'open' });
    const early = await at('2025-12-17T04:00:00-05:00');
    assert.deepEqual([early.market, early.earlyHours, early.afterHours], ['extended-hours', true, false]);
    assert.deepEqual(early.exchanges, { nyse: 'extended-hours', nasdaq: 'extended-hours', otc: 'closed' });
    const late = await at('2025-11-28T13:00:00-05:00');
    assert.deepEqual([late.market, late.afterHours], ['extended-hours', true]);
    assert.equal((await at('2025-11-28T17:00:00-05:00')).market, 'closed');
    const holiday = await at('2025-12-25T11:00:00-05:00');
    assert.deepEqual([holiday.market, holiday.currencies], ['closed', { fx: 'open', crypto: 'open' }]);
  });

  test('list upcoming closures as a bare array, one row per exchange, with the hours of half-days', async () => {
    http.clock.move(Date.parse('2025-11-25T12:00:00Z') - http.clock.nowMs());
    const rows = await shaped<Record<string, unknown>[]>(
      http,
      '/v1/marketstatus/upcoming',
      '/v1/marketstatus/upcoming',
    );
    const [thanksgiving, , otc, short] = rows;
    assert.deepEqual(thanksgiving, {
      date: '2025-11-27',
      exchange: 'NYSE',
      name: 'Thanksgiving Day',
      status: 'closed',
    });
    assert.equal(otc?.exchange, 'OTC');
    assert.deepEqual(short, {
      date: '2025-11-28',
      exchange: 'NYSE',
      name: 'Day after Thanksgiving',
      status: 'early-close',
      open: '2025-11-28T14:30:00.000Z',
      close: '2025-11-28T18:00:00.000Z',
    });
    const dates = rows.map(({ date }) => String(date));
    assert.ok(dates.every((date, i) => i === 0 || (dates[i - 1] ?? '') <= date));
    assert.ok(dates.includes('2026-07-03') && dates.every((date) => date >= '2025-11-25' && date <= '2026-11-26'));
  });
});
