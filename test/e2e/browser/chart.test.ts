import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { BarsAnswer } from '#serving/condvest/shapes/bars.ts';
import type { MarketAnswer } from '#serving/condvest/shapes/market.ts';
import type { StatusAnswer } from '#serving/condvest/shapes/status.ts';
import { price } from '../../../web/src/format.ts';
import { fillHome } from '../simulated-home.ts';
import { noChromium } from './browser.ts';
import { ask } from './running-server.ts';
import { useServedPage } from './served-page.ts';

describe('with the chart in Chromium,', { skip: noChromium }, () => {
  const served = useServedPage({ fill: fillHome });
  let symbol: string;
  before(async () => {
    const market = await ask<MarketAnswer>(served.server.url, '/condvest/v1/market');
    symbol = market.active[0]?.symbol ?? '';
  });

  const bars = (query: string): Promise<BarsAnswer> => ask(served.server.url, `/condvest/v1/bars/${symbol}?${query}`);

  test('a first visit shows a full chart of the most traded symbol and says that the prices are simulated', async () => {
    await using window = await served.browser.open(served.server.url);
    const { page, complaints } = window;
    await page.waitForURL(new RegExp(`[?]symbol=${symbol}$`));
    await page.locator('.chart-canvas[data-bars]').waitFor();
    assert.match((await page.locator('[data-part="simulated"]').textContent()) ?? '', /made up/);
    assert.equal(await page.title(), `${symbol} · Condvest`);
    assert.ok(await isPainted(page), 'something was painted');
    assert.deepEqual(complaints, []);
  });

  for (const [interval, adjust] of [
    [1, 'split'],
    [3, 'raw'],
    [5, 'split'],
    [8, 'total'],
    [13, 'raw'],
    [21, 'total'],
    [34, 'split'],
  ] as const) {
    test(`the bars drawn at ${interval}D, ${adjust}, match those of the API`, async () => {
      await using window = await served.browser.open(
        `${served.server.url}/?symbol=${symbol}&interval=${interval}d&adjust=${adjust}`,
      );
      const drawn = await drawnBars(window.page);
      const answer = await bars(`interval=${interval}&adjust=${adjust}&limit=${drawn.length}`);
      assert.deepEqual(drawn, rowsOf(answer));
      const request = (await window.page.locator('[data-part="request"]').textContent()) ?? '';
      const [, path = ''] = /^curl 'http:\/\/[^/]+(\/[^']+)'$/.exec(request) ?? [];
      assert.deepEqual((await ask<BarsAnswer>(served.server.url, path)).bars, answer.bars, request);
      assert.deepEqual(window.complaints, []);
    });
  }

  test('the search finds a symbol by its name, and Enter shows its chart', async () => {
    await using window = await served.browser.open(`${served.server.url}/?symbol=${symbol}`);
    const { page } = window;
    const market = await ask<MarketAnswer>(served.server.url, '/condvest/v1/market');
    const other = market.active.find((mover) => mover.symbol !== symbol && mover.name !== null);
    assert.ok(other?.name != null);
    await page.keyboard.press('/');
    await page.keyboard.type(other.name.toLowerCase());
    const option = page.getByRole('option', { name: other.symbol });
    await option.waitFor();
    while ((await option.getAttribute('aria-selected')) !== 'true') await page.keyboard.press('ArrowDown');
    const box = page.getByRole('combobox', { name: 'Search by symbol or name' });
    assert.equal(await box.getAttribute('aria-activedescendant'), await option.getAttribute('id'));
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`symbol=${other.symbol}$`));
    await page.getByRole('heading', { level: 1, name: other.symbol }).waitFor();
    assert.deepEqual(window.complaints, []);
  });

  test('choosing another interval changes the bars and the address, survives a reload, and is undone by Back', async () => {
    await using window = await served.browser.open(`${served.server.url}/?symbol=${symbol}`);
    const { page } = window;
    const windows = await bars('interval=21');
    const days = page.getByRole('application', { name: 'daily bars' });
    await days.waitFor();
    await page.getByRole('radio', { name: '21 sessions' }).check();
    await page.waitForURL(/interval=21d/);
    await page.locator(`.chart-canvas[data-bars="${windows.bars.length}"]`).waitFor();
    await page.reload();
    await page.locator(`.chart-canvas[data-bars="${windows.bars.length}"]`).waitFor();
    assert.equal(await page.getByRole('radio', { name: '21 sessions' }).isChecked(), true);
    await page.goBack();
    await days.waitFor();
    assert.deepEqual(window.complaints, []);
  });

  test('the open window is described in words, with its sessions so far', async () => {
    await using window = await served.browser.open(`${served.server.url}/?symbol=${symbol}&interval=34d`);
    const answer = await bars('interval=34');
    const last = answer.bars.at(-1);
    assert.ok(last !== undefined && 'complete' in last && !last.complete, 'the lake ends inside a window');
    const note = (await window.page.locator('[data-part="open-window"]').textContent()) ?? '';
    assert.match(note, new RegExp(`still open: ${last.sessions} of ${last.expected} sessions so far`));
  });

  test('clicking a bar shows its details, as the API explains them', async () => {
    await using window = await served.browser.open(`${served.server.url}/?symbol=${symbol}&interval=13d&adjust=total`);
    const { page } = window;
    const canvas = page.locator('.chart-canvas[data-bars]');
    await canvas.waitFor();
    const box = await canvas.boundingBox();
    assert.ok(box !== null);
    await page.mouse.click(box.x + box.width * 0.4, box.y + box.height * 0.4);
    const answer = await bars('interval=13&adjust=total');
    const explained = await bars('interval=13&adjust=total&explain=true');
    const details = page.locator('[data-part="bar-details"]');
    await details.locator('table').waitFor();
    const title = (await details.getByRole('heading', { level: 2 }).textContent()) ?? '';
    const found = answer.bars.find((bar) => 'first_session' in bar && title.startsWith(dateText(bar.first_session)));
    assert.ok(found !== undefined && found !== answer.bars.at(-1), `the details are of an earlier bar: ${title}`);
    const explain = explained.bars.find(
      (bar) => 'first_session' in bar && title.startsWith(dateText(bar.first_session)),
    )?.explain;
    assert.ok(explain !== undefined);
    const close = details.getByRole('row', { name: /^Close/ }).getByRole('cell');
    assert.equal(await close.nth(0).getAttribute('title'), String(found.close));
    assert.equal(await close.nth(1).getAttribute('title'), String(explain.raw.close));
    const applied = (explained.events ?? []).slice(explain.events_from, explain.events_to);
    const listed = await details.getByText(/^(Split|Dividend)$/).count();
    assert.equal(listed, applied.length + explained.held.length, 'each event applied to it or held back');
    await details.getByText('Table versions').click();
    for (const [table, version] of Object.entries(answer.versions)) {
      assert.match((await details.textContent()) ?? '', new RegExp(`${table}${version}`));
    }
    assert.deepEqual(window.complaints, []);
  });

  test('arrow keys move along the chart, announce each bar and show its details', async () => {
    await using window = await served.browser.open(`${served.server.url}/?symbol=${symbol}&interval=5d`);
    const { page } = window;
    const answer = await bars('interval=5');
    await page.locator('.chart-canvas[data-bars]').focus();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    const bar = answer.bars.at(-3);
    assert.ok(bar !== undefined && 'first_session' in bar);
    assert.match(
      (await page.locator('[data-part="announced-bar"]').textContent()) ?? '',
      new RegExp(`^${dateText(bar.first_session)} – ${dateText(bar.last_session)}: open `),
    );
    await page.keyboard.press('Enter');
    await page.locator('[data-part="bar-details"] h2', { hasText: dateText(bar.first_session) }).waitFor();
    // The first bar is far outside the visible range: the crosshair moves there, and onward from there.
    const when = page.locator('[data-part="legend"] .when');
    const [first, second] = answer.bars;
    assert.ok(first !== undefined && 'first_session' in first && second !== undefined && 'first_session' in second);
    await page.keyboard.press('Home');
    await when.getByText(dateText(first.first_session)).waitFor();
    await page.keyboard.press('ArrowRight');
    await when.getByText(dateText(second.first_session)).waitFor();
    // The pointer takes over until it leaves; then the crosshair returns to the selected bar. Escape clears the selection.
    const box = await page.locator('.chart-canvas').boundingBox();
    assert.ok(box !== null);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await when.filter({ hasNotText: dateText(second.first_session) }).waitFor();
    await page.mouse.move(box.x + box.width / 2, 10);
    await when.getByText(dateText(bar.first_session)).waitFor();
    await page.locator('.chart-canvas').focus();
    await page.keyboard.press('Escape');
    const last = answer.bars.at(-1);
    assert.ok(last !== undefined && 'first_session' in last);
    await when.getByText(dateText(last.first_session)).waitFor();
    await page.locator('[data-part="bar-details"] h2', { hasText: dateText(last.first_session) }).waitFor();
    await page.keyboard.press('7');
    await page.waitForURL(/interval=34d/);
  });

  test('indicators are added, drawn with a legend, kept in the address and removed', async () => {
    await using window = await served.browser.open(`${served.server.url}/?symbol=${symbol}&indicators=sma20`);
    const { page } = window;
    const legend = page.locator('[data-part="legend"]');
    await legend.getByText('SMA 20').waitFor();
    await page.getByRole('button', { name: 'Indicators (1)' }).click();
    await page.getByRole('checkbox', { name: 'RSI 14' }).check();
    await page.getByRole('checkbox', { name: 'MACD 12 26 9' }).check();
    await page.getByRole('spinbutton', { name: 'Length' }).fill('9');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.waitForURL(/indicators=sma20,rsi14,macd,sma9$/);
    await page.locator('[data-part="pane-label"]', { hasText: 'RSI 14' }).waitFor();
    const closes = (await bars('interval=1')).bars.map((bar) => bar.close ?? Number.NaN);
    const mean = closes.slice(-20).reduce((sum, close) => sum + close, 0) / 20;
    assert.match((await legend.textContent()) ?? '', new RegExp(`SMA 20 ${mean.toFixed(mean < 1 ? 4 : 2)}`));
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Remove SMA 20' }).click();
    await page.waitForURL(/indicators=rsi14,macd,sma9$/);
    assert.deepEqual(window.complaints, []);
  });

  test('an indicator with a pane of its own is named in it, with the values of the vendor’s route', async () => {
    await using window = await served.browser.open(
      `${served.server.url}/?symbol=${symbol}&indicators=ema21,rsi14,macd`,
    );
    const { page } = window;
    const labels = page.locator('[data-part="pane-label"]');
    await labels.nth(1).waitFor();
    const newest = async (kind: string, query: string): Promise<Record<string, number>> => {
      const { results } = await ask<{ results: { values: [Record<string, number>] } }>(
        served.server.url,
        `/v1/indicators/${kind}/${symbol}?timespan=day&limit=1&${query}`,
      );
      return results.values[0];
    };
    const rsi = await newest('rsi', 'window=14');
    const ema = await newest('ema', 'window=21');
    const macd = await newest('macd', 'short_window=12&long_window=26&signal_window=9');
    const shown = (value: number | undefined): string => price(value);
    assert.match(
      (await page.locator('[data-part="legend"]').textContent()) ?? '',
      new RegExp(`EMA 21 ${shown(ema['value'])}`),
    );
    // Also before the symbol's events arrive, which redraw the chart.
    await page.route('**/condvest/v1/events/*', () => undefined);
    await page.reload();
    await labels.nth(1).waitFor();
    await page.locator('.chart-canvas[data-bars]').waitFor();
    assert.deepEqual(await labels.allTextContents(), [
      `RSI 14 ${shown(rsi['value'])}`,
      `Histogram ${shown(macd['histogram'])}MACD ${shown(macd['value'])}Signal ${shown(macd['signal'])}`,
    ]);
    const before = await labels.first().textContent();
    await page.locator('.chart-canvas').focus();
    await page.keyboard.press('Home');
    // The first bar has no value yet.
    await labels.getByText(`RSI 14 ${shown(undefined)}`, { exact: true }).waitFor();
    await page.keyboard.press('End');
    await labels.getByText(before ?? '', { exact: true }).waitFor();
    const [box, rsiAt, macdAt] = await Promise.all(
      [page.locator('.chart-canvas'), labels.nth(0), labels.nth(1)].map((item) => item.boundingBox()),
    );
    assert.ok(box !== null && box !== undefined && rsiAt !== null && rsiAt !== undefined && macdAt != null);
    assert.ok(rsiAt.y > box.y + box.height / 2 && macdAt.y > rsiAt.y + 40, 'each label is at its own pane');
    assert.deepEqual(window.complaints, []);
  });

  test('the focused chart has a ring around it that no canvas covers', async () => {
    await using window = await served.browser.open(`${served.server.url}/?symbol=${symbol}`);
    const { page } = window;
    await page.locator('.chart-canvas[data-bars]').waitFor();
    await page.getByRole('button', { name: 'Indicators' }).focus();
    for (let n = 0; n < 8; n++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(() => document.activeElement?.classList.contains('chart-canvas') === true)) break;
    }
    const ring = await page.evaluate(() => {
      const { outlineStyle, outlineWidth, zIndex } = getComputedStyle(
        document.activeElement ?? document.body,
        '::after',
      );
      return { outlineStyle, outlineWidth, isAbove: Number(zIndex) > 5 };
    });
    assert.deepEqual(ring, { outlineStyle: 'solid', outlineWidth: '2px', isAbove: true });
  });

  test('a time range can be chosen, and the range panned into view is kept in the address', async () => {
    await using window = await served.browser.open(`${served.server.url}/?symbol=${symbol}`);
    const { page } = window;
    const year = page.getByRole('radio', { name: '1 year' });
    await year.check();
    await page.waitForURL(/range=1y$/);
    await page.locator('[data-part="in-sight"]', { hasText: /25\d daily bars$/ }).waitFor();
    const chosen = page.url();
    const box = await page.locator('.chart-canvas[data-bars]').boundingBox();
    assert.ok(box !== null);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 3);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2 + 200, box.y + box.height / 3, { steps: 8 });
    await page.mouse.up();
    await page.waitForURL(/to=\d{4}-\d\d-\d\d$/);
    assert.notEqual(page.url(), chosen);
    await page.reload();
    await page.waitForURL(/to=\d{4}-\d\d-\d\d$/);
    await page.goBack();
    await page.waitForURL(new RegExp(`symbol=${symbol}$`));
  });

  test('tapping a bar shows its details, and flinging the chart updates the address once it comes to rest', async () => {
    await using window = await served.browser.open(`${served.server.url}/?symbol=${symbol}&interval=3d`, {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    const { page } = window;
    const canvas = page.locator('.chart-canvas[data-bars]');
    await canvas.waitFor();
    const box = await canvas.boundingBox();
    assert.ok(box !== null);
    const legendDate = page.locator('[data-part="legend"] .when');
    const title = page.locator('[data-part="bar-details"] h2');
    const before = await title.textContent();
    const tapped: (string | null)[] = [];
    const tap = async (x: number): Promise<void> => {
      await page.touchscreen.tap(box.x + x, box.y + 150);
      await title.filter({ hasNotText: tapped.at(-1) ?? before ?? '' }).waitFor();
      tapped.push(await title.textContent());
      await legendDate.getByText(tapped.at(-1) ?? '', { exact: true }).waitFor();
    };
    await tap(120);
    const touch = await page.context().newCDPSession(page);
    const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', x = 0): Promise<unknown> => {
      const touchPoints = type === 'touchEnd' ? [] : [{ x: box.x + x, y: box.y + 150 }];
      return touch.send('Input.dispatchTouchEvent', { type, touchPoints });
    };
    const fling = async (): Promise<void> => {
      await send('touchStart', 60);
      for (let x = 70; x <= 200; x += 10) await send('touchMove', x);
      await send('touchEnd');
    };
    const isMoved = (): Promise<boolean> =>
      page.waitForURL(/to=\d{4}-\d\d-\d\d$/, { timeout: 10_000 }).then(
        () => true,
        () => false,
      );
    // On a machine that is busy between the first events, a touch is a long press, which moves the crosshair instead.
    let flings = 0;
    do {
      await fling();
      flings += 1;
    } while (!(await isMoved()) && flings < 20);
    assert.match(page.url(), /to=\d{4}-\d\d-\d\d$/);
    await tap(60);
    assert.equal(new Set([before, ...tapped]).size, 3);
    assert.deepEqual(window.complaints, []);
  });

  test('an unknown symbol is reported with the remedy, and the search leads on', async () => {
    await using window = await served.browser.open(`${served.server.url}/?symbol=NOSUCH`);
    const { page } = window;
    const alert = page.getByRole('alert');
    await alert.waitFor();
    assert.match((await alert.textContent()) ?? '', /NOSUCH.*Search for another one/s);
    await page.keyboard.press('/');
    await page.keyboard.type(symbol);
    await page.getByRole('option', { name: symbol }).click();
    await page.locator('.chart-canvas[data-bars]').waitFor();
  });

  test('a response from an earlier day shows that day', async () => {
    await using window = await served.browser.open(`${served.server.url}/?symbol=${symbol}`);
    const { page } = window;
    const { as_of_first_ms: firstMs } = await ask<StatusAnswer>(served.server.url, '/condvest/v1/status');
    const box = page.getByLabel('As of');
    await box.waitFor();
    const inNewYork = new Intl.DateTimeFormat('en-CA', { timeZone: 'America/New_York' });
    assert.equal(await box.getAttribute('min'), inNewYork.format(firstMs ?? 0));
    assert.equal(await box.getAttribute('max'), inNewYork.format());
    await box.fill('2001-01-05');
    await page.getByText(/The lake can answer for .*, not for 5 Jan 2001\./).waitFor();
    assert.doesNotMatch(page.url(), /as_of/);
    // An address can hold any day: what it means is the end of that day in New York.
    const asked = page.waitForRequest(/\/bars\/.*as_of=2001-01-06T04%3A59%3A59\.999Z/);
    await page.goto(`${served.server.url}/?symbol=${symbol}&as_of=2001-01-05`);
    await asked;
    const alert = page.getByRole('alert');
    await alert.waitFor();
    assert.equal(await alert.getByRole('button').count(), 0, 'the same request again cannot help');
    await alert.getByRole('link', { name: 'Back to now' }).click();
    await page.waitForURL(new RegExp(`symbol=${symbol}$`));
    await page.locator('.chart-canvas[data-bars]').waitFor();
  });
});

