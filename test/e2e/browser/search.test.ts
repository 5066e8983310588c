import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { SymbolsAnswer } from '#serving/condvest/shapes/market.ts';
import { fillHome } from '../simulated-home.ts';
import { noChromium } from './browser.ts';
import { ask } from './running-server.ts';
import { useServedPage } from './served-page.ts';

describe('with the search in Chromium,', { skip: noChromium }, () => {
  const served = useServedPage({ fill: fillHome });
  let symbols: readonly string[];
  before(async () => {
    const { results } = await ask<SymbolsAnswer>(served.server.url, '/condvest/v1/symbols?limit=1000');
    symbols = results.map(({ symbol }) => symbol);
  });

  const matchesOf = async (text: string): Promise<string[]> => {
    const { results } = await ask<SymbolsAnswer>(served.server.url, `/condvest/v1/symbols?limit=12&search=${text}`);
    return results.map(({ symbol }) => symbol);
  };

  test('Enter opens the symbol that was typed, even while the matches of its first letter are still in sight', async () => {
    const [shown = ''] = symbols;
    await using window = await served.browser.open(`${served.server.url}/?symbol=${shown}`);
    const { page, complaints } = window;
    const letter = shown.slice(0, 1);
    const [first] = await matchesOf(letter);
    const wanted = symbols.find((symbol) => symbol !== first && symbol !== shown) ?? '';
    await page.keyboard.press('/');
    await page.keyboard.type(letter);
    await page.getByRole('option', { name: first ?? '' }).waitFor();
    const held = Promise.withResolvers<void>();
    await page.route(`**/condvest/v1/symbols?search=${wanted}*`, async (route) => {
      await held.promise;
      await route.continue();
    });
    await page.getByRole('combobox', { name: 'Search by symbol or name' }).fill(wanted);
    await page.keyboard.press('Enter');
    held.resolve();
    await page.waitForURL(new RegExp(`symbol=${wanted}$`));
    assert.deepEqual(complaints, []);
  });

  test('each match is a link to its chart, which can be opened in another tab', async () => {
    const [shown = '', other = ''] = symbols;
    await using window = await served.browser.open(`${served.server.url}/?symbol=${shown}&interval=5d`);
    const { page } = window;
    await page.keyboard.press('/');
    await page.keyboard.type(other.toLowerCase());
    const option = page.getByRole('option', { name: other }).first();
    await option.waitFor();
    assert.equal(await option.getAttribute('href'), `/?symbol=${other}&interval=5d`);
    const [tab] = await Promise.all([
      page.context().waitForEvent('page'),
      option.click({ modifiers: ['ControlOrMeta'] }),
    ]);
    await tab.waitForURL(new RegExp(`symbol=${other}&interval=5d$`));
    assert.match(page.url(), new RegExp(`symbol=${shown}&`), 'this tab stays');
  });

  test('an address that differs from one symbol only by case goes on to that symbol', async () => {
    const symbol = symbols.find((item) => item !== item.toLowerCase()) ?? '';
    const alike = symbols.filter((item) => item.toLowerCase() === symbol.toLowerCase());
    assert.deepEqual(alike, [symbol]);
    await using window = await served.browser.open(`${served.server.url}/?symbol=${symbol.toLowerCase()}&interval=5d`);
    const { page } = window;
    await page.waitForURL(new RegExp(`symbol=${symbol}&interval=5d$`));
    await page.locator('.chart-canvas[data-bars]').waitFor();
  });

  test('a symbol with a typing mistake leads to what may be meant, and offers no second try', async () => {
    const symbol = symbols.find((item) => /^[A-Z]{4}$/.test(item)) ?? '';
    const [a = '', b = '', ...rest] = symbol;
    const mistyped = [b, a, ...rest].join('');
    assert.ok(!symbols.includes(mistyped));
    await using window = await served.browser.open(`${served.server.url}/?symbol=${mistyped}`);
    const { page } = window;
    const alert = page.getByRole('alert');
    await alert.getByRole('link', { name: symbol, exact: true }).waitFor();
    assert.match((await alert.textContent()) ?? '', /case-sensitive/);
    assert.equal(await alert.getByRole('button').count(), 0);
    await alert.getByRole('link', { name: symbol, exact: true }).click();
    await page.locator('.chart-canvas[data-bars]').waitFor();
  });
});
