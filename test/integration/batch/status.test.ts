import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { lakeStatus } from '#batch/status.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { VendorServer } from '#test/fakes/vendor-server.ts';
import { calendar, openFetchLake } from '#test/fixtures/fetch-lake.ts';

test('a session without any bar is missing, whether it was looked for or not', async () => {
  const sessions = calendar.range(isoDate('2024-03-18'), isoDate('2024-03-28'));
  const [first, empty] = sessions;
  const last = sessions.at(-1);
  assert.ok(first !== undefined && empty !== undefined && last !== undefined);
  const barsOf = (session: string): object[] =>
    ['S0', 'S1'].map((T) => ({ T, o: 1, h: 1, l: 1, c: 1, v: 9, vw: 1, n: 7, t: calendar.closeMs(isoDate(session)) }));
  const grouped = new Map<string, object[]>(sessions.map((session) => [session, barsOf(session)]));
  grouped.delete(empty);
  await using server = await VendorServer.open({ grouped, tickers: [], splits: [], dividends: [] }, 1000);
  await using lake = await openFetchLake(server, calendar.settlesAtMs(last) + 3_600_000);
  const status = () => lakeStatus({ lake: lake.test.lake, calendar, clock: lake.clock }, { source: 'massive' });
  const counts = { settled: sessions.length - 2, provisional: 0, partial: 0 };
  // The newest one is not looked for yet.
  await lake.fetch({ from: first, to: calendar.previous(last) });
  assert.deepEqual((await status()).sessions, { ...counts, missing: 2 });
  await lake.fetch();
  assert.deepEqual((await status()).sessions, { ...counts, settled: counts.settled + 1, missing: 1 });
  assert.deepEqual(
    (await status()).work.map(({ session, rows }) => [session, rows]),
    [[empty, 0]],
  );
  // The exchange was closed on it, which somebody says now.
  const told = createCalendar({ lastYear: 2028, closures: [{ date: empty, name: 'Closed' }] });
  const after = await lakeStatus({ lake: lake.test.lake, calendar: told, clock: lake.clock }, { source: 'massive' });
  assert.deepEqual([after.sessions.missing, after.workCount, after.watermark], [0, 0, last]);
});
