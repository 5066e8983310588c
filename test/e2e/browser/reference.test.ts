import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FsPageFiles } from '#adapters/fs/page-files.ts';
import { addPage } from '#serving/http/page.ts';
import { openHttpApp } from '#test/fixtures/http-app.ts';
import { noChromium, openBrowser } from './browser.ts';

test('the reference page lists the routes, tries one, and contacts no other server', {
  skip: noChromium,
}, async () => {
  const page = new FsPageFiles('web/dist');
  await using http = await openHttpApp({ deps: { page } });
  addPage(http.app, http.serving);
  const browser = await openBrowser();
  await using window = await browser.open(`${await http.listen()}/condvest/docs`);
  const bars = window.page.locator('.opblock', { hasText: '/condvest/v1/bars/{symbol}' });
  await bars.locator('.opblock-summary').click();
  await bars.getByPlaceholder('symbol').fill('AAA');
  await bars.getByRole('button', { name: 'Execute' }).click();
  const answer = bars.locator('.live-responses-table .response').first();
  await answer.locator('.response-col_status', { hasText: '200' }).waitFor();
  assert.match(await answer.innerText(), /Alpha Aggregates Inc\./);
  assert.deepEqual(window.complaints, []);
});
