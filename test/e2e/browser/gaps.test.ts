import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { GapsAnswer, QualityAnswer, SessionsAnswer } from '#serving/condvest/shapes/ledger.ts';
import type { RunsAnswer } from '#serving/condvest/shapes/runs.ts';
import type { StatusAnswer } from '#serving/condvest/shapes/status.ts';
import { eventually } from '../running.ts';
import { fillHomeWithGaps, GAPS_ENV } from '../simulated-home.ts';
import { noChromium } from './browser.ts';
import { ask, startProcess } from './running-server.ts';
import { useServedPage } from './served-page.ts';

describe('with gaps in the lake, the pipeline view in Chromium', { skip: noChromium }, () => {
  const served = useServedPage({ fill: fillHomeWithGaps, env: GAPS_ENV });

  test('lists all gaps as runs of days with their number of sessions, newest first', async () => {
    const { runs, sessions_total: total } = await ask<GapsAnswer>(served.server.url, '/condvest/v1/gaps?limit=50');
    assert.ok(runs.length > 0);
    await using window = await served.browser.open(`${served.server.url}/pipeline`);
    const { page, complaints } = window;
    const list = page.getByRole('list', { name: 'Missing and partial sessions' });
    await list.waitFor();
    const expected = runs.slice(0, 12).map(({ first, last, sessions, reason }) => {
      const when = first === last ? dateText(first) : `${dateText(first)} – ${dateText(last)}`;
      return `${when}: ${sessions} session${sessions === 1 ? '' : 's'} ${reason}`;
    });
    const shown = (await list.getByRole('listitem').allTextContents()).map((text) => text.replaceAll(/\s+/g, ' '));
    assert.deepEqual(shown.slice(0, expected.length), expected);
    assert.equal(
      runs.reduce((sum, { sessions }) => sum + sessions, 0),
      total,
    );
    // A server that starts no runs says where to fetch.
    await page
      .getByText('This server is read-only. To fetch, run ./condvest repair where the pipeline runs.')
      .waitFor();
    assert.deepEqual(complaints, []);
  });

  test('says of a missing session that there was nothing to check, and of others how much was checked', async () => {
    const { results } = await ask<SessionsAnswer>(served.server.url, '/condvest/v1/sessions?limit=1000');
    const missing = results.find(({ rows }) => rows === 0)?.session ?? '';
    const { last_published: last } = await ask<StatusAnswer>(served.server.url, '/condvest/v1/status');
    await using window = await served.browser.open(`${served.server.url}/pipeline?session=${missing}`);
    const { page } = window;
    const details = page.locator('[data-part="session-details"]');
    await details.getByText('The lake has no rows of this session, so there was nothing to check.').waitFor();
    assert.doesNotMatch((await details.textContent()) ?? '', /No issues/);
    await page.goto(`${served.server.url}/pipeline?session=${last}`);
    await details.getByText(/No issues found in its \d+ rows\.|Findings/).waitFor();
  });

  test('tells the quality of the last days from that of all time', async () => {
    const { last_published: last } = await ask<StatusAnswer>(served.server.url, '/condvest/v1/status');
    const from = new Date(Date.parse(`${last}`) - 90 * 86_400_000).toISOString().slice(0, 10);
    const quality = await ask<QualityAnswer>(served.server.url, `/condvest/v1/quality?from=${from}&to=${last}`);
    await using window = await served.browser.open(`${served.server.url}/pipeline`);
    const { page } = window;
    const recent = page.getByRole('list', { name: 'Of the last 90 days' });
    await recent.getByText(`${quality.rows.toLocaleString('en-US')} rows of daily bars checked`).waitFor();
    // Findings about a whole session have no symbol.
    for (const text of await recent.getByRole('link').allTextContents()) assert.match(text, /^[A-Z\d]/);
    const allTime = (await page.getByRole('list', { name: 'Of all time' }).textContent()) ?? '';
    assert.match(allTime, quality.rejected_total === 0 ? /No row was ever rejected/ : /\d rows? rejected/);
  });

  test('asks for the sessions of the calendar once, and shows a session beside it, wherever it is scrolled to', async () => {
    for (const [width, height] of [
      [390, 844],
      [1280, 900],
      [1600, 900],
    ] as const) {
      await using window = await served.browser.open('about:blank', { viewport: { width, height } });
      const { page } = window;
      const requests: string[] = [];
      page.on('request', (request) => requests.push(new URL(request.url()).pathname));
      await page.goto(`${served.server.url}/pipeline`);
      const cell = page.locator('[data-session]').nth(20);
      await cell.waitFor();
      assert.ok((await page.locator('.year').count()) > 1);
      assert.equal(requests.filter((path) => path === '/condvest/v1/sessions').length, 1);
      await cell.scrollIntoViewIfNeeded();
      await cell.click();
      const drawer = page.locator('[data-part="session-details"]');
      await drawer.getByText('Fetched').waitFor();
      const [at, on] = await Promise.all([drawer.boundingBox(), cell.boundingBox()]);
      assert.ok(at !== null && on !== null);
      assert.ok(at.y >= 0 && at.y + at.height <= height + 1, `${width}: the drawer is on the screen`);
      const isApart = on.x + on.width <= at.x || on.x >= at.x + at.width || on.y + on.height <= at.y;
      assert.ok(isApart, `${width}: the drawer does not cover the session`);
      await page.keyboard.press('Escape');
      await drawer.waitFor({ state: 'detached' });
    }
  });

  test('says how many gaps a run fetches where there are more', async () => {
    await using own = await startProcess(['up', '--port', '0'], served.home, GAPS_ENV);
    await using window = await served.browser.open('about:blank');
    const { page } = window;
    const gaps = await ask<GapsAnswer>(own.url, '/condvest/v1/gaps');
    const many = { ...gaps, sessions_total: 1132, sessions_due: 60 };
    await page.route('**/condvest/v1/gaps*', (route) => route.fulfill({ json: many }));
    await page.goto(`${own.url}/pipeline`);
    await page.getByRole('button', { name: 'Fetch 60 sessions' }).waitFor();
    await page.getByText('A run fetches 60 of 1,132 sessions now. ./condvest repair fetches all.').waitFor();
  });

  test('starts a run for what is missing, where the server runs the pipeline', async () => {
    await using own = await startProcess(['up', '--port', '0'], served.home, GAPS_ENV);
    const idle = ({ results }: RunsAnswer): boolean => results.every((run) => run.state !== 'running');
    // It catches up first.
    await eventually(
      () => ask<StatusAnswer>(own.url, '/condvest/v1/status'),
      ({ next_run: next }) => next !== null,
    );
    const before = await eventually(() => ask<RunsAnswer>(own.url, '/condvest/v1/runs?limit=50'), idle);
    const { runs } = await ask<GapsAnswer>(own.url, '/condvest/v1/gaps?limit=1000');
    const session = runs[0]?.last ?? '';
    await using window = await served.browser.open(`${own.url}/pipeline?session=${session}`);
    const { page, complaints } = window;
    await page.getByText('All were fetched since the last close; runs try again after the next one.').waitFor();
    await page.getByRole('button', { name: 'Fetch this session' }).click();
    await page.waitForURL(/run=/);
    const id = new URL(page.url()).searchParams.get('run') ?? '';
    assert.ok(!before.results.some((run) => run.id === id), 'the run is new');
    const done = await eventually(() => ask<RunsAnswer>(own.url, '/condvest/v1/runs?limit=50'), idle);
    assert.match(done.results.find((run) => run.id === id)?.input ?? '', new RegExp(session));
    assert.deepEqual(complaints, []);
  });
});

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `24 Nov 2026` for `2026-11-24`, computed without the page's own code. */
function dateText(date: string): string {
  const [year = '', month = '', day = ''] = date.split('-');
  return `${Number(day)} ${MONTHS[Number(month) - 1]} ${year}`;
}
