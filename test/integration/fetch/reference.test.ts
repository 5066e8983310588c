import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { conditionFacts } from '#batch/pipeline/condition-facts.ts';
import { checkInput, fetchReferenceStep, planStep } from '#batch/pipeline/steps.ts';
import { findQuality } from '#batch/quality.ts';
import { DIVIDENDS, LISTINGS, QUARANTINE, SPLITS } from '#lake/tables.ts';
import { type DividendFact, resolveDividends } from '#market/corporate-actions.ts';
import { Listings } from '#market/security.ts';
import type { FetchLake } from '#test/fixtures/fetch-lake.ts';
import { LAST, settled, setUp, ticker } from '#test/fixtures/vendor-market.ts';

/** Listings, splits and dividends as they change from one look to the next. Everything over HTTP, on a virtual clock. */

const split = (symbol: string, exDate: string, more: object = {}): object => ({
  id: `${symbol} ${exDate}`,
  ticker: symbol,
  execution_date: exDate,
  split_from: 1,
  split_to: 2,
  adjustment_type: 'forward_split',
  ...more,
});
const dividend = (symbol: string, exDate: string, more: object = {}): object => ({
  id: `${symbol} ${exDate}`,
  ticker: symbol,
  ex_dividend_date: exDate,
  cash_amount: 0.5,
  currency: 'USD',
  distribution_type: 'recurring',
  frequency: 4,
  ...more,
});

