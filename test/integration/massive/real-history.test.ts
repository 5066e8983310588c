import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { throwFailures } from '#batch/fetch/fetch-bars.ts';
import { verifyLake } from '#batch/verify/verify.ts';
import { DAILY_BARS, DIVIDENDS, LISTINGS, SPLITS } from '#lake/tables.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { type VendorData, type VendorFault, VendorServer } from '#test/fakes/vendor-server.ts';
import { calendar, openFetchLake } from '#test/fixtures/fetch-lake.ts';
import { HISTORY_END, skipWithoutHistory, vendorHistory } from '#test/fixtures/vendor-history.ts';

const FROM = isoDate('2020-06-01');
const SESSIONS = calendar.range(FROM, HISTORY_END);
const PER_MINUTE = 100;
const PAGE_ROWS = 100;

/** Faults of networks and vendors, drawn for each request. */
const TROUBLE: readonly VendorFault[] = [
  { kind: 'status', status: 429, retryAfter: '2' },
  { kind: 'status', status: 503 },
  { kind: 'reset' },
  { kind: 'cut-body' },
  { kind: 'endless-body' },
  { kind: 'body', text: '<html>Bad gateway</html>' },
  { kind: 'body', text: '{"status":"OK","resultsCount":278,"results":[]}' },
];

/** Real bars of the S&P 500 by way of the vendor's protocol, over HTTP, through every trouble of a network. */
describe('a year of real history from the vendor', { skip: skipWithoutHistory }, () => {
  let data: VendorData;
  before(async () => {
    data = await vendorHistory(FROM, HISTORY_END);
  });
  let server: VendorServer;
  before(async () => {
    server = await VendorServer.open(data, PAGE_ROWS);
  });
  after(() => server[Symbol.asyncDispose]());

  test('arrives whole, in pages, through refusals, resets, slow and malformed bodies, within the budget', async () => {
    await using lake = await openFetchLake(server, calendar.settlesAtMs(HISTORY_END));
    const deps = lake.from(lake.source({ requestsPerMinute: PER_MINUTE, timeoutMs: 200 }));
    const random = seededRandom(3);
    const atMs: number[] = [];
    server.onRequest = () => {
      atMs.push(lake.clock.nowMs());
      const fault = TROUBLE[Math.floor(random.next() * TROUBLE.length * 8)];
      if (fault !== undefined) server.faults.push(fault);
    };
    // What a run leaves undone, the next one does.
    for (let run = 0; run < 20; run += 1) {
      const report = await lake.fetch({ from: FROM, to: HISTORY_END }, deps);
      if (report.sessions.length === 0) break;
      lake.clock.move(60_000);
    }
    for (let tries = 0; tries < 10; tries += 1) {
      try {
        await lake.reference(HISTORY_END, deps);
        break;
      } catch {
        lake.clock.move(60_000);
      }
    }
    server.onRequest = undefined;
    server.faults.length = 0;

    const ledger = await lake.ledger();
    assert.deepEqual([...ledger.keys()], SESSIONS);
    assert.ok([...ledger.values()].every(({ state }) => state === 'settled'));
    const stored = await lake.rows(DAILY_BARS, 'session, symbol');
    const truth = SESSIONS.flatMap((session) => data.grouped.get(session) ?? []) as Record<string, number | string>[];
    assert.deepEqual(
      stored.map(({ symbol, open, high, low, close, volume }) => [symbol, open, high, low, close, volume]),
      truth.map(({ T, o, h, l, c, v }) => [T, o, h, l, c, v]),
    );
    const listed = (data.tickers as { active: boolean; ticker: string }[]).filter(({ active }) => active);
    assert.deepEqual(
      new Set((await lake.rows(LISTINGS)).map(({ symbol }) => symbol)),
      new Set(listed.map(({ ticker }) => ticker)),
    );
    const since = (rows: readonly object[], field: string): number =>
      (rows as Record<string, string>[]).filter((row) => (row[field] ?? '') >= FROM).length;
    assert.equal((await lake.rows(SPLITS)).length, since(data.splits, 'execution_date'));
    assert.equal((await lake.rows(DIVIDENDS)).length, since(data.dividends, 'ex_dividend_date'));
    for (const [index, at] of atMs.entries()) {
      const within = atMs.filter((other) => other >= at && other < at + 59_000).length;
      // A virtual minute may pass while a request is on its way.
      assert.ok(
        within <= PER_MINUTE + deps.source.parallelMax,
        `${within} requests within a minute of request ${index}`,
      );
    }
    assert.ok(atMs.length > SESSIONS.length, 'there was trouble');
    assert.deepEqual(
      (await verifyLake({ lake: lake.test.lake, calendar, clock: lake.clock }, { deep: true })).findings,
      [],
    );
    assert.deepEqual(server.contractFaults, [], 'requests and replies are as the vendor documents them');
  });

  test('night by night: provisional after the close, settled the next morning, and nothing is asked twice', async () => {
    const nights = SESSIONS.slice(-5);
    const [first] = nights;
    assert.ok(first !== undefined);
    await using lake = await openFetchLake(server, calendar.closeMs(first) + 300_000);
    server.requests.length = 0;
    for (const session of nights) {
      lake.clock.move(calendar.closeMs(session) + 300_000 - lake.clock.nowMs());
      throwFailures(await lake.fetch());
      assert.equal((await lake.ledger()).get(session)?.state, 'provisional');
      lake.clock.move(calendar.settlesAtMs(session) + 300_000 - lake.clock.nowMs());
      throwFailures(await lake.fetch());
      assert.equal((await lake.ledger()).get(session)?.state, 'settled');
    }
    assert.equal(server.requests.length, 2 * nights.length);
    assert.deepEqual(server.contractFaults, []);
  });
});
