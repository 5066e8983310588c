import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import type { BarsAnswer } from '#serving/condvest/shapes/bars.ts';
import type { MarketAnswer } from '#serving/condvest/shapes/market.ts';
import { eventually } from '../running.ts';
import { fillLongHome } from '../simulated-home.ts';
import { noChromium } from './browser.ts';
import { ask, startProcess } from './running-server.ts';
import { useServedPage } from './served-page.ts';

describe('with a long history in Chromium,', { skip: noChromium }, () => {
  const served = useServedPage({ fill: fillLongHome });
  let symbol: string;
  let other: string;
  let first: string;
  before(async () => {
    const { active } = await ask<MarketAnswer>(served.server.url, '/condvest/v1/market');
    [symbol = '', other = ''] = active.map((mover) => mover.symbol);
    first = (await bars('limit=1&history=true')).history?.first ?? '';
  });

  const bars = (query: string): Promise<BarsAnswer> => ask(served.server.url, `/condvest/v1/bars/${symbol}?${query}`);

  test('a range of long ago shows the bars of just that range, and loads little beside them', async () => {
    const [from, to] = ['2006-05-01', '2006-08-01'];
    const expected = await bars(`from=${from}&to=${to}`);
    await using window = await served.browser.open(`${served.server.url}/?symbol=${symbol}&from=${from}&to=${to}`);
    const { page, complaints } = window;
    assert.equal(await inSight(page), `In sight: ${datesOf(expected)}, ${expected.bars.length} daily bars`);
    const loaded = Number(await page.locator('.chart-canvas').getAttribute('data-bars'));
    assert.ok(loaded <= 600, `${loaded} bars are loaded for ${expected.bars.length} in sight`);
    const last = expected.bars.at(-1);
    assert.ok(last !== undefined && 'session' in last);
    const legend = (await page.locator('[data-part="legend"]').textContent()) ?? '';
    assert.match(legend, new RegExp(`^${dateText(last.session)}.*C ${last.close?.toFixed(2)}`));
    assert.deepEqual(complaints, []);
  });

  test('a range without bars says so and when the history begins, and leads to the bars there are', async () => {
    await using window = await served.browser.open(
      `${served.server.url}/?symbol=${symbol}&from=1990-05-01&to=1990-08-01`,
    );
    const { page } = window;
    await page.getByRole('heading', { name: 'No bars from 1 May 1990 to 1 Aug 1990' }).waitFor();
    assert.match((await page.locator('main').textContent()) ?? '', new RegExp(`begins ${dateText(first)} and ends`));
    assert.equal(await page.locator('.chart-canvas').count(), 0);
    await page.getByRole('link', { name: 'Show the newest bars' }).click();
    await page.waitForURL(new RegExp(`symbol=${symbol}$`));
    await page.locator('.chart-canvas[data-bars]').waitFor();
  });

  test('the price line is that of the label on the axis, and no date on the time axis is cut', async () => {
    await using window = await served.browser.open(
      `${served.server.url}/?symbol=${symbol}&from=2006-05-01&to=2006-08-01`,
    );
    const { page } = window;
    await inSight(page);
    const drawn = page.locator('.chart-canvas table tr');
    await eventually(
      () => colorsAtEdges(drawn.last().locator('td:nth-child(2) canvas').first()),
      (colors) => colors === 1,
    );
    const colors = await page.evaluate(() => {
      const style = getComputedStyle(document.body);
      return ['--up-fill', '--down-fill'].map((name) => style.getPropertyValue(name).trim());
    });
    const [line, label] = await Promise.all(
      [2, 3].map((n) => rowsWith(drawn.first().locator(`td:nth-child(${n}) canvas`).first(), colors)),
    );
    assert.ok(line !== undefined && label !== undefined && line.length > 0 && label.length > 8);
    const middle = ((label[0] ?? 0) + (label.at(-1) ?? 0)) / 2;
    assert.ok(
      line.some((row) => Math.abs(row - middle) <= 2),
      `line at ${line}, label around ${middle}`,
    );
  });

  test('a single day in the address is shown amid its surroundings, with its details open', async () => {
    await using window = await served.browser.open(
      `${served.server.url}/?symbol=${symbol}&from=2008-03-05&to=2008-03-05`,
    );
    const { page } = window;
    await page.locator('[data-part="bar-details"] h2', { hasText: 'Wed 5 Mar 2008' }).waitFor();
    const note = await inSight(page);
    assert.match(note, /: .* (2007|2008) – .* 2008, /);
    await page.locator('[data-part="legend"] .when', { hasText: '5 Mar 2008' }).waitFor();
  });

  test('older and newer bars are loaded as they come into sight, until the history begins', async () => {
    await using window = await served.browser.open(
      `${served.server.url}/?symbol=${symbol}&from=2006-05-01&to=2006-08-01`,
    );
    const { page, complaints } = window;
    const canvas = page.locator('.chart-canvas[data-bars]');
    await canvas.waitFor();
    const loaded = async (): Promise<number> => Number(await canvas.getAttribute('data-bars'));
    const before = await loaded();
    const box = await canvas.boundingBox();
    assert.ok(box !== null);
    for (const direction of [1, -1]) {
      const start = await loaded();
      while ((await loaded()) === start) {
        await page.mouse.move(box.x + box.width / 2, box.y + 150);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width / 2 + direction * 300, box.y + 150, { steps: 4 });
        await page.mouse.up();
      }
    }
    assert.ok((await loaded()) > before);
    // Bars that are joined from several answers are those of one.
    await page.getByText('Table view').click();
    const rows = page.locator('[data-part="bars-table"] tbody tr');
    await rows.first().waitFor();
    const closes = await rows.locator('td:nth-child(6)').allTextContents();
    const dates = await rows.locator('th').allTextContents();
    const all = await bars('interval=1');
    const wanted = all.bars.map((bar) => ('session' in bar ? [dateText(bar.session), String(bar.close)] : []));
    const at = wanted.findIndex(([date]) => date === dates[0]);
    assert.deepEqual(
      dates.map((date, n) => [date, closes[n]]),
      wanted.slice(at, at + dates.length),
    );
    await canvas.focus();
    await page.keyboard.press('Home');
    await page.locator('[data-part="legend"] .when', { hasText: dateText(first) }).waitFor();
    await page.keyboard.press('End');
    const last = all.bars.at(-1);
    assert.ok(last !== undefined && 'session' in last);
    await page.locator('[data-part="legend"] .when', { hasText: dateText(last.session) }).waitFor();
    assert.deepEqual(complaints, []);
  });

  for (const width of [390, 1280]) {
    test(`all is all on a screen ${width} wide: wider bars from the first session to the last, and it says so`, async () => {
      await using window = await served.browser.open(`${served.server.url}/?symbol=${symbol}&range=all`, {
        viewport: { width, height: 900 },
      });
      const { page, complaints } = window;
      const note = page.locator('[data-part="in-sight"]', { hasText: 'All history' });
      await note.waitFor();
      const interval = Number(/bars of (\d+) sessions$/.exec((await note.textContent()) ?? '')?.[1]);
      const all = await bars(`interval=${interval}`);
      assert.equal(
        await note.textContent(),
        `All history: ${datesOf(all)}, ${all.bars.length} bars of ${interval} sessions`,
      );
      const name = interval === 1 ? '1 session' : `${interval} sessions`;
      assert.equal(await page.getByRole('radio', { name, exact: true }).isChecked(), true);
      // What is moved out of sight leaves the interval as it is.
      const box = await page.locator('.chart-canvas').boundingBox();
      assert.ok(box !== null);
      await page.mouse.move(box.x + 60, box.y + 150);
      await page.mouse.down();
      await page.mouse.move(box.x + 160, box.y + 150, { steps: 4 });
      await page.mouse.up();
      await page.waitForURL(new RegExp(`interval=${interval}d&from=`));
      await page.getByRole('radio', { name: 'All bars' }).check();
      await page.waitForURL(/range=all$/);
      // A shorter interval does not fit: the newest of its bars are shown, and "All" is no longer chosen.
      await page.getByRole('radio', { name: '1 session', exact: true }).check();
      await page.waitForURL(new RegExp(`symbol=${symbol}$`));
      await page.locator('[data-part="in-sight"]', { hasText: /^In sight: .* daily bars$/ }).waitFor();
      assert.deepEqual(complaints, []);
    });
  }

  test('a named range stays in the address by its name, also for another symbol and interval', async () => {
    await using window = await served.browser.open(`${served.server.url}/?symbol=${symbol}`);
    const { page } = window;
    await page.getByRole('radio', { name: '6 months' }).check();
    await page.waitForURL(/range=6m$/);
    await page.keyboard.press('/');
    await page.keyboard.type(other);
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`symbol=${other}&range=6m$`));
    await page.getByRole('heading', { level: 1, name: other }).waitFor();
    assert.equal(await page.getByRole('radio', { name: '6 months' }).isChecked(), true);
    await page.getByRole('radio', { name: '5 sessions', exact: true }).check();
    await page.waitForURL(/interval=5d&range=6m$/);
  });

  test('the price in the heading is day on day, whatever the interval, and dated', async () => {
    const { bars: days } = await bars('interval=1&limit=2');
    const [before, last] = days;
    assert.ok(before !== undefined && last !== undefined && 'session' in before && 'session' in last);
    const change = (last.close ?? 0) - (before.close ?? 0);
    const percent = Math.abs((change / (before.close ?? 1)) * 100).toFixed(2);
    for (const query of ['', '&interval=5d', '&interval=34d&adjust=raw', '&from=2006-05-01&to=2006-08-01']) {
      await using window = await served.browser.open(`${served.server.url}/?symbol=${symbol}${query}`);
      const quote = window.page.locator('[data-part="quote"]');
      await quote.waitFor();
      const text = (await quote.textContent()) ?? '';
      assert.match(text, new RegExp(`^${last.close?.toFixed(2)}`), query);
      assert.match(text, new RegExp(`${percent}%.*${dateText(last.session)} vs\\. ${dateText(before.session)}`), query);
    }
  });

  test('without the server, the last picture stays, dimmed, and says that it is not up to date', async () => {
    const own = await startProcess(['serve', '--port', '0'], served.home);
    await using window = await served.browser.open(`${own.url}/?symbol=${symbol}`);
    const { page } = window;
    await page.locator('.chart-canvas[data-bars]').waitFor();
    const note = await inSight(page);
    await own.stop();
    await page.getByRole('radio', { name: '5 sessions', exact: true }).check();
    const interruption = page.locator('[data-part="interruption"]');
    await interruption.waitFor();
    assert.match((await interruption.textContent()) ?? '', /Disconnected.*Reconnecting….*last picture/);
    assert.equal(await inSight(page), note, 'the picture is the one before');
    assert.equal(await page.locator('.chart-card .is-dim .chart-canvas').count(), 1);
    await using again = await startProcess(['serve', '--port', String(own.port)], served.home);
    assert.equal(again.port, own.port);
    await interruption.waitFor({ state: 'detached' });
    await page.locator('[data-part="in-sight"]', { hasText: 'bars of 5 sessions' }).waitFor();
  });

  test('indicators that weigh all bars before have the values of the whole history', async () => {
    await using window = await served.browser.open(`${served.server.url}/?symbol=${symbol}&indicators=ema21`);
    const { page } = window;
    const legend = page.locator('[data-part="legend"]');
    await page.getByRole('button', { name: 'Indicators (1)' }).click();
    await page.getByRole('combobox', { name: 'Type' }).selectOption('ema');
    await page.getByRole('spinbutton', { name: 'Length' }).fill('200');
    await page.getByRole('button', { name: 'Add' }).click();
    for (const length of [200, 21]) {
      const { results } = await ask<{ results: { values: [{ value: number }] } }>(
        served.server.url,
        `/v1/indicators/ema/${symbol}?timespan=day&limit=1&window=${length}`,
      );
      await legend.getByText(`EMA ${length} ${results.values[0].value.toFixed(2)}`).waitFor();
    }
  });

  test('a first chart is at most 150 kB on the wire, with the bars it needs', async () => {
    await using window = await served.browser.open('about:blank');
    const { page } = window;
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    let bytes = 0;
    session.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    await page.goto(`${served.server.url}/?symbol=${symbol}`);
    await inSight(page);
    await page.locator('[data-part="bar-details"] table').waitFor();
    assert.ok(bytes > 50_000 && bytes <= 150_000, `${bytes} bytes`);
  });
});

