import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { isoDate } from '#base/dates.ts';
import { deriveRestatements } from '#batch/restatements/restatements.ts';
import { replaceAll, stageRows } from '#batch/tables/small-table.ts';
import type { SqlParameter } from '#lake/engine-session.ts';
import type { TableDefinition } from '#lake/schema.ts';
import { LISTINGS, QUARANTINE, SPLITS } from '#lake/tables.ts';
import { type Row, rowsOf } from '#serving/export/table-stream.ts';
import { readBars } from '#serving/read/bars.ts';
import { MarketCaches } from '#serving/read/market-caches.ts';
import { runQuery } from '#serving/read/query.ts';
import { type MarketLake, openMarketLake } from '#test/fixtures/market-lake.ts';
import { pythonLacks, runPython } from '#test/fixtures/python.ts';

/** The code blocks of one language in a guide. What a reader is told to type is what runs here. */
function blocks(guide: string, language: string): string[] {
  const text = readFileSync(`docs/how-to/${guide}.md`, 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code);
}

/** AAA was OLD until March 2023 and split twice; two vendors disagree on a third split. */
async function openGuideLake(): Promise<MarketLake> {
  const market = await openMarketLake(Date.parse('2024-05-01T16:00:00Z'));
  const { lake } = market.test;
  const put = async (definition: TableDefinition, rows: readonly (readonly SqlParameter[])[]): Promise<void> => {
    await lake.table(definition).write(async (base) => replaceAll(base, await stageRows(lake, definition, rows), {}));
  };
  const listed = (symbol: string, first: string, last: string | null): SqlParameter[] => [
    ...['AAA', symbol, first, last, 'Triple A', 'CS', 'XNYS', null, 'test', 0],
  ];
  await put(LISTINGS, [listed('OLD', '2022-01-03', '2023-02-28'), listed('AAA', '2023-03-01', null)]);
  await market.put(market.calendar.range(isoDate('2022-10-03'), isoDate('2023-02-28')), 0, { symbols: ['OLD', 'ZZZ'] });
  await market.put(market.calendar.range(isoDate('2023-03-01'), isoDate('2024-03-28')), 0, { symbols: ['AAA', 'ZZZ'] });
  await put(SPLITS, [
    ['AAA', '2023-01-17', 1, 2, 'test', 0],
    ['AAA', '2023-08-15', 2, 3, 'test', 0],
    ['AAA', '2023-11-15', 1, 5, 'test', 0],
    ['AAA', '2023-11-15', 1, 6, 'other', 0],
    ['AAA', '2024-06-03', 1, 10, 'test', 0],
  ]);
  await put(QUARANTINE, [['daily_bars', '{}', 'price ≤ 0', 'abc', 1, 'test', 0]]);
  await market.resample([5, 21]);
  await deriveRestatements({ lake, calendar: market.calendar });
  return market;
}

interface Values {
  readonly first: string;
  readonly open: number | null;
  readonly close: number | null;
  readonly volume: number | null;
}

async function expectedWindows(market: MarketLake): Promise<Values[]> {
  const { test: open, calendar, clock } = market;
  const deps = { lake: open.lake, calendar, clock, caches: new MarketCaches(open.lake) };
  const result = await readBars(deps, { symbol: 'AAA', interval: 21 });
  assert(result.grain === 'window');
  assert.deepEqual(
    result.segments.map(({ symbol }) => symbol),
    ['AAA', 'OLD', 'AAA'],
  );
  return result.bars.map(({ firstSession: first, open: price, close, volume }) => ({
    first,
    open: price,
    close,
    volume,
  }));
}

function assertSame(found: readonly Values[], expected: readonly Values[]): void {
  assert.equal(found.length, expected.length);
  for (const [index, want] of expected.entries()) {
    const have = found[index];
    assert.equal(have?.first, want.first);
    for (const name of ['open', 'close', 'volume'] as const) {
      const [a, b] = [Number(have?.[name]), Number(want[name])];
      assert(Math.abs(a - b) <= 1e-9 * Math.abs(b), `${want.first} ${name}: ${a}, not ${b}`);
    }
  }
}

/** A folder that looks to a guide's reader like theirs: the lake is in `.condvest/lake`. */
async function readersFolder(market: MarketLake): Promise<string> {
  const folder = join(market.test.root, '..', 'reader');
  await mkdir(join(folder, '.condvest'), { recursive: true });
  await symlink(market.test.root, join(folder, '.condvest', 'lake'));
  return folder;
}

test('every statement of the SQL guide runs, and its adjustment equals ours', async () => {
  await using market = await openGuideLake();
  const answers: Row[][] = [];
  for (const statement of blocks('read-with-sql', 'sql')) {
    await using query = await runQuery({ lake: market.test.lake, clock: market.clock }, { statement, intervals: [] });
    const rows: Row[] = [];
    for await (const batch of query.table.batches) rows.push(...rowsOf(query.table.fields, batch));
    answers.push(rows);
  }
  assert.equal(answers.length, 5);
  const found = (answers[0] ?? []).map((row) => ({ ...row, first: String(row.first_session) }) as unknown as Values);
  assertSame(found, await expectedWindows(market));
});

test('every block of the Python guide runs, and its adjustment equals ours', {
  skip: pythonLacks('polars', 'pandas', 'deltalake', 'duckdb', 'pyarrow'),
}, async () => {
  await using market = await openGuideLake();
  const folder = await readersFolder(market);
  const script = `
import json, os, sys
os.chdir(sys.argv[1])
${blocks('read-from-python', 'python').join('\n')}
print(json.dumps({
    "complete": len(bars), "daily": len(frame), "busiest": len(busiest), "then": rows_then,
    "today": [{"first": str(r["first_session"]), **{k: r[k] for k in ("open", "close", "volume")}} for r in today.to_dicts()],
}))`;
  const told = (await runPython(script, folder)) as Record<string, unknown>;
  const expected = await expectedWindows(market);
  assertSame(told.today as Values[], expected);
  assert.equal(told.daily, market.calendar.range(isoDate('2023-03-01'), isoDate('2024-03-28')).length);
  assert.equal(told.busiest, 5);
  assert.equal(told.then, 2 * market.calendar.range(isoDate('2022-10-03'), isoDate('2023-02-28')).length);
});

test('the programs of the TypeScript guide run as they are', async () => {
  await using market = await openGuideLake();
  const folder = await readersFolder(market);
  const library = pathToFileURL(join(import.meta.dirname, '../../../src/runtime/library.ts')).href;
  const programs = blocks('read-from-typescript', 'ts');
  assert.equal(programs.length, 2);
  const outputs: string[] = [];
  for (const [index, program] of programs.entries()) {
    const path = join(folder, `program-${index}.ts`);
    await writeFile(path, program.replaceAll(`'condvest'`, `'${library}'`));
    const options = { cwd: folder, env: { PATH: process.env.PATH } };
    const { stdout } = await promisify(execFile)(process.execPath, [path], options);
    outputs.push(stdout);
  }
  assert.match(outputs[0] ?? '', /up to 2024-03-28, traded as AAA, OLD, AAA/);
  assert.match(outputs[0] ?? '', /symbol-unknown No data for "AAB"\. Did you mean AAA/);
  assert.match(outputs[1] ?? '', /kind: 'split'/);
});
