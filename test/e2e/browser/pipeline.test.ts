import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { GapsAnswer, SessionsAnswer } from '#serving/condvest/shapes/ledger.ts';
import type { RunsAnswer, RunWithStepsAnswer } from '#serving/condvest/shapes/runs.ts';
import type { StatusAnswer } from '#serving/condvest/shapes/status.ts';
import { noChromium } from './browser.ts';
import { ask, startProcess } from './running-server.ts';
import { useServedPage } from './served-page.ts';

describe('with the pipeline in Chromium,', { skip: noChromium }, () => {
  const served = useServedPage({ args: ['up', '--port', '0', '--symbols', '60', '--years', '3', '--seed', '7'] });

  test('a lake under construction is shown as it grows, and then the chart opens by itself', async () => {
    await using window = await served.browser.open(served.server.url);
    const { page, complaints } = window;
    const building = page.locator('[data-part="building"]');
    await building.getByRole('progressbar').first().waitFor();
    assert.match((await building.textContent()) ?? '', /of \d+ steps complete/);
    await quiet(served.server.url);
    await page.locator('.chart-canvas[data-bars]').waitFor();
    assert.deepEqual(complaints, []);
  });

  test('a run starts after one confirmation and is followed to its end', async () => {
    await quiet(served.server.url);
    await using window = await served.browser.open(`${served.server.url}/pipeline`);
    const { page, complaints } = window;
    await page.getByText('Live', { exact: true }).waitFor();
    const before = await ask<RunsAnswer>(served.server.url, '/condvest/v1/runs?limit=50');
    await page.getByRole('button', { name: 'Start run' }).click();
    await page.keyboard.press('Escape');
    assert.equal(
      (await ask<RunsAnswer>(served.server.url, '/condvest/v1/runs?limit=50')).results.length,
      before.results.length,
    );
    await page.getByRole('button', { name: 'Start run' }).click();
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.waitForURL(/run=/);
    const id = new URL(page.url()).searchParams.get('run') ?? '';
    assert.ok(!before.results.some((run) => run.id === id), 'the run is new');
    await page.locator('[data-part="steps"][data-run-state="succeeded"]').waitFor();
    const { run, steps } = await ask<RunWithStepsAnswer>(served.server.url, `/condvest/v1/runs/${id}`);
    assert.equal(run.state, 'succeeded');
    const shown = page.locator('[data-part="steps"] tbody th');
    assert.deepEqual(
      (await shown.evaluateAll((cells) => cells.map((cell) => cell.firstChild?.textContent ?? ''))).sort(),
      steps.map((step) => step.step).sort(),
    );
    await page.locator(`[data-run="${id}"][aria-current="true"]`, { hasText: 'succeeded' }).waitFor();
    await page.reload();
    await page.locator('[data-part="steps"][data-run-state="succeeded"]').waitFor();
    assert.deepEqual(complaints, []);
  });

  test('the session calendar shows the states of the ledger and can be navigated by keyboard', async () => {
    await using window = await served.browser.open(`${served.server.url}/pipeline`);
    const { page, complaints } = window;
    const { last_published } = await ask<StatusAnswer>(served.server.url, '/condvest/v1/status');
    const year = last_published?.slice(0, 4) ?? '';
    const { results } = await ask<SessionsAnswer>(
      served.server.url,
      `/condvest/v1/sessions?from=${year}-01-01&to=${year}-12-31&limit=400`,
    );
    const grid = page.getByRole('grid', { name: `${year} sessions` });
    await grid.locator('[data-session]').first().waitFor();
    const shown = await grid
      .locator('[data-session]')
      .evaluateAll((cells) =>
        cells.map((cell) => `${cell.getAttribute('data-session')} ${cell.getAttribute('data-state')}`),
      );
    assert.deepEqual(shown.sort(), results.map(({ session, state }) => `${session} ${state}`).sort());

    assert.equal(await grid.locator('[tabindex="0"]').count(), 1, 'one cell of the grid is in the tab order');
    await grid.locator('[tabindex="0"]').focus();
    const dates = results.map(({ session }) => session).sort();
    assert.equal(await focusedSession(page), dates.at(-1));
    await page.keyboard.press('ArrowUp');
    assert.equal(await focusedSession(page), dates.at(-2));
    await page.keyboard.press('Home');
    assert.equal(await focusedSession(page), dates[0]);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`session=${dates[1]}$`));
    await page.locator('[data-part="session-details"]', { hasText: 'expected' }).waitFor();
    assert.deepEqual(complaints, []);
  });

  test('states can be told apart without color', async () => {
    await using window = await served.browser.open(`${served.server.url}/pipeline`);
    await window.page.locator('.state-tiles .swatch').nth(3).waitFor();
    const looks = await window.page
      .locator('.state-tiles .swatch')
      .evaluateAll((swatches) =>
        swatches.map((swatch) => getComputedStyle(swatch).backgroundImage.replaceAll(/rgba?\([^)]*\)/g, '')),
      );
    assert.equal(new Set(looks).size, 4, looks.join('\n'));
  });

  test('a symbol’s gap links to the sessions it lacks, and each session to its place on the chart', async () => {
    await quiet(served.server.url);
    const { symbols } = await ask<GapsAnswer>(served.server.url, '/condvest/v1/gaps?limit=50');
    const symbol = symbols[0]?.symbol ?? '';
    assert.notEqual(symbol, '', 'the simulated market has halts');
    const { of_symbol } = await ask<GapsAnswer>(served.server.url, `/condvest/v1/gaps?symbol=${symbol}`);
    await using window = await served.browser.open(`${served.server.url}/pipeline`);
    const { page, complaints } = window;
    const item = page.getByRole('region', { name: 'Gaps' }).getByRole('listitem').filter({ hasText: symbol });
    await item.getByRole('link', { name: /sessions?$/ }).click();
    await page.waitForURL(new RegExp(`gap=${symbol}$`));
    const panel = page.locator('[data-part="rows"]');
    await panel.getByRole('listitem').first().waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('data-part')), 'rows');
    assert.equal(await panel.getByRole('listitem').count(), of_symbol?.length);
    await panel.getByRole('link').nth(1).click();
    await page.waitForURL(new RegExp(`symbol=${symbol}&from=.*&to=`));
    await page.locator('.chart-canvas[data-bars]').waitFor();
    assert.deepEqual(complaints, []);
  });

  test('a server that only serves says why it cannot start a run', async () => {
    await using second = await startProcess(['serve', '--port', '0'], served.home);
    await using window = await served.browser.open(`${second.url}/pipeline`);
    const button = window.page.getByRole('button', { name: 'Start run' });
    await window.page.getByText('This server is read-only').waitFor();
    assert.equal(await button.isDisabled(), true);
    assert.deepEqual(window.complaints, []);
  });
});

function focusedSession(page: { evaluate<T>(read: () => T): Promise<T> }): Promise<string | null> {
  return page.evaluate(() => document.activeElement?.getAttribute('data-session') ?? null);
}

/** Resolves once no run is in progress, since `up` first catches up on its own. */
async function quiet(url: string): Promise<void> {
  for (;;) {
    const { results } = await ask<RunsAnswer>(url, '/condvest/v1/runs?limit=20');
    const { building, last_published } = await ask<StatusAnswer>(url, '/condvest/v1/status');
    if (building === null && last_published !== null && results.every((run) => run.state !== 'running')) return;
    await new Promise((settle) => setTimeout(settle, 200));
  }
}