async function inSight(page: Page): Promise<string> {
  const note = page.locator('[data-part="in-sight"]', { hasText: / bars?( of \d+ sessions)?$/ });
  await note.waitFor();
  return (await note.textContent()) ?? '';
}

/** Rows in which at least a quarter of the pixels have one of the colors. */
function rowsWith(canvas: Locator, colors: readonly string[]): Promise<number[]> {
  return canvas.evaluate((element, wanted) => {
    const { width, height } = element as HTMLCanvasElement;
    const { data } = (element as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height) ?? { data: [] };
    const rows: number[] = [];
    for (let y = 0; y < height; y++) {
      const counts = wanted.map((color) => {
        const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
        let count = 0;
        for (let x = 0; x < width; x++) {
          const at = 4 * (y * width + x);
          if (data[at] === r && data[at + 1] === g && data[at + 2] === b) count += 1;
        }
        return count;
      });
      if (Math.max(...counts) >= width / 4) rows.push(y);
    }
    return rows;
  }, colors);
}

/** Most colors in the first or the last column: more than one if a text is cut off there. */
function colorsAtEdges(canvas: Locator): Promise<number> {
  return canvas.evaluate((element) => {
    const { width, height } = element as HTMLCanvasElement;
    const { data } = (element as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height) ?? { data: [] };
    const counts = [0, width - 1].map((x) => {
      const seen = new Set<string>();
      // The first rows are the border and its ticks.
      for (let y = 6; y < height; y++) seen.add(data.slice(4 * (y * width + x), 4 * (y * width + x) + 3).toString());
      return seen.size;
    });
    return Math.max(...counts);
  });
}

function datesOf({ bars }: BarsAnswer): string {
  const [start] = bars;
  const end = bars.at(-1);
  assert.ok(start !== undefined && end !== undefined);
  const from = 'session' in start ? start.session : start.first_session;
  return `${dateText(from)} – ${dateText('session' in end ? end.session : end.last_session)}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `24 Nov 2026` for `2026-11-24`, computed without the page's own code. */
function dateText(date: string): string {
  const [year = '', month = '', day = ''] = date.split('-');
  return `${Number(day)} ${MONTHS[Number(month) - 1]} ${year}`;
}
