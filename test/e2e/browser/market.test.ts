import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MarketAnswer, WatchlistAnswer } from '#serving/condvest/shapes/market.ts';
import { price } from '../../../web/src/format.ts';
import { fillHome } from '../simulated-home.ts';
import { noChromium } from './browser.ts';
import { ask } from './running-server.ts';
import { useServedPage } from './served-page.ts';

describe('with the market in Chromium,', { skip: noChromium }, () => {
  const served = useServedPage({ fill: fillHome });

  test('movers and breadth match the API, and a symbol links to its chart', async () => {
    const market = await ask<MarketAnswer>(served.server.url, '/condvest/v1/market');
    await using window = await served.browser.open(`${served.server.url}/market`);
    const { page, complaints } = window;
    for (const [title, movers] of [
      ['Gainers', market.gainers],
      ['Losers', market.losers],
      ['Most active', market.active],
    ] as const) {
      const region = page.getByRole('region', { name: title });
      await region.getByRole('row').nth(1).waitFor();
      const shown = await region.locator('tbody th a').allTextContents();
      assert.deepEqual(
        shown,
        movers.slice(0, 10).map((mover) => mover.symbol),
      );
    }
    const breadth = (await page.getByRole('region', { name: 'Breadth' }).textContent()) ?? '';
    assert.match(breadth, new RegExp(`${market.breadth.advancers} up`));
    assert.match(breadth, new RegExp(`${market.breadth.decliners} down`));
    const first = market.gainers[0]?.symbol ?? '';
    await page.getByRole('region', { name: 'Gainers' }).getByRole('link', { name: first }).click();
    await page.waitForURL(new RegExp(`/[?]symbol=${first}$`));
    await page.locator('.chart-canvas[data-bars]').waitFor();
    assert.deepEqual(complaints, []);
  });

  test('an earlier session is one click away and in the address, and the latest is one click back', async () => {
    const market = await ask<MarketAnswer>(served.server.url, '/condvest/v1/market');
    const before = await ask<MarketAnswer>(served.server.url, `/condvest/v1/market?session=${market.previous}`);
    await using window = await served.browser.open(`${served.server.url}/market`);
    const { page } = window;
    await page.getByRole('button', { name: 'Previous session' }).click();
    await page.waitForURL(new RegExp(`session=${market.previous}$`));
    const gainers = page.getByRole('region', { name: 'Gainers' });
    await gainers.getByRole('link', { name: before.gainers[0]?.symbol ?? '' }).waitFor();
    assert.equal(before.next, market.session);
    await page.getByRole('button', { name: 'Next session' }).click();
    await page.waitForURL(new RegExp(`session=${market.session}$`));
    await gainers.getByRole('link', { name: market.gainers[0]?.symbol ?? '' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Next session' }).isDisabled(), true);
    await page.goBack();
    await gainers.getByRole('link', { name: before.gainers[0]?.symbol ?? '' }).waitFor();
    await page.getByRole('button', { name: 'Latest' }).click();
    await page.waitForURL(/\/market$/);
  });

  test('the watchlist starts with the most active symbols, and can be edited, sorted and kept', async () => {
    const market = await ask<MarketAnswer>(served.server.url, '/condvest/v1/market');
    const suggested = market.active.slice(0, 8).map((mover) => mover.symbol);
    const added = market.losers.find((mover) => !suggested.includes(mover.symbol))?.symbol ?? '';
    await using window = await served.browser.open(`${served.server.url}/market`);
    const { page, complaints } = window;
    const rows = page.locator('[data-part="watchlist"] tbody th a');
    await rows.nth(7).waitFor();
    assert.deepEqual(await rows.allTextContents(), suggested);

    await page.getByRole('combobox', { name: 'Add a symbol to the watchlist' }).fill(added);
    await page.getByRole('option', { name: added }).click();
    await rows.nth(8).waitFor();
    const removed = suggested[0] ?? '';
    await page.getByRole('button', { name: `Remove ${removed}` }).click();
    await page.locator('[data-part="watchlist"]').getByRole('link', { name: removed }).waitFor({ state: 'detached' });
    const own = [...suggested.slice(1), added];
    assert.deepEqual(await rows.allTextContents(), own);

    const answer = await ask<WatchlistAnswer>(
      served.server.url,
      `/condvest/v1/watchlist?symbols=${own.join(',')}&sessions=60`,
    );
    const byChange = [...answer.results].sort((a, b) => (b.change_percent ?? 0) - (a.change_percent ?? 0));
    await page.locator('[data-part="watchlist"]').getByRole('button', { name: 'Change' }).click();
    assert.deepEqual(
      await rows.allTextContents(),
      byChange.map((row) => row.symbol),
    );
    const heading = page.locator('[data-part="watchlist"] th', { hasText: 'Change' });
    assert.equal(await heading.getAttribute('aria-sort'), 'descending');
    await page.locator('[data-part="watchlist"]').getByRole('button', { name: 'Change' }).click();
    assert.equal(await heading.getAttribute('aria-sort'), 'ascending');
    assert.deepEqual(await rows.allTextContents(), byChange.map((row) => row.symbol).reverse());

    await page.reload();
    await rows.nth(7).waitFor();
    assert.deepEqual(await rows.allTextContents(), own);
    assert.equal(await page.locator('[data-part="watchlist"] .sparkline').count(), own.length);
    assert.deepEqual(complaints, []);
  });

  test('shows the watchlist of an earlier session beside it, and its date', async () => {
    const { previous } = await ask<MarketAnswer>(served.server.url, '/condvest/v1/market');
    const { active } = await ask<MarketAnswer>(served.server.url, `/condvest/v1/market?session=${previous}`);
    const suggested = active.slice(0, 8).map((mover) => mover.symbol);
    const path = `/condvest/v1/watchlist?symbols=${suggested.join(',')}&session=${previous}&sessions=60`;
    const { results } = await ask<WatchlistAnswer>(served.server.url, path);
    await using window = await served.browser.open(`${served.server.url}/market?session=${previous}`);
    const { page, complaints } = window;
    const rows = page.locator('[data-part="watchlist"] tbody tr');
    await rows.nth(7).waitFor();
    assert.deepEqual(
      await rows.locator('td:nth-child(2)').allTextContents(),
      results.map((row) => price(row.close)),
    );
    const [year = '', , date = ''] = String(previous).split('-');
    const heading = page.getByRole('region', { name: 'Watchlist' }).locator('header');
    assert.match((await heading.textContent()) ?? '', new RegExp(`${Number(date)} \\w+ ${year}$`));
    assert.deepEqual(complaints, []);
  });

  test('adds a symbol that is watched from its chart to the suggested ones', async () => {
    const market = await ask<MarketAnswer>(served.server.url, '/condvest/v1/market');
    const suggested = market.active.slice(0, 8).map((mover) => mover.symbol);
    const watched = market.losers.find((mover) => !suggested.includes(mover.symbol))?.symbol ?? '';
    await using window = await served.browser.open(`${served.server.url}/?symbol=${watched}`);
    const { page } = window;
    await page.getByRole('button', { name: 'Watch', exact: true }).click();
    await page.getByRole('button', { name: 'Watching' }).waitFor();
    await page.getByRole('link', { name: 'Market' }).click();
    const rows = page.locator('[data-part="watchlist"] tbody th a');
    await rows.nth(8).waitFor();
    assert.deepEqual(await rows.allTextContents(), [...suggested, watched]);
    await page.reload();
    await rows.nth(8).waitFor();
    assert.deepEqual(await rows.allTextContents(), [...suggested, watched]);
  });

  for (const width of [360, 1280, 1600]) {
    test(`names are not cut off on a screen ${width} wide`, async () => {
      await using window = await served.browser.open(`${served.server.url}/market`, {
        viewport: { width, height: 900 },
      });
      const { page } = window;
      await page.locator('[data-part="watchlist"] .sparkline').nth(7).waitFor();
      // The watchlist and the movers load separately.
      const names = page.locator('.name:visible');
      await names.nth(20).waitFor();
      const cut = await names.evaluateAll((all) =>
        all
          .filter((name) => name.scrollWidth > name.clientWidth || name.scrollHeight > name.clientHeight + 1)
          .map((name) => name.textContent),
      );
      assert.deepEqual(cut, []);
      const numbers = page.locator('td.end:visible:not(.remove-cell)');
      const wide = await numbers.evaluateAll((all) =>
        all.filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent),
      );
      assert.deepEqual(wide, [], 'no number overflows its cell');
    });
  }

  test('a session that the lake does not have is reported in the server’s words', async () => {
    await using window = await served.browser.open(`${served.server.url}/market?session=1999-01-04`);
    const alert = window.page.getByRole('alert');
    await alert.waitFor();
    assert.match((await alert.textContent()) ?? '', /1999-01-04/);
    // The watchlist does not depend on it.
    await window.page.locator('[data-part="watchlist"] tbody tr').nth(7).waitFor();
  });
});
