import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';

import { type IsoDate, isoDate } from '#base/dates.ts';
import { type PutBarsReport, type PutBarsRequest, putBars, sumOutcomes } from '#batch/put/put-bars.ts';
import { scanSql } from '#lake/scan.ts';
import { DAILY_BARS, SESSIONS } from '#lake/tables.ts';
import { SessionSet } from '#market/session-set.ts';
import { DEFAULT_SOURCE_RANKS } from '#market/source-rank.ts';
import { type ImportLake, openImportLake } from '#test/fixtures/import-lake.ts';
import { mergeRow, replacedBy } from '#test/fixtures/row-merge.ts';

interface Row {
  readonly symbol: string;
  readonly session: IsoDate;
  readonly close: number;
  readonly vwap: number | null;
  readonly trades?: number | null;
}

const MONDAY = isoDate('2024-01-08');
const YEAR_START = isoDate('2023-01-03');
const YEAR_END = isoDate('2023-12-29');

/** A SELECT of rows, as a fetch would stage them. */
function selectOf(rows: readonly Row[]): string {
  const values = rows.map(
    ({ symbol, session, close, vwap, trades = 3 }) =>
      `('${symbol}', DATE '${session}', ${close}::DOUBLE, ${vwap}::DOUBLE, ${trades}::BIGINT)`,
  );
  return `SELECT symbol, session, close AS open, close AS high, close AS low, close, 100::DOUBLE AS volume, vwap, trades
    FROM (VALUES ${values.join(', ')}) AS t(symbol, session, close, vwap, trades)`;
}

function put(
  lake: ImportLake,
  rows: readonly Row[],
  source = 'import',
  request: Partial<PutBarsRequest> = {},
): Promise<PutBarsReport> {
  return putBars(lake.deps, { rows: selectOf(rows), source, fetchedAtMs: lake.clock.nowMs(), ...request });
}

function bar(symbol: string, session: IsoDate, close: number, vwap: number | null = null): Row {
  return { symbol, session, close, vwap };
}

async function files(lake: ImportLake): Promise<string[]> {
  const head = await lake.test.lake.table(DAILY_BARS).head();
  return (head?.files ?? []).map((file) => `${file.units?.min}..${file.units?.max}`).sort();
}

