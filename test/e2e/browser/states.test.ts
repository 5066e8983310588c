import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { condvest, temporaryFolder } from '../command-line.ts';
import { fillHome } from '../simulated-home.ts';
import { noChromium } from './browser.ts';
import { startProcess } from './running-server.ts';
import { useServedPage } from './served-page.ts';

const VIEWS = ['/?indicators=sma20,rsi14', '/market', '/pipeline'] as const;

describe('with the page in Chromium,', { skip: noChromium }, () => {
  const served = useServedPage({ fill: fillHome });

  for (const path of VIEWS) {
    test(`${path} has accessible names, one main heading, and landmarks`, async () => {
      await using window = await served.browser.open(served.server.url + path);
      await loaded(window.page);
      assert.deepEqual(await faultsOf(window.page), []);
      assert.deepEqual(window.complaints, []);
    });

    test(`${path} hardly moves while it loads`, async () => {
      await using window = await served.browser.open('about:blank');
      const { page } = window;
      await page.addInitScript(() => {
        Object.assign(globalThis, { shifted: 0 });
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) {
            const { value } = entry as unknown as { value: number };
            (globalThis as unknown as { shifted: number }).shifted += value;
          }
        }).observe({ type: 'layout-shift', buffered: true });
      });
      await page.goto(served.server.url + path);
      await loaded(page);
      // Web Vitals rate less than 0.1 as good and more than 0.25 as poor; the number of runs is not known in advance.
      const shifted = await page.evaluate(() => (globalThis as unknown as { shifted: number }).shifted);
      assert.ok(shifted < 0.2, `moved by ${shifted}`);
    });

    test(`${path} fits a phone without scrolling sideways, and keeps targets large enough`, async () => {
      await using window = await served.browser.open(served.server.url + path, {
        viewport: { width: 360, height: 740 },
      });
      const { page } = window;
      await loaded(page);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
      const small = await page.locator('button:visible, nav a:visible, input[type="radio"]').evaluateAll((targets) =>
        targets
          .filter((target) => target.getClientRects().length > 0)
          .map((target) => {
            const box = target.getBoundingClientRect();
            const name = target.getAttribute('aria-label') ?? target.textContent ?? '';
            return { name, size: Math.min(box.width, box.height) };
          })
          // 24 by 24 pixels, except for targets inside a line of text (WCAG 2.5.8).
          .filter(({ name, size }) => size > 0 && size < 23.5 && name !== 'Keyboard shortcuts'),
      );
      assert.deepEqual(small, []);
    });

    test(`${path} follows the system’s dark mode, and the switch overrides it`, async () => {
      await using window = await served.browser.open(served.server.url + path, { colorScheme: 'dark' });
      const { page } = window;
      await loaded(page);
      const dark = await backgroundOf(page);
      await page.getByRole('button', { name: /^Theme: system/ }).click();
      assert.notEqual(await backgroundOf(page), dark);
      await page.reload();
      await loaded(page);
      assert.notEqual(await backgroundOf(page), dark, 'the choice survives a reload');
      await page.getByRole('button', { name: /^Theme: light/ }).click();
      assert.equal(await backgroundOf(page), dark);
    });
  }

  test('the keyboard alone leads from the skip link to a chosen symbol', async () => {
    await using window = await served.browser.open(`${served.server.url}/market`);
    const { page } = window;
    await loaded(page);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to main content');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);
    assert.notEqual(outline, 'none');
    await page.keyboard.press('Enter');
    await page.keyboard.press('p');
    await page.waitForURL(/\/pipeline$/);
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'main', 'the focus is on the new view');
    await page.keyboard.press('c');
    await page.waitForURL(/symbol=/);
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.getByRole('checkbox', { name: 'Enable single-key shortcuts' }).uncheck();
    await page.keyboard.press('Escape');
    await page.keyboard.press('m');
    assert.match(page.url(), /symbol=/, 'single keys are off');
  });

  test('the page reports a server that goes away, and continues when it is back', async () => {
    const own = await startProcess(['serve', '--port', '0'], served.home);
    await using window = await served.browser.open(`${own.url}/market`);
    const { page } = window;
    await loaded(page);
    await own.stop();
    await page.getByRole('button', { name: 'Previous session' }).click();
    await page.locator('[data-part="offline"]').waitFor();
    // The last session stays in sight, dimmed and with its date.
    await page.locator('.market-main .is-dim').getByRole('region', { name: 'Gainers' }).waitFor();
    assert.match((await page.locator('.heading').textContent()) ?? '', /\d{4}, compared with the previous session/);
    await using again = await startProcess(['serve', '--port', String(own.port)], served.home);
    assert.equal(again.port, own.port);
    await page.locator('[data-part="offline"]').waitFor({ state: 'detached' });
    await page.getByRole('region', { name: 'Gainers' }).getByRole('row').nth(1).waitFor();
  });

  test('the page asks for a required key, rejects a wrong one, and keeps the right one for the tab', async () => {
    const { out, code, err } = await condvest(['keys', 'create', 'page', '--json'], { home: served.home });
    assert.equal(code, 0, err);
    const key = Object.values(JSON.parse(out) as Record<string, unknown>).find(
      (value): value is string => typeof value === 'string' && value.length > 30,
    );
    assert.ok(key !== undefined, out);
    await using keyed = await startProcess(['serve', '--host', '0.0.0.0', '--port', '0'], served.home);
    const address = `http://127.0.0.1:${keyed.port}`;
    await using window = await served.browser.open(`${address}/market`);
    const { page } = window;
    const dialog = page.getByRole('dialog', { name: 'API key required' });
    await dialog.waitFor();
    await dialog.getByLabel('API key', { exact: true }).fill('not-a-key');
    await page.keyboard.press('Enter');
    await dialog.getByText('The key you entered is not valid').waitFor();
    await dialog.getByText('A key that you enter stays in this tab until you close it').waitFor();
    await dialog.getByLabel('API key', { exact: true }).fill(key);
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    await loaded(page);
    await page.reload();
    await loaded(page);
    assert.equal(await dialog.isVisible(), false);
    assert.ok(
      !page.url().includes(key) && !(await page.content()).includes(key),
      'the key is neither in the URL nor in the page',
    );
    await page.getByRole('link', { name: 'Pipeline' }).click();
    await page.getByText('Live', { exact: true }).waitFor();
  });

  test('an empty lake that nothing fills says how to fill it', async () => {
    await using empty = await temporaryFolder();
    await using own = await startProcess(['serve', '--port', '0'], empty.path);
    await using window = await served.browser.open(own.url);
    const { page, complaints } = window;
    for (const path of ['/', '/market', '/pipeline']) {
      await page.goto(own.url + path);
      await page.getByRole('heading', { name: 'This lake is empty' }).waitFor();
      await page.locator('.skeleton').first().waitFor({ state: 'detached' });
      const text = (await page.locator('main').textContent()) ?? '';
      assert.match(text, /npm start.*MASSIVE_API_KEY.*condvest import/s, path);
      assert.doesNotMatch(text, /No gaps|[Nn]othing pending|No issues|No session is missing/, path);
      assert.equal(await page.locator('main h1').count(), 1, path);
    }
    assert.deepEqual(complaints, []);
  });

  test('an unknown address offers a way back', async () => {
    await using window = await served.browser.open(`${served.server.url}/nowhere`);
    await window.page.getByRole('heading', { name: 'Page not found' }).waitFor();
    await window.page.getByRole('link', { name: 'Go to chart' }).click();
    await window.page.locator('.chart-canvas[data-bars]').waitFor();
  });

  test('a failed request is reported with a way to retry', async () => {
    await using window = await served.browser.open(`${served.server.url}/pipeline`);
    const { page } = window;
    await loaded(page);
    let isBroken = true;
    await page.route('**/condvest/v1/market*', (route) =>
      isBroken
        ? route.fulfill({
            status: 500,
            json: { status: 'ERROR', code: 'internal', message: 'It broke', request_id: 'r-1' },
          })
        : route.continue(),
    );
    await page.getByRole('link', { name: 'Market' }).click();
    const alert = page.getByRole('alert');
    await alert.waitFor();
    assert.match((await alert.textContent()) ?? '', /It broke\..*Request ID: r-1/);
    isBroken = false;
    await alert.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('region', { name: 'Gainers' }).waitFor();
  });

  test('stale data is reported on every view, with the reason', async () => {
    await using window = await served.browser.open(`${served.server.url}/market`);
    const { page } = window;
    await loaded(page);
    await page.route('**/condvest/v1/status', async (route) => {
      const response = await route.fetch();
      const status = (await response.json()) as object;
      await route.fulfill({ response, json: { ...status, ready: { ok: false, reason: 'two sessions are missing' } } });
    });
    for (const path of VIEWS) {
      await page.goto(served.server.url + path);
      assert.match((await page.locator('[data-part="stale"]').textContent()) ?? '', /Two sessions are missing\./);
      assert.match((await page.locator('[data-part="simulated"]').textContent()) ?? '', /Simulated data/);
    }
  });
});

