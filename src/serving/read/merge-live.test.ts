import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { isoDate } from '#base/dates.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import type { LiveBar } from '#ports/live-bars.ts';
import { LIVE_SESSIONS_MAX, mergeLive, unpublishedSessions } from './merge-live.ts';

const calendar = createCalendar({ lastYear: 2028 });
const sessions = calendar.range(isoDate('2024-06-24'), isoDate('2024-07-12'));

/** The bar of session `i` after `trades` trades, whose prices are known; `source` tells who made it. */
function barOf(i: number, trades: number, source: number): LiveBar {
  const session = sessions[i] ?? isoDate('1970-01-01');
  const values = { open: source, high: trades, low: 0, close: trades, volume: trades, vwap: null, trades };
  return { symbol: 'A', session, ...values, updatedMs: i * 1000 + trades };
}

const BATCH = 1;
const LIVE = 2;
const TRADES_A_SESSION = 8;

test('at every instant of every session each session is there once, from where it should be', () => {
  const property = fc.property(
    fc.record({
      /** Current time, as trades since the first session. */
      instant: fc.integer({ min: 1, max: sessions.length * TRADES_A_SESSION }),
      /** Sessions by which batch is behind the last one that has closed. */
      behind: fc.integer({ min: 0, max: LIVE_SESSIONS_MAX - 1 }),
      /** Live bars are kept for some sessions after batch has published them. */
      kept: fc.integer({ min: 0, max: 4 }),
      order: fc.infiniteStream(fc.integer()),
    }),
    ({ instant, behind, kept, order }) => {
      const present = Math.floor((instant - 1) / TRADES_A_SESSION);
      const tradesNow = instant - present * TRADES_A_SESSION;
      const isClosed = tradesNow === TRADES_A_SESSION;
      const published = present - (isClosed ? 0 : 1) - behind;
      if (published < 0) return;
      const batch = sessions.slice(0, published + 1).map((_, i) => barOf(i, TRADES_A_SESSION, BATCH));
      const live: LiveBar[] = [];
      for (let i = Math.max(0, published - kept + 1); i <= present; i += 1) {
        live.push(barOf(i, i === present ? tradesNow : TRADES_A_SESSION, LIVE));
        // A late copy of the same bar with fewer trades must not win.
        if (i === present && tradesNow > 1) live.push(barOf(i, tradesNow - 1, LIVE));
      }
      const shuffled = live.map((bar) => ({ bar, at: order.next().value })).sort((a, b) => a.at - b.at);
      const lastPublished = sessions[published] ?? isoDate('1970-01-01');
      const merged = mergeLive(
        batch,
        shuffled.map(({ bar }) => bar),
        lastPublished,
      );
      assert.deepEqual(
        merged.rows.map(({ session, open, trades }) => [session, open, trades]),
        sessions
          .slice(0, present + 1)
          .map((session, i) => [
            session,
            i <= published ? BATCH : LIVE,
            i === present && i > published ? tradesNow : TRADES_A_SESSION,
          ]),
      );
      assert.deepEqual(merged.live, merged.rows.slice(published + 1));
      const asked = unpublishedSessions(calendar, lastPublished, sessions[present] ?? lastPublished);
      assert.deepEqual(asked, sessions.slice(published + 1, present + 1));
    },
  );
  fc.assert(property, { numRuns: 3000 });
});

test('with nobody listening the answer is that of batch', () => {
  const batch = [barOf(0, 3, BATCH)];
  const merged = mergeLive(batch, [], sessions[1] ?? isoDate('1970-01-01'));
  assert.equal(merged.rows, batch);
  assert.deepEqual(merged.live, []);
});

test('between sessions nothing is live, and batch that is far behind is not made up for', () => {
  const friday = isoDate('2024-06-28');
  assert.deepEqual(unpublishedSessions(calendar, friday, isoDate('2024-06-30')), []);
  assert.deepEqual(unpublishedSessions(calendar, isoDate('2024-07-03'), isoDate('2024-07-04')), []);
  assert.equal(unpublishedSessions(calendar, isoDate('2020-01-02'), friday).length, LIVE_SESSIONS_MAX);
});