describe('putting bars', () => {
  it('inserts, leaves equal values alone, replaces by equal or higher rank, and lists conflicts', async () => {
    await using lake = await openImportLake();
    const first = await put(lake, [bar('A', MONDAY, 1), bar('B', MONDAY, 1), bar('C', MONDAY, 1)], 'flat-file');
    assert.equal(first.version, 0);
    const firstMs = lake.clock.nowMs();
    lake.clock.move(1000);
    const lower = await put(lake, [bar('A', MONDAY, 2), bar('B', MONDAY, 1), bar('D', MONDAY, 1)], 'import');
    assert.deepEqual(sumOutcomes(lower.outcomes), { inserted: 1, replaced: 0, unchanged: 1, conflict: 1, kept: 1 });
    assert.deepEqual(
      lower.conflicts.map(({ symbol, storedSource }) => [symbol, storedSource]),
      [['A', 'flat-file']],
    );
    const higher = await put(lake, [bar('A', MONDAY, 3)], 'massive');
    assert.deepEqual(sumOutcomes(higher.outcomes), { inserted: 0, replaced: 1, unchanged: 0, conflict: 0, kept: 3 });
    const forced = await put(lake, [bar('A', MONDAY, 4)], 'simulated', { replace: true });
    assert.equal(sumOutcomes(forced.outcomes).replaced, 1);
    const rows = await lake.rows(DAILY_BARS);
    assert.deepEqual(
      rows.map((row) => [row['symbol'], row['close'], row['source']]),
      [
        ['A', 4, 'simulated'],
        ['B', 1, 'flat-file'],
        ['C', 1, 'flat-file'],
        ['D', 1, 'import'],
      ],
    );
    assert.equal(rows[1]?.['fetched_at'], firstMs, 'fetched_at is when these values first arrived');
  });

  it('writes nothing for equal values, whatever their source', async () => {
    await using lake = await openImportLake();
    await put(lake, [bar('A', MONDAY, 1)], 'import');
    const again = await put(lake, [bar('A', MONDAY, 1)], 'massive');
    assert.equal(again.version, undefined);
    assert.equal(again.ledgerChanged, false);
    assert.deepEqual(await lake.versions(DAILY_BARS, SESSIONS), [0, 0]);
  });

  it('never removes a row that stops coming, and reports it', async () => {
    await using lake = await openImportLake();
    await put(lake, [bar('A', MONDAY, 1), bar('B', MONDAY, 1)]);
    const report = await put(lake, [bar('A', MONDAY, 2)]);
    assert.equal(report.outcomes.get(MONDAY)?.kept, 1);
    assert.equal((await lake.rows(DAILY_BARS)).length, 2);
  });

  it('puts the settled sessions of a year into one file, and those of the open window into their own', async () => {
    // 2024-01-11 lies in the window of 34 sessions from 2024-01-02 on.
    await using lake = await openImportLake(Date.parse('2024-01-12T21:30:00Z'));
    const { calendar } = lake.deps;
    const sessions = calendar.range(YEAR_START, isoDate('2024-01-12'));
    await put(
      lake,
      sessions.map((session) => bar('A', session, 1)),
    );
    const window = Math.floor(calendar.sessionIndex(isoDate('2024-01-12')) / 34) * 34;
    const shared = sessions.filter((session) => calendar.sessionIndex(session) < window);
    const own = sessions.filter((session) => calendar.sessionIndex(session) >= window);
    const expected = [`${shared[0]}..${shared.at(-1)}`, ...own.map((session) => `${session}..${session}`)];
    assert.deepEqual(await files(lake), expected.sort());
    const ledger = await lake.rows(SESSIONS);
    assert.equal(ledger.at(-1)?.['state'], 'provisional');
    assert.equal(ledger.at(-2)?.['state'], 'settled');
  });

  it('rewrites the year file in place when one of its sessions changes, keeping all other rows', async () => {
    await using lake = await openImportLake();
    const sessions = lake.deps.calendar.range(YEAR_START, YEAR_END);
    await put(
      lake,
      sessions.flatMap((session) => [bar('A', session, 1), bar('B', session, 1)]),
    );
    await put(lake, [bar('B', isoDate('2023-06-15'), 7)]);
    assert.deepEqual(await files(lake), [`${YEAR_START}..${YEAR_END}`]);
    const rows = await lake.rows(DAILY_BARS);
    assert.equal(rows.length, 500);
    assert.deepEqual(
      rows.filter((row) => row['close'] === 7).map((row) => [row['symbol'], row['session']]),
      [['B', '2023-06-15']],
    );
  });

  it('completes the ledger when a crash had kept it from what the bars say', async () => {
    await using lake = await openImportLake();
    await put(lake, [bar('A', MONDAY, 1)]);
    const ledger = lake.test.lake.table(SESSIONS);
    await ledger.write(async (base) => ({
      operation: 'DELETE',
      add: [],
      remove: base?.files ?? [],
      units: SessionSet.empty,
      dataChange: true,
    }));
    assert.equal((await lake.rows(SESSIONS)).length, 0);
    const again = await put(lake, [bar('A', MONDAY, 1)]);
    assert.equal(again.version, undefined);
    assert.equal(again.ledgerChanged, true);
    assert.equal((await lake.rows(SESSIONS))[0]?.['table_version'], 0);
  });

  it('keeps the columns that another program gave the table, with the rows that have them', async () => {
    await using lake = await openImportLake();
    await put(lake, [bar('A', MONDAY, 1), bar('B', MONDAY, 1)]);
    const wider = {
      ...DAILY_BARS,
      columns: [...DAILY_BARS.columns, { name: 'note', type: 'string', comment: '' } as const],
    };
    const other = lake.test.again();
    await other.table(wider).write(async (base) => {
      const select = `SELECT *, 'seen ' || symbol AS note FROM (${await scanSql(lake.test.deps, DAILY_BARS, base?.files ?? [])})`;
      const units = SessionSet.of([MONDAY]);
      const file = await other.table(wider).writeDataFile({ select, year: 2024, units });
      return {
        operation: 'WRITE',
        add: file === undefined ? [] : [file],
        remove: base?.files ?? [],
        units,
        dataChange: true,
      };
    });
    await put(lake, [bar('A', MONDAY, 2), bar('C', MONDAY, 1)]);
    const head = await other.table(wider).head();
    const rows = await other.rows<{ symbol: string; close: number; note: string | null }>(
      `FROM (${await scanSql(lake.test.deps, wider, head?.files ?? [])}) ORDER BY symbol`,
    );
    assert.deepEqual(
      rows.map(({ symbol, close, note }) => [symbol, close, note]),
      [
        ['A', 2, 'seen A'],
        ['B', 1, 'seen B'],
        ['C', 1, null],
      ],
    );
  });

  it('reports what it would do on a dry run, and does nothing', async () => {
    await using lake = await openImportLake();
    const report = await put(lake, [bar('A', MONDAY, 1)], 'import', { dryRun: true });
    assert.equal(sumOutcomes(report.outcomes).inserted, 1);
    assert.deepEqual(await lake.versions(DAILY_BARS, SESSIONS), [undefined, undefined]);
  });

  it('keeps newer values of one rank from an older look, and gives way to a higher rank', async () => {
    await using lake = await openImportLake();
    const heldMs = lake.clock.nowMs();
    lake.clock.move(1000);
    await put(lake, [bar('A', MONDAY, 2)]);
    const older = await put(lake, [bar('A', MONDAY, 1)], 'hand-made', { fetchedAtMs: heldMs });
    assert.equal(sumOutcomes(older.outcomes).conflict, 1);
    const closes = async () => (await lake.rows(DAILY_BARS)).map((row) => row['close']);
    assert.deepEqual(await closes(), [2]);
    const lower = await put(lake, [bar('A', MONDAY, 1)], 'simulated', { fetchedAtMs: heldMs });
    assert.equal(sumOutcomes(lower.outcomes).conflict, 1);
    await put(lake, [bar('A', MONDAY, 3)], 'flat-file', { fetchedAtMs: heldMs });
    assert.deepEqual(await closes(), [3]);
  });

  it('merges row by row as the rule of the domain says, whatever comes in whatever order', async () => {
    const sessions = [MONDAY, isoDate('2024-01-09'), isoDate('2023-06-15')];
    const source = fc.constantFrom(...DEFAULT_SOURCE_RANKS, 'hand-made');
    const row = fc.record({
      symbol: fc.constantFrom('A', 'B', 'C', 'c'),
      session: fc.constantFrom(...sessions),
      close: fc.integer({ min: 1, max: 3 }),
      vwap: fc.option(fc.integer({ min: 1, max: 2 })),
      trades: fc.option(fc.integer({ min: 1, max: 2 })),
    });
    const rows = fc.uniqueArray(row, { minLength: 1, maxLength: 9, selector: (one) => one.symbol + one.session });
    const steps = fc.array(fc.record({ rows, source, replace: fc.boolean(), heldMs: fc.constantFrom(0, 0, 1500) }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        await using lake = await openImportLake();
        const model = new Map<string, { values: ReturnType<typeof valuesOf>; fetchedAtMs: number }>();
        for (const step of all) {
          lake.clock.move(1000);
          // When it was asked for: some were held up beyond the put before.
          const fetchedAtMs = lake.clock.nowMs() - step.heldMs;
          const outcomes: Record<string, number> = { inserted: 0, replaced: 0, unchanged: 0, conflict: 0 };
          for (const one of step.rows) {
            const key = `${one.symbol} ${one.session}`;
            const incoming = valuesOf(one, step.source);
            const known = model.get(key);
            const isStaleFetch = known !== undefined && known.fetchedAtMs > fetchedAtMs;
            const outcome = mergeRow(known?.values, incoming, { replace: step.replace, isStaleFetch });
            outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
            if (outcome === 'inserted' || outcome === 'replaced') {
              const stored = known?.values;
              const values = stored === undefined ? incoming : replacedBy(stored, incoming, step.replace);
              model.set(key, { values, fetchedAtMs });
            }
          }
          const report = await put(lake, step.rows, step.source, { replace: step.replace, fetchedAtMs });
          const { kept: _, ...sums } = sumOutcomes(report.outcomes);
          assert.deepEqual(sums, outcomes);
        }
        const stored = (await lake.rows(DAILY_BARS)).map((one) => [
          `${one['symbol']} ${one['session']}`,
          one['close'],
          one['vwap'],
          one['trades'],
          one['source'],
          one['fetched_at'],
        ]);
        const expected = [...model].map(([key, { values, fetchedAtMs }]) => [
          key,
          values.close,
          values.vwap,
          values.trades,
          values.source,
          fetchedAtMs,
        ]);
        assert.deepEqual(
          stored,
          expected.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
        );
      }),
      { numRuns: 25 },
    );
  });
});

function valuesOf({ close, vwap, trades = 3 }: Row, source: string) {
  return { open: close, high: close, low: close, close, volume: 100, vwap, trades, source };
}