/** Resolves once every skeleton has been replaced by content. */
async function loaded(page: Page): Promise<void> {
  await page.locator('main h1').waitFor();
  await page.locator('main .card').first().waitFor();
  await page.locator('.skeleton').first().waitFor({ state: 'detached' });
}

function backgroundOf(page: Page): Promise<string> {
  return page.evaluate(() => getComputedStyle(document.body).backgroundColor);
}

/** Returns the accessibility faults of the page. */
function faultsOf(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const all = (selector: string): Element[] => [...document.querySelectorAll(selector)];
    const shown = (element: Element): boolean => element.getClientRects().length > 0;
    const nameOf = (element: Element): string => {
      const labels = (element as HTMLInputElement).labels ?? [];
      const by = element.getAttribute('aria-labelledby')?.split(' ') ?? [];
      return [
        element.getAttribute('aria-label'),
        ...by.map((id) => document.getElementById(id)?.textContent),
        ...[...labels].map((label) => label.textContent),
        element.matches('button, a, summary') ? element.textContent : '',
      ]
        .join('')
        .trim();
    };
    for (const element of all(
      'button, a[href], input, select, summary, [role="application"], section, nav, table.data, table[role="grid"]',
    )) {
      if (shown(element) && nameOf(element) === '') found.push(`no name: ${element.outerHTML.slice(0, 120)}`);
    }
    const ids = all('[id]').map((element) => element.id);
    for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) found.push(`twice: #${id}`);
    for (const element of all('[aria-controls], [aria-describedby], [aria-labelledby]')) {
      for (const attribute of ['aria-controls', 'aria-describedby', 'aria-labelledby']) {
        for (const id of element.getAttribute(attribute)?.split(' ') ?? []) {
          if (document.getElementById(id) === null) found.push(`${attribute} of nothing: ${id}`);
        }
      }
    }
    for (const landmark of ['header', 'nav', 'main', 'footer', 'search']) {
      if (all(landmark).filter(shown).length < 1) found.push(`no ${landmark}`);
    }
    if (all('main h1').length !== 1) found.push(`${all('main h1').length} main headings`);
    for (const svg of all('svg:not([aria-hidden="true"] *)')) {
      if (svg.getAttribute('aria-hidden') !== 'true' && nameOf(svg) === '') found.push('a picture without a name');
    }
    for (const table of all('table.data')) {
      if (table.querySelector('thead th[scope="col"]') === null) found.push('a table without headings');
    }
    if (document.documentElement.lang === '') found.push('no language');
    if (all('[style]').some((element) => element.closest('.chart-canvas') === null)) found.push('a style attribute');
    return found;
  });
}
