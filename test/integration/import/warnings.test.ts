import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { DAILY_BARS, SESSIONS } from '#lake/tables.ts';
import { createCalendar } from '#market/calendar/calendar.ts';
import { only, openImportLake } from '#test/fixtures/import-lake.ts';

const HEADER = 'symbol,session,open,high,low,close,volume';
const calendar = createCalendar({ lastYear: 2028 });
const TUESDAY = isoDate('2024-01-09');
const line = (symbol: string, session: string, close: number): string =>
  `${symbol},${session},${close},${close},${close},${close},100`;
const csv = (lines: readonly string[]): string => `${[HEADER, ...lines].join('\n')}\n`;

describe('warnings of an import', () => {
  it('a single session is compared with the closes that are stored before it', async () => {
    await using lake = await openImportLake();
    await lake.import(await lake.file('mon.csv', csv([line('A', '2024-01-08', 10), line('B', '2024-01-08', 10)])));
    const report = only(
      await lake.import(await lake.file('tue.csv', csv([line('A', TUESDAY, 30), line('B', TUESDAY, 11)]))),
    );
    assert.deepEqual(report.warnings, { 'jump-without-split': 1 });
    const [example] = report.warningExamples;
    assert.deepEqual([example?.symbol, example?.date], ['A', TUESDAY]);
    assert.match(example?.detail ?? '', /10 → 30/);
  });

  it('a session put between stored ones is compared on both sides', async () => {
    await using lake = await openImportLake();
    await lake.import(await lake.file('a.csv', csv([line('A', '2024-01-08', 10), line('A', '2024-01-10', 10)])));
    const report = only(await lake.import(await lake.file('tue.csv', csv([line('A', TUESDAY, 30)]))));
    assert.deepEqual(
      report.warningExamples.map(({ date }) => date),
      [TUESDAY, '2024-01-10'],
    );
  });

  it('a stored jump of a symbol that the import does not speak of is not told again', async () => {
    await using lake = await openImportLake();
    await lake.import(await lake.file('a.csv', csv([line('B', '2024-01-08', 10), line('B', '2024-01-10', 90)])));
    const report = only(await lake.import(await lake.file('tue.csv', csv([line('A', TUESDAY, 30)]))));
    assert.deepEqual(report.warnings['jump-without-split'], undefined);
  });

  it('a split on the first day of an import explains its jump', async () => {
    await using lake = await openImportLake();
    await lake.import(await lake.file('mon.csv', csv([line('A', '2024-01-08', 30)])));
    const splits = await lake.file('splits.csv', `symbol,ex_date,split_from,split_to\nA,${TUESDAY},1,3\n`);
    const report = await lake.import([splits, await lake.file('tue.csv', csv([line('A', TUESDAY, 10)]))]);
    assert.deepEqual(report.datasets.find(({ dataset }) => dataset === 'daily_bars')?.warnings, {});
  });

  it('a symbol that went to another company starts anew', async () => {
    await using lake = await openImportLake();
    const listings =
      'symbol,first_session,last_session,security_id\nA,2024-01-02,2024-01-05,FIRST\nA,2024-01-08,,SECOND\n';
    const rows = [line('A', '2024-01-05', 7), line('A', '2024-01-08', 95), line('A', '2024-01-09', 9)];
    const report = await lake.import([
      await lake.file('listings.csv', listings),
      await lake.file('bars.csv', csv(rows)),
    ]);
    const { warningExamples } = report.datasets.find(({ dataset }) => dataset === 'daily_bars') ?? only(report);
    assert.deepEqual(
      warningExamples.map(({ kind, date }) => `${kind} ${date}`),
      ['jump-without-split 2024-01-09'],
    );
  });

  it('a session with far more rows than its neighbours is told, like one with far fewer', async () => {
    await using lake = await openImportLake();
    const sessions = calendar.range(isoDate('2024-02-01'), isoDate('2024-02-29'));
    const symbols = Array.from({ length: 10 }, (_, index) => `S${index}`);
    const rows = sessions.flatMap((session, index) => {
      const names = index === 9 ? [...symbols, 'X1', 'X2', 'X3'] : index === 12 ? symbols.slice(0, 5) : symbols;
      return names.map((symbol) => line(symbol, session, 10));
    });
    const { warnings, warningExamples } = only(await lake.import(await lake.file('feb.csv', csv(rows))));
    assert.deepEqual(warnings, { 'few-rows': 1, 'many-rows': 1 });
    assert.deepEqual(
      warningExamples.map(({ kind, date }) => [kind, date]),
      [['many-rows', sessions[9]]],
    );
  });

  it('a file with one symbol of a session that is still provisional does not settle it', async () => {
    const monday = isoDate('2024-01-08');
    await using lake = await openImportLake(calendar.closeMs(monday) + 60_000);
    const symbols = Array.from({ length: 10 }, (_, index) => line(`S${index}`, monday, 10));
    await lake.import(await lake.file('mon.csv', csv(symbols)));
    lake.clock.move(calendar.settlesAtMs(monday) - lake.clock.nowMs());
    await lake.import(await lake.file('one.csv', csv([line('S0', monday, 11)])));
    assert.equal((await lake.rows(SESSIONS))[0]?.state, 'provisional');
    assert.equal((await lake.rows(DAILY_BARS))[0]?.close, 11);
    await lake.import(await lake.file('all.csv', csv(symbols)));
    assert.equal((await lake.rows(SESSIONS))[0]?.state, 'settled');
  });
});