describe('listings, splits and dividends', () => {
  /** A look on a session, after it has settled. */
  async function look(lake: FetchLake, session: string) {
    lake.clock.move(settled(isoDate(session)) - lake.clock.nowMs());
    return lake.reference(isoDate(session));
  }
  const splitsOf = async (lake: FetchLake): Promise<string[]> =>
    (await lake.rows(SPLITS)).map((row) => `${row.symbol} ${row.ex_date}`);
  const listingsOf = async (lake: FetchLake, symbols: RegExp): Promise<string[]> =>
    (await lake.rows(LISTINGS))
      .filter(({ symbol }) => symbols.test(String(symbol)))
      .map((row) => `${row.security_id} ${row.symbol} ${row.first_session}..${row.last_session ?? ''}`);

  const factsOf = async (lake: FetchLake, symbol: string): Promise<DividendFact[]> =>
    (await lake.rows(DIVIDENDS)).flatMap((row) =>
      row.symbol === symbol
        ? [
            {
              symbol,
              exDate: isoDate(String(row.ex_date)),
              kind: String(row.kind),
              cashAmount: Number(row.cash_amount),
              source: null,
            },
          ]
        : [],
    );

  test('a run of an old session takes the lists of today, not those of that session', async () => {
    await using of = await setUp(settled(isoDate('2024-02-01')));
    const { lake, vendor, server } = of;
    vendor.tickers[9] = ticker('S9', { active: false, delisted_utc: '2024-02-15T00:00:00Z' });
    await look(lake, '2024-02-01');
    await look(lake, LAST);
    const before = await listingsOf(lake, /S9/);
    assert.deepEqual(before, ['S9 S9 2024-02-01..2024-02-15']);
    const deps = { ...lake.deps, intervals: [3] };
    const plan = await planStep(deps, { session: '2024-02-05' }, false);
    assert.equal(plan.session, '2024-02-05');
    server.requests.length = 0;
    await fetchReferenceStep(deps);
    assert.ok(server.requests.some((path) => path.includes(`active=true&date=${LAST}`)));
    assert.deepEqual(await listingsOf(lake, /S9/), before);
  });

  test('a run is of a session that has closed, and of no other day', async () => {
    await using of = await setUp(settled(LAST));
    const { lake } = of;
    const deps = { ...lake.deps, intervals: [3] };
    for (const session of ['2024-03-24', '2024-03-29', '2030-06-01', '1950-01-01', '2024-04-01', 'yesterday', '']) {
      const isRefused = (error: unknown): boolean =>
        error instanceof CondvestError &&
        error.code === 'pipeline-session' &&
        error.found === session &&
        error.allowed === 'a session from 1962-01-02 to 2024-03-28';
      assert.throws(() => checkInput(deps, { session }), isRefused, session);
      await assert.rejects(planStep(deps, { session }, false), isRefused, session);
    }
    checkInput(deps, { session: LAST });
    checkInput(deps, {});
  });

  test('a symbol that somebody had before is dated by the change, not by the day on which it was seen', async () => {
    await using of = await setUp(settled(isoDate('2024-02-01')));
    const { lake, vendor } = of;
    vendor.tickers[1] = ticker('S1', {
      active: false,
      delisted_utc: '2024-02-15T00:00:00Z',
      composite_figi: 'OLD',
    });
    await look(lake, '2024-02-01');
    await look(lake, '2024-02-22');
    // S0 takes the symbol that was given up, and S3 takes that of S2 on the day on which S2 becomes S20.
    const change = (to: string, from: string): object[] => [
      { date: '2024-03-05', event_type: 'ticker_change', ticker_change: { ticker: to } },
      { date: '2010-01-04', event_type: 'ticker_change', ticker_change: { ticker: from } },
    ];
    for (const [to, from] of [
      ['S1', 'S0'],
      ['S2', 'S3'],
      ['S20', 'S2'],
    ] as const)
      vendor.events.set(to, change(to, from));
    vendor.tickers.splice(
      0,
      4,
      ticker('S1', { composite_figi: 'BBGS0' }),
      ticker('S2', { composite_figi: 'BBGS3' }),
      ticker('S20', { composite_figi: 'BBGS2' }),
    );
    await look(lake, '2024-03-14');
    assert.deepEqual(await listingsOf(lake, /^S[0-3]0?$/), [
      'S0 S0 2024-02-01..2024-03-04',
      'S0 S1 2024-03-05..',
      'S1 S1 2024-02-01..2024-02-15',
      'S2 S2 2024-02-01..2024-03-04',
      'S2 S20 2024-03-05..',
      'S3 S2 2024-03-05..',
      'S3 S3 2024-02-01..2024-03-04',
    ]);
  });

  test('an outage of any length loses no split', async () => {
    await using of = await setUp(settled(isoDate('2024-01-05')));
    const { lake, vendor, server } = of;
    vendor.splits.push(split('S0', '2024-01-04'));
    await look(lake, '2024-01-05');
    vendor.splits.push(split('S1', '2024-01-10'));
    // An import meanwhile is no look.
    server.requests.length = 0;
    await look(lake, '2024-07-01');
    assert.ok(server.requests.some((path) => path.includes('execution_date.gte=2023-09-07')));
    assert.deepEqual(await splitsOf(lake), ['S0 2024-01-04', 'S1 2024-01-10']);
    server.requests.length = 0;
    await look(lake, '2024-07-02');
    assert.ok(server.requests.some((path) => path.includes('execution_date.gte=2024-03-03')));
  });

  test('a look that failed half-way is none: the next one takes up from the one before it', async () => {
    await using of = await setUp(settled(isoDate('2024-01-05')));
    const { lake, vendor, server } = of;
    await look(lake, '2024-01-05');
    const tickers = vendor.tickers.splice(0);
    await assert.rejects(look(lake, '2024-07-01'), /too short to be complete/);
    vendor.tickers.push(...tickers);
    server.requests.length = 0;
    await look(lake, '2024-07-02');
    assert.ok(server.requests.some((path) => path.includes('execution_date.gte=2023-09-07')));
  });

  test('a split that is postponed counts once, and one that is called off not at all', async () => {
    await using of = await setUp(settled(isoDate('2024-02-01')));
    const { lake, vendor } = of;
    vendor.splits.push(split('S0', '2024-01-04'), split('S1', '2024-02-20'), split('S2', '2024-02-21'));
    vendor.dividends.push(dividend('S3', '2024-02-22'), dividend('S4', '2024-02-22'));
    await look(lake, '2024-02-01');
    const version = (await lake.test.lake.table(SPLITS).head())?.version ?? -1;
    vendor.splits.splice(1, 2, split('S1', '2024-03-12'));
    vendor.dividends.splice(0, 1);
    const { splits, dividends } = await look(lake, '2024-02-05');
    assert.deepEqual([splits.added, splits.withdrawn], [1, ['S1 2024-02-20', 'S2 2024-02-21']]);
    assert.deepEqual(dividends.withdrawn, ['S3 2024-02-22']);
    assert.deepEqual(await splitsOf(lake), ['S0 2024-01-04', 'S1 2024-03-12']);
    const head = await lake.test.lake.table(SPLITS).head();
    assert.equal(head?.version, version + 1, 'one commit');
    const again = await look(lake, '2024-02-06');
    assert.deepEqual([again.splits.withdrawn, again.dividends.withdrawn], [[], []]);
  });

  test('what is withdrawn on the day, or while nobody looked, is seen afterwards; what counted for a day stays', async () => {
    await using of = await setUp(settled(isoDate('2024-02-01')));
    const { lake, vendor } = of;
    vendor.splits.push(split('S0', '2024-02-05'), split('S1', '2024-02-20'));
    await look(lake, '2024-02-01');
    await look(lake, '2024-02-06');
    // Gone from the list although it was there after its ex-date: the vendor's list has a hole, and what was adjusted stays so.
    vendor.splits.splice(0, 2);
    const { splits } = await look(lake, '2024-03-01');
    assert.deepEqual(splits.withdrawn, ['S1 2024-02-20']);
    assert.deepEqual(await splitsOf(lake), ['S0 2024-02-05']);
  });

  test('a list that is short, cut off or of another source withdraws nothing, and neither does a row that lacks its terms', async () => {
    await using of = await setUp(settled(isoDate('2024-02-01')));
    const { lake, vendor, server } = of;
    vendor.splits.push(...Array.from({ length: 8 }, (_, index) => split(`S${index}`, '2024-03-12')));
    await look(lake, '2024-02-01');
    const all = await splitsOf(lake);
    const rows = vendor.splits.splice(0);
    assert.deepEqual((await look(lake, '2024-02-05')).splits.withdrawn, [], 'all of them at once');
    vendor.splits.push(...rows);
    server.faults.push(...Array.from({ length: 8 }, () => ({ kind: 'cut-body' }) as const));
    await assert.rejects(look(lake, '2024-02-06'), /vendor is unavailable/);
    server.faults.length = 0;
    lake.clock.move(90_000);
    vendor.splits[0] = split('S0', '2024-03-12', { split_to: undefined });
    vendor.splits[1] = split('S1', '2024-03-12', { execution_date: undefined });
    const { splits } = await look(lake, '2024-02-07');
    assert.deepEqual([splits.refused, splits.withdrawn], [2, []]);
    const other = new Proxy(lake.source(), {
      get: (target, name) => {
        if (name === 'name') return 'simulated';
        if (name === 'splits') return async () => [];
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    for (const session of ['2024-02-07', '2024-02-08'])
      assert.deepEqual((await lake.reference(isoDate(session), lake.from(other))).splits.withdrawn, []);
    assert.deepEqual(await splitsOf(lake), all);
  });

  test('a special and a supplemental dividend of one day are both kept; two amounts of one are held back, and told', async () => {
    await using of = await setUp(settled(isoDate('2024-02-01')));
    const { lake, vendor, server } = of;
    await look(lake, '2024-02-01');
    // S0 becomes S10, and its dividend is filed under both, with two amounts.
    vendor.tickers[0] = ticker('S10', { composite_figi: 'BBGS0' });
    vendor.dividends.push(
      dividend('S1', '2024-02-05', { distribution_type: 'special', cash_amount: 1 }),
      dividend('S1', '2024-02-05', { distribution_type: 'supplemental', id: '2' }),
      dividend('S1', '2024-02-05', { distribution_type: 'irregular', id: '3', cash_amount: 2 }),
      dividend('S2', '2024-02-05'),
      dividend('S2', '2024-02-05', { id: '4', cash_amount: 0.6 }),
      dividend('S10', '2024-02-06', { pay_date: '2024-02-20' }),
      dividend('S0', '2024-02-06', { cash_amount: 0.7 }),
    );
    await look(lake, '2024-02-07');
    assert.deepEqual(
      (await lake.rows(DIVIDENDS)).filter(({ symbol }) => symbol === 'S10').map((row) => [row.pay_date, row.frequency]),
      [['2024-02-20', 4]],
      'what the vendor says of a dividend beside its amount is kept',
    );
    const stored = (await lake.rows(DIVIDENDS)).filter(({ symbol }) => symbol === 'S1');
    assert.deepEqual(
      stored.map(({ kind, cash_amount }) => [kind, cash_amount]),
      [
        ['IR', 2],
        ['SC', 1],
        ['SU', 0.5],
      ],
    );
    const told = async (): Promise<string[]> => {
      const { held } = await conditionFacts({ ...lake.deps, intervals: [3] });
      return held.map((one) => `${one.kind} ${one.securityId} ${one.exDate} ${one.terms}`);
    };
    const held = [
      'dividend S0 2024-02-06 $0.5 CD',
      'dividend S0 2024-02-06 $0.7 CD',
      'dividend S2 2024-02-05 $0.5 CD',
      'dividend S2 2024-02-05 $0.6 CD',
    ];
    assert.deepEqual(new Set(await told()), new Set(held));
    // For a night the vendor has the older family alone, which calls all three special.
    server.hasNewFamily = false;
    vendor.dividends.splice(2, 1);
    vendor.dividends.splice(0, 1);
    await lake.reference(isoDate('2024-02-08'), lake.from(lake.source()));
    assert.deepEqual(
      resolveDividends(Listings.none, await factsOf(lake, 'S1'))
        .applied.get('S1')
        ?.map(({ kind, cashAmount }) => `${kind} ${cashAmount}`),
      ['IR 2', 'SC 0.5'],
      'counted once under either name',
    );
  });

  test('events that are refused, and symbols that nobody knows of, are counted by the step', async () => {
    await using of = await setUp(settled(isoDate('2024-02-01')));
    const { lake, vendor } = of;
    await look(lake, '2024-02-01');
    vendor.tickers.splice(9, 1);
    vendor.splits.push(split('S0', '2024-02-05'), split('S1', '2024-02-05', { split_to: 0 }));
    vendor.dividends.push(dividend('S2', '2024-02-05', { currency: 'CAD' }));
    lake.clock.move(settled(isoDate('2024-02-06')) - lake.clock.nowMs());
    const report = await fetchReferenceStep({ ...lake.deps, intervals: [3] });
    assert.deepEqual([report.splits, report.dividends, report.refused], [1, 0, 2]);
    assert.deepEqual([report.unconfirmed, report.unconfirmedCount], [['S9'], 1]);
    await look(lake, '2024-02-07');
    const kept = (await lake.rows(QUARANTINE)).map(({ dataset, reason, row }) => [dataset, reason, row]);
    const row = '{"symbol":"S1","ex_date":"2024-02-05","split_from":1,"split_to":0}';
    assert.deepEqual(kept, [['splits', 'price not positive', row]], 'kept once, with its reason');
    const found = async (day: string): Promise<string[]> => {
      const report = await findQuality(lake.deps, { from: isoDate(day), to: isoDate(day), limit: 1 });
      return report.quarantined.map(({ dataset, rows }) => `${dataset} ${rows}`);
    };
    assert.deepEqual([await found('2024-02-05'), await found('2024-02-06')], [['splits 1'], []]);
  });

  test('a list most of whose rows cannot be right is a failure, and takes no part of itself', async () => {
    await using of = await setUp(settled(LAST));
    const { lake, vendor } = of;
    vendor.splits.push(...Array.from({ length: 10 }, (_, index) => split(`S${index}`, '2024-03-12', { split_to: 0 })));
    vendor.splits.push(split('S0', '2024-02-05'));
    await assert.rejects(
      look(lake, LAST),
      (error) =>
        error instanceof CondvestError && error.code === 'events-list-refused' && /10 of 11 rows/.test(error.message),
    );
    assert.equal(await lake.test.lake.table(SPLITS).head(), undefined);
  });
});
