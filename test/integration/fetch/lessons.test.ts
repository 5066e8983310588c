import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { throwFailures } from '#batch/fetch/fetch-bars.ts';
import { completeThrough } from '#batch/fetch/plan.ts';
import { findGaps } from '#batch/gaps.ts';
import { deriveRestatements } from '#batch/restatements/restatements.ts';
import { DAILY_BARS, QUARANTINE, SPLITS } from '#lake/tables.ts';
import type { ObjectStore, PutIfAbsentOutcome } from '#ports/object-store.ts';
import type { VendorServer } from '#test/fakes/vendor-server.ts';
import { calendar } from '#test/fixtures/fetch-lake.ts';
import { bar, FIRST, LAST, SESSIONS, SYMBOLS, settled, setUp } from '#test/fixtures/vendor-market.ts';

/** Failures seen elsewhere when fetching sessions, one case each. Everything over HTTP, on a virtual clock. */

/** A store on which no commit of one table succeeds. */
function failing(store: ObjectStore, table: string): ObjectStore {
  const putIfAbsent = async (key: string, bytes: Uint8Array): Promise<PutIfAbsentOutcome> => {
    if (key.startsWith(`${table}/_delta_log/`))
      throw new CondvestError({ code: 'disk-full', kind: 'permanent', message: 'the disk is full' });
    return store.putIfAbsent(key, bytes);
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'putIfAbsent') return putIfAbsent;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const grouped = (server: VendorServer): string[] =>
  server.requests.flatMap((path) => /stocks\/(\d{4}-\d\d-\d\d)\?/.exec(path)?.[1] ?? []);

describe('fetching', () => {
  test('a hole is found and filled however old it is, and however new the newest session', async () => {
    await using of = await setUp(settled(LAST));
    const { lake, server } = of;
    const hole = isoDate('2024-01-17');
    await lake.fetch({ from: FIRST, to: calendar.previous(hole) });
    await lake.fetch({ from: calendar.next(hole), to: LAST });
    const ledger = await lake.ledger();
    assert.equal(ledger.has(hole), false);
    assert.equal(completeThrough(calendar, ledger), calendar.previous(hole));
    server.requests.length = 0;
    await lake.fetch();
    assert.deepEqual(grouped(server), [hole]);
    assert.equal(completeThrough(calendar, await lake.ledger()), LAST);
  });

  test('an outage of any length drops no day', async () => {
    await using of = await setUp(settled(FIRST));
    const { lake, server } = of;
    await lake.fetch({ from: FIRST });
    lake.clock.move(settled(LAST) - lake.clock.nowMs());
    server.faults.push(...Array.from({ length: 40 }, () => ({ kind: 'reset' }) as const));
    const down = await lake.fetch();
    assert.throws(() => throwFailures(down), /could not be/);
    assert.ok(server.requests.length < 40, 'what is down is left alone after some tries');
    server.faults.length = 0;
    lake.clock.move(120_000);
    await lake.fetch();
    assert.equal((await lake.ledger()).size, SESSIONS.length);
    assert.equal((await lake.rows(DAILY_BARS)).length, SESSIONS.length * SYMBOLS.length);
  });

  test('a backfill during the session neither stores its bars nor marks it done', async () => {
    const today = isoDate('2024-02-15');
    await using of = await setUp(calendar.closeMs(today) - 3_600_000);
    const { lake, server } = of;
    await lake.fetch({ from: FIRST, to: today });
    assert.equal(grouped(server)[0], calendar.previous(today));
    assert.equal((await lake.ledger()).has(today), false);
    lake.clock.move(3_600_000 + 300_000);
    await lake.fetch();
    assert.equal((await lake.ledger()).get(today)?.state, 'provisional');
  });

  test('one request brings the whole market of a session', async () => {
    await using of = await setUp(settled(LAST));
    await of.lake.fetch({ from: FIRST });
    assert.equal(of.server.requests.length, SESSIONS.length);
    assert.equal((await of.lake.rows(DAILY_BARS)).length, SESSIONS.length * SYMBOLS.length);
  });

  test('an answer that is no answer is a failure, and never "no data"', async () => {
    await using of = await setUp(settled(LAST));
    const { lake, server } = of;
    server.faults.push(...Array.from({ length: 4 }, () => ({ kind: 'status', status: 503 }) as const));
    const failed = await lake.fetch({ from: LAST });
    assert.equal(failed.sessions[0]?.outcome, 'failed');
    assert.equal((await lake.ledger()).has(LAST), false);
    assert.throws(
      () => throwFailures(failed),
      (error) => error instanceof CondvestError && error.kind === 'transient',
    );
    of.vendor.grouped.delete(LAST);
    const empty = await lake.fetch({ from: LAST });
    assert.equal(empty.sessions[0]?.outcome, 'empty');
    assert.equal((await lake.ledger()).get(LAST)?.state, 'partial', 'asked for again');
  });

  test('rows of symbols that are not listed hide no hole: a cut reply is partial, however many came beside it', async () => {
    await using of = await setUp(settled(LAST));
    const { lake, vendor } = of;
    await lake.reference(LAST);
    const whole = [
      ...(vendor.grouped.get(LAST) ?? []),
      ...SYMBOLS.map((symbol) => bar(symbol.replace('S', 'W'), LAST)),
    ];
    const cut = whole.slice(2);
    vendor.grouped.set(LAST, cut);
    const { sessions } = await lake.fetch({ from: LAST });
    const partial = (await lake.ledger()).get(LAST);
    assert.deepEqual([partial?.state, partial?.rows, partial?.counted, partial?.expected], ['partial', 18, 8, 10]);
    assert.deepEqual([sessions[0]?.state, sessions[0]?.counted], ['partial', 8]);
    // Fuller, and still cut; what is stored of listed symbols counts as well, wherever the reply is cut.
    vendor.grouped.set(LAST, [...whole.slice(0, 8), ...whole.slice(10)]);
    await lake.fetch();
    const healed = (await lake.ledger()).get(LAST);
    assert.deepEqual([healed?.state, healed?.rows, healed?.counted], ['provisional', 20, 10]);
    vendor.grouped.set(LAST, whole);
    await lake.fetch();
    assert.equal((await lake.ledger()).get(LAST)?.state, 'settled');
  });

  test('a cut session is seen in the first filling too, where nothing but its neighbours says what is usual', async () => {
    await using of = await setUp(settled(LAST));
    const { lake, vendor } = of;
    const cut = calendar.previous(LAST, 2);
    vendor.grouped.set(cut, (vendor.grouped.get(cut) ?? []).slice(0, 4));
    await lake.fetch({ from: FIRST });
    const ledger = await lake.ledger();
    assert.deepEqual([ledger.get(cut)?.state, ledger.get(cut)?.expected], ['partial', 10]);
    assert.equal([...ledger.values()].filter(({ state }) => state === 'settled').length, SESSIONS.length - 1);
  });

  test('prices are stored as traded: a split puts no cliff between what was fetched before it and after', async () => {
    const exDate = isoDate('2024-02-01');
    await using of = await setUp(settled(calendar.previous(exDate)));
    const { lake, server, vendor } = of;
    await lake.fetch({ from: isoDate('2024-01-30') });
    vendor.splits.push({
      id: '1',
      ticker: 'S0',
      execution_date: exDate,
      split_from: 1,
      split_to: 10,
      adjustment_type: 'forward_split',
    });
    vendor.grouped.set(exDate, [
      bar('S0', exDate, { o: 1, h: 1, l: 1, c: 1 }),
      ...SYMBOLS.slice(1).map((s) => bar(s, exDate)),
    ]);
    lake.clock.move(settled(exDate) - lake.clock.nowMs());
    await lake.reference(exDate);
    await lake.fetch();
    assert.ok(
      server.requests.filter((path) => path.includes('/grouped/')).every((path) => path.includes('adjusted=false')),
    );
    const closes = (await lake.rows(DAILY_BARS)).filter(({ symbol }) => symbol === 'S0').map(({ close }) => close);
    assert.equal(closes.at(-1), 1);
    assert.ok(Number(closes.at(-2)) > 10, 'what is stored of before the split stays as it was traded');
    assert.equal((await lake.rows(SPLITS)).length, 1);
  });

  test('a bar belongs to the date in New York, in winter and in summer', async () => {
    await using of = await setUp(settled(LAST));
    // The change to daylight saving lies between the two.
    for (const session of [isoDate('2024-03-08'), isoDate('2024-03-11')]) {
      const midnight = Date.parse(`${session}T00:00:00-05:00`) - (session > '2024-03-10' ? 3_600_000 : 0);
      of.vendor.grouped.set(session, [bar('S0', session, { t: midnight }), bar('S1', session)]);
    }
    await of.lake.fetch({ from: isoDate('2024-03-08'), to: isoDate('2024-03-11') });
    assert.deepEqual(
      (await of.lake.rows(DAILY_BARS)).map(({ symbol, session }) => [symbol, session]),
      [
        ['S0', '2024-03-08'],
        ['S0', '2024-03-11'],
        ['S1', '2024-03-08'],
        ['S1', '2024-03-11'],
      ],
    );
  });

  test('bars are fetched once more when the vendor’s corrections are over, and what changed is listed', async () => {
    await using of = await setUp(calendar.closeMs(LAST) + 300_000);
    const { lake, server, vendor } = of;
    await lake.fetch({ from: LAST });
    assert.equal((await lake.ledger()).get(LAST)?.state, 'provisional');
    lake.clock.move(3_600_000);
    server.requests.length = 0;
    await lake.fetch();
    assert.deepEqual(grouped(server), [], 'not before');
    vendor.grouped.set(LAST, [bar('S0', LAST, { v: 1100 }), ...SYMBOLS.slice(1).map((s) => bar(s, LAST))]);
    lake.clock.move(calendar.settlesAtMs(LAST) - lake.clock.nowMs());
    const report = await lake.fetch();
    assert.equal(report.replaced, 1);
    assert.equal((await lake.ledger()).get(LAST)?.state, 'settled');
    assert.equal((await deriveRestatements({ lake: lake.test.lake, calendar })).settlements, 1);
    server.requests.length = 0;
    await lake.fetch();
    assert.deepEqual(grouped(server), [], 'and never again');
  });

  test('the watermark never moves back, and past nothing that is not stored', async () => {
    await using of = await setUp(settled(LAST));
    const { lake, server } = of;
    await lake.fetch({ from: isoDate('2024-03-01') });
    server.faults.push(...Array.from({ length: 4 }, () => ({ kind: 'cut-body' }) as const));
    await lake.fetch({ from: isoDate('2024-03-01'), again: true });
    assert.equal(completeThrough(calendar, await lake.ledger()), LAST);
    assert.equal(completeThrough(calendar, new Map()), undefined);
  });

  test('a write that fails is thrown and marks nothing; what it left undone, the next run does', async () => {
    await using of = await setUp(settled(LAST));
    const { lake, server } = of;
    const last = { from: LAST };
    const broken = (table: string) => ({
      ...lake.deps,
      lake: lake.test.again({ store: failing(lake.test.deps.store, table) }),
    });
    await assert.rejects(lake.fetch(last, broken('bronze/daily_bars')), /the disk is full/);
    assert.equal((await lake.ledger()).size, 0);
    assert.deepEqual(await lake.rows(DAILY_BARS), []);
    // The bars are in, the ledger is not: it may be behind the bars, and never ahead of them.
    await assert.rejects(lake.fetch(last, broken('bronze/sessions')), /the disk is full/);
    assert.equal((await lake.ledger()).size, 0);
    assert.equal((await lake.rows(DAILY_BARS)).length, SYMBOLS.length);
    server.requests.length = 0;
    const again = await lake.fetch(last);
    assert.deepEqual([again.inserted, again.replaced], [0, 0]);
    assert.equal(completeThrough(calendar, await lake.ledger()), LAST);
  });

  test('average price, trades and every digit of a price are kept', async () => {
    await using of = await setUp(settled(LAST));
    const exact = { o: 10.12345, h: 10.98765, l: 10.00001, c: 10.55555, v: 1234.5, vw: 10.43219, n: 98_765 };
    of.vendor.grouped.set(LAST, [bar('S0', LAST, exact)]);
    await of.lake.fetch({ from: LAST });
    const [row] = await of.lake.rows(DAILY_BARS);
    const { open, high, low, close, volume, vwap, trades } = row ?? {};
    assert.deepEqual({ o: open, h: high, l: low, c: close, v: volume, vw: vwap, n: trades }, exact);
  });

  test('a reply with a few of the rows replaces nothing and settles nothing', async () => {
    await using of = await setUp(calendar.closeMs(LAST) + 300_000);
    const { lake, vendor } = of;
    await lake.fetch({ from: LAST });
    const full = vendor.grouped.get(LAST) ?? [];
    vendor.grouped.set(LAST, [bar('S0', LAST, { v: 5 })]);
    lake.clock.move(settled(LAST) - lake.clock.nowMs());
    await lake.fetch();
    assert.equal((await lake.ledger()).get(LAST)?.state, 'provisional');
    assert.equal((await lake.rows(DAILY_BARS))[0]?.volume, 1000);
    vendor.grouped.set(LAST, full);
    await lake.fetch();
    assert.equal((await lake.ledger()).get(LAST)?.state, 'settled');
  });

  test('sessions with too many bad rows are refused whole, and stop no other', async () => {
    await using of = await setUp(settled(LAST));
    const { lake, vendor } = of;
    for (const session of SESSIONS.slice(-12, -2)) {
      const rows = vendor.grouped.get(session) ?? [];
      vendor.grouped.set(session, [...rows.slice(2), bar('S0', session, { h: 1 }), bar('S1', session, { h: 1 })]);
    }
    const report = await lake.fetch({ from: FIRST });
    assert.equal(report.sessions.length, SESSIONS.length);
    const refused = report.sessions.filter(({ error }) => error?.code === 'fetch-over-bound');
    assert.equal(refused.length, 10);
    assert.match(refused[0]?.error?.message ?? '', /2 of 10 rows .* low or high out of order/);
    assert.equal((await lake.ledger()).size, SESSIONS.length - 10);
  });

  test('404 on a session is a failure and no empty session: the address is wrong', async () => {
    await using of = await setUp(settled(LAST));
    const { lake, server } = of;
    const { port } = new URL(server.url);
    const elsewhere = lake.from(lake.source({ baseUrl: `http://127.0.0.1:${port}/v9` }));
    server.faults.push(...Array.from({ length: 9 }, () => ({ kind: 'status', status: 404 }) as const));
    const report = await lake.fetch({ from: calendar.previous(LAST) }, elsewhere);
    assert.ok(report.sessions.length > 0);
    for (const { outcome, error } of report.sessions) {
      assert.deepEqual([outcome, error?.code], ['failed', 'massive-not-found']);
      assert.match(error?.message ?? '', /Check CONDVEST_MASSIVE_URL/);
    }
    assert.equal((await lake.ledger()).size, 0);
    // No request of this test was for a path of the vendor's.
    server.contractFaults.length = 0;
  });

  /** A session of so many rows that one of them may be refused. */
  const withOdd = (more: object, session = LAST): object[] =>
    Array.from({ length: 150 }, (_, index) => bar(`S${index}`, session, index === 3 ? more : {}));

  for (const [what, more] of [
    ['a time in nanoseconds', { t: calendar.closeMs(LAST) * 1e6 }],
    ['a time in microseconds', { t: calendar.closeMs(LAST) * 1e3 }],
    ['a time far before all', { t: -8e15 }],
    ['more trades than can be counted', { n: 1e20 }],
  ] as const) {
    test(`one row with ${what} is refused, and the others are stored`, async () => {
      await using of = await setUp(settled(LAST));
      const { lake, vendor } = of;
      vendor.grouped.set(LAST, withOdd(more));
      const [fetched] = (await lake.fetch({ from: LAST })).sessions;
      assert.deepEqual([fetched?.outcome, fetched?.rows, fetched?.quarantined], ['fetched', 149, 1]);
      const [row, ...others] = await lake.rows(QUARANTINE);
      assert.deepEqual([row?.['reason'], others.length], ['missing or non-finite field', 0]);
    });
  }

  test('a refused row is kept once, however often it is fetched and whatever changes beside it', async () => {
    await using of = await setUp(calendar.closeMs(LAST) + 600_000);
    const { lake, vendor } = of;
    const texts = async (): Promise<unknown[]> => (await lake.rows(QUARANTINE)).map(({ row }) => row);
    const bad = withOdd({ o: -1 });
    vendor.grouped.set(LAST, bad);
    await lake.fetch({ from: LAST });
    await lake.fetch({ from: LAST, again: true });
    vendor.grouped.set(LAST, [bar('S150', LAST), ...bad.slice(0, -1), bar('S149', LAST, { v: 2000 })]);
    await lake.fetch({ from: LAST, again: true });
    assert.equal((await texts()).length, 1);
    vendor.grouped.set(LAST, withOdd({ o: -2 }));
    await lake.fetch({ from: LAST, again: true });
    assert.equal(new Set(await texts()).size, 2, 'another row');
    const before = calendar.previous(LAST);
    const malformed = { T: 'NO NAME', o: 1, h: 1, l: 1, c: 1, v: 1, t: calendar.closeMs(before) };
    vendor.grouped.set(before, [
      ...withOdd({}, before),
      ...Array.from({ length: 60 }, (_, index) => bar(`S${200 + index}`, before)),
      malformed,
      malformed,
    ]);
    await lake.fetch({ from: before, to: before });
    await lake.fetch({ from: before, to: before, again: true });
    assert.equal((await texts()).length, 4, 'two equal rows are two');
  });

  test('403 on a young session is waited for until eleven o’clock on the next', async () => {
    await using of = await setUp(calendar.closeMs(LAST) + 300_000);
    const { lake, server } = of;
    server.givenUntil = calendar.previous(LAST);
    const early = await lake.fetch({ from: LAST });
    assert.deepEqual([early.sessions[0]?.outcome, early.horizon], ['not-yet', undefined]);
    assert.equal((await lake.ledger()).has(LAST), false);
    server.givenUntil = LAST;
    lake.clock.move(900_000);
    await lake.fetch({ from: LAST });
    assert.equal((await lake.ledger()).get(LAST)?.state, 'provisional');
  });

  test('the plan’s horizon ends a backfill, is told once, and leaves no hole', async () => {
    await using of = await setUp(settled(LAST));
    const { lake, server } = of;
    server.planFrom = '2024-02-01';
    const report = await lake.fetch({ from: FIRST });
    assert.deepEqual([report.horizon, report.horizonMoved], ['2024-01-31', true]);
    assert.ok(grouped(server).filter((session) => session < '2024-02-01').length <= lake.deps.source.parallelMax);
    assert.equal((await lake.fetch({ from: FIRST })).horizonMoved, false);
    server.requests.length = 0;
    assert.deepEqual((await lake.fetch()).sessions, []);
    assert.deepEqual(server.requests, []);
    const gaps = await findGaps(lake.deps, { source: 'massive', limit: 10 });
    assert.deepEqual([gaps.sessions, gaps.horizon], [[], '2024-01-31']);
    assert.equal(completeThrough(calendar, await lake.ledger(), gaps.horizon), LAST);
  });

  test('a plan that has lapsed is a failure, and no horizon that hides every hole', async () => {
    await using of = await setUp(settled(isoDate('2024-03-20')));
    const { lake, server } = of;
    await lake.fetch({ from: isoDate('2024-03-01') });
    server.planFrom = '9999-01-01';
    lake.clock.move(settled(LAST) - lake.clock.nowMs());
    const lapsed = await lake.fetch();
    assert.throws(() => throwFailures(lapsed), /plan has lapsed/);
    const gaps = await findGaps(lake.deps, { source: 'massive', limit: 10 });
    assert.deepEqual([gaps.sessions.length, gaps.horizon], [6, undefined]);
    server.planFrom = '';
    await lake.fetch();
    assert.equal(completeThrough(calendar, await lake.ledger()), LAST);
  });
});