/** Bars as the chart library has them, from the table view. */
async function drawnBars(page: Page): Promise<string[][]> {
  await page.locator('.chart-canvas[data-bars]').waitFor();
  await page.getByText('Table view').click();
  await page.locator('[data-part="bars-table"] tbody tr').first().waitFor();
  return page
    .locator('[data-part="bars-table"] tbody tr')
    .evaluateAll((rows) =>
      rows.map((row) => [...row.querySelectorAll('th, td')].slice(0, 7).map((cell) => cell.textContent ?? '')),
    );
}

function rowsOf({ bars }: BarsAnswer): string[][] {
  return bars.map((bar) => {
    const [from, to] = 'session' in bar ? [bar.session, bar.session] : [bar.first_session, bar.last_session];
    return [
      dateText(from),
      dateText(to),
      ...[bar.open, bar.high, bar.low, bar.close, bar.volume].map((value) => String(value ?? '–')),
    ];
  });
}

/** True if the price canvas has more than a few colors. */
function isPainted(page: Page): Promise<boolean> {
  return page
    .locator('.chart-canvas canvas')
    .first()
    .evaluate((element) => {
      const canvas = element as HTMLCanvasElement;
      const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
      const seen = new Set<number>();
      for (let at = 0; at < data.length; at += 4)
        seen.add(((data[at] ?? 0) << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0));
      return seen.size > 4;
    });
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `24 Nov 2026` for `2026-11-24`, computed without the page's own code. */
function dateText(date: string): string {
  const [year = '', month = '', day = ''] = date.split('-');
  return `${Number(day)} ${MONTHS[Number(month) - 1]} ${year}`;
}
