import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import {
  dailyBarsShape,
  type EventsAnswer,
  eventsShape,
  type SessionBarsAnswer,
  type WindowBarsAnswer,
  windowBarsShape,
} from '#serving/condvest/shapes/bars.ts';
import type { SessionsAnswer } from '#serving/condvest/shapes/ledger.ts';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';
import { LAST_SETTLED, NEXT, PARTIAL, PROVISIONAL } from '#test/fixtures/http-market.ts';
import { shaped } from '#test/fixtures/shaped.ts';

describe('bars of our own API', () => {
  let http: HttpApp;
  before(async () => {
    http = await openHttpApp();
  });
  after(async () => http[Symbol.asyncDispose]());

  test('returns session bars with their finality and, on request, their explanation', async () => {
    const raw = await shaped<SessionBarsAnswer>(
      http,
      '/condvest/v1/bars/AAA?adjust=raw&from=2024-06-05&to=2024-06-12',
      dailyBarsShape,
    );
    const split = await shaped<SessionBarsAnswer>(
      http,
      '/condvest/v1/bars/AAA?from=2024-06-05&to=2024-06-12&explain=true',
      dailyBarsShape,
    );
    assert.equal(split.name, 'Alpha Aggregates Inc.');
    assert.equal(split.bars.length, 6);
    for (const [index, bar] of split.bars.entries()) {
      const asTraded = raw.bars[index];
      const factor = bar.session < '2024-06-10' ? 0.25 : 1;
      assert.equal(bar.close, (asTraded?.close ?? 0) * factor);
      assert.equal(bar.volume, (asTraded?.volume ?? 0) / factor);
      assert.equal(bar.finality, 'settled');
      assert.deepEqual(bar.explain?.raw.close, asTraded?.close);
      assert.equal(bar.explain?.price_factor, factor);
      assert.deepEqual([bar.explain?.events_from, bar.explain?.events_to], factor === 1 ? [1, 1] : [0, 1]);
      assert.equal(bar.explain?.source, 'import');
      assert.equal(asTraded !== undefined && 'explain' in asTraded, false);
    }
    assert.deepEqual(
      split.events?.map(({ ex_date, terms }) => `${ex_date} ${terms}`),
      ['2024-06-10 4 for 1'],
    );
    const newest = await shaped<SessionBarsAnswer>(http, '/condvest/v1/bars/AAA?limit=3', dailyBarsShape);
    assert.deepEqual(
      newest.bars.map(({ session, finality }) => `${session} ${finality}`),
      [`${LAST_SETTLED} settled`, `${PARTIAL} partial`, `${PROVISIONAL} provisional`],
    );
  });

  test('makes a window as final as its least final session, and never open at the start of history', async () => {
    const { bars } = await shaped<WindowBarsAnswer>(http, '/condvest/v1/bars/AAA?interval=13d', windowBarsShape);
    const states = new Map<string, string>();
    for (const bar of bars) states.set(bar.last_session, String(bar.finality));
    const sessions = await http.json<SessionsAnswer>('/condvest/v1/sessions?limit=20000');
    const stateOf = new Map(sessions.results.map(({ session, state }) => [session, state]));
    for (const { first_session: first, last_session: last, complete, finality } of bars) {
      const inside = http.calendar.range(isoDate(first), isoDate(last)).map((session) => stateOf.get(session));
      const worst = ['partial', 'provisional', 'settled'].find((state) => inside.includes(state as 'partial'));
      assert.equal(finality, complete ? worst : last > PROVISIONAL ? 'open' : 'incomplete', `${first} to ${last}`);
      assert.equal(complete, !inside.includes(undefined));
    }
    assert.ok([...states.values()].includes('settled'));
    assert.deepEqual([bars[0]?.finality, bars.at(-1)?.finality], ['incomplete', 'open']);
    const newest = await http.json<WindowBarsAnswer>('/condvest/v1/bars/AAA?interval=3&limit=2');
    assert.ok(
      newest.bars.some(({ finality }) => finality === 'partial'),
      JSON.stringify(newest.bars),
    );
  });

  test('explains a window with dividends and a split inside it by what was traded', async () => {
    const path = '/condvest/v1/bars/AAA?interval=21&from=2024-06-10&to=2024-06-10&explain=true';
    const { bars, events = [] } = await shaped<WindowBarsAnswer>(http, `${path}&adjust=total`, windowBarsShape);
    const range = `from=${bars[0]?.first_session}&to=${bars[0]?.last_session}`;
    const traded = await http.json<SessionBarsAnswer>(`/condvest/v1/bars/AAA?adjust=raw&${range}`);
    const explain = bars[0]?.explain;
    assert.equal(explain?.raw.open, traded.bars[0]?.open);
    assert.equal(explain?.raw.close, traded.bars.at(-1)?.close);
    assert.equal(explain?.raw.high, Math.max(...traded.bars.map(({ high }) => high ?? 0)));
    assert.equal(explain?.price_factor, null);
    assert.deepEqual(
      explain?.parts.map(({ first_session, volume_factor }) => [first_session, volume_factor]),
      [
        [bars[0]?.first_session, 4],
        ['2024-06-10', 1],
      ],
    );
    assert.deepEqual(explain?.sources, ['import']);
    const acting = events.slice(explain?.events_from, explain?.events_to);
    assert.ok(acting.some(({ kind, ex_date }) => kind === 'dividend' && ex_date === '2025-11-10'));
  });

  test('lists each event once, and says for each bar which of them apply', async () => {
    for (const adjust of ['raw', 'split', 'total']) {
      const path = `/condvest/v1/bars/AAA?adjust=${adjust}&explain=true`;
      const days = await shaped<SessionBarsAnswer>(http, path, dailyBarsShape);
      const windows = await shaped<WindowBarsAnswer>(http, `${path}&interval=13`, windowBarsShape);
      const all = days.events ?? [];
      for (const { session, explain } of days.bars) {
        const acting = all.slice(explain?.events_from, explain?.events_to);
        assert.deepEqual(
          acting,
          all.filter(({ ex_date }) => ex_date > session),
        );
        const product = acting.reduce((factor, event) => factor * event.price_factor, 1);
        assert.ok(Math.abs(product / (explain?.price_factor ?? 0) - 1) < 1e-12);
      }
      const ofWindows = windows.events ?? [];
      assert.equal(new Set(ofWindows.map(({ kind, ex_date }) => `${kind} ${ex_date}`)).size, ofWindows.length);
      for (const { first_session, last_session, explain } of windows.bars) {
        const acting = ofWindows.slice(explain?.events_from, explain?.events_to);
        const isActing = (date: string) => date > first_session && (adjust !== 'raw' || date <= last_session);
        assert.deepEqual(
          acting,
          ofWindows.filter(({ ex_date }) => isActing(ex_date)),
        );
      }
    }
  });

  test('follows a security through its symbols, and says why events are not applied', async () => {
    const bars = await http.json<SessionBarsAnswer>('/condvest/v1/bars/MTX');
    assert.deepEqual(
      bars.segments.slice(-2).map(({ symbol }) => symbol),
      ['FBX', 'MTX'],
    );
    assert.equal(bars.bars[0]?.symbol, 'FBX');
    const future = await shaped<EventsAnswer>(http, '/condvest/v1/events/FUT', eventsShape);
    assert.deepEqual(
      future.splits.map(({ applied, ex_date }) => [ex_date, applied]),
      [[NEXT, false]],
    );
    assert.match(future.splits[0]?.reason ?? '', /after the last session published/);
    const held = await shaped<EventsAnswer>(http, '/condvest/v1/events/HLD', eventsShape);
    assert.deepEqual(held.splits, []);
    assert.equal(held.held.length, 2);
    const renamed = await shaped<EventsAnswer>(http, '/condvest/v1/events/MTX', eventsShape);
    assert.deepEqual(
      renamed.dividends.map(({ ex_date }) => ex_date),
      ['2024-06-14', '2024-12-16'],
    );
    const dates = { declaration_date: '2024-11-20', record_date: '2024-12-17', pay_date: '2025-01-06' };
    const unknown = { declaration_date: null, record_date: null, pay_date: null, frequency: null };
    assert.partialDeepStrictEqual(renamed.dividends, [unknown, { ...dates, frequency: 4 }]);
    const quiet = await shaped<EventsAnswer>(http, '/condvest/v1/events/NEW', eventsShape);
    assert.deepEqual([quiet.splits, quiet.dividends, quiet.held], [[], [], []]);
  });
});
