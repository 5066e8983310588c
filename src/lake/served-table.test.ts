import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { CondvestError } from '#base/errors.ts';

import { Engine } from './engine.ts';
import { BLOCK_ROWS, type NumberBlock, type NumberTable } from './number-table.ts';
import { sqlText } from './sql-text.ts';

let folder: string;
let engine: Engine;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'condvest-served-'));
  engine = await Engine.create({ tempFolder: join(folder, 'tmp'), threads: 2, memoryLimitBytes: 256_000_000 });
});
after(async () => {
  engine.close();
  await rm(folder, { recursive: true, force: true });
});

const COLUMNS = [
  { name: 'i', type: 'integer' },
  { name: 'x', type: 'double' },
] as const;

/** Rows `from` on: an integer, and half of it. */
function block(from: number, rowCount: number): NumberBlock {
  const whole = Int32Array.from({ length: BLOCK_ROWS }, (_, row) => from + row);
  return { rowCount, columns: [whole, Float64Array.from(whole, (value) => value / 2)] };
}

function tableOf(rows: number): NumberTable {
  const blocks = Array.from({ length: Math.ceil(rows / BLOCK_ROWS) }, (_, number) =>
    block(number * BLOCK_ROWS, Math.min(BLOCK_ROWS, rows - number * BLOCK_ROWS)),
  );
  return { columns: COLUMNS, blocks };
}

/** A table of which one block cannot be given. */
function broken(): NumberTable {
  const blocks = [block(0, BLOCK_ROWS), block(BLOCK_ROWS, BLOCK_ROWS)];
  const bad: NumberBlock = {
    rowCount: 10,
    get columns(): never {
      throw new RangeError('these rows are lost');
    },
  };
  return { columns: COLUMNS, blocks: [...blocks, bad] };
}

async function errorOf(call: Promise<unknown>): Promise<CondvestError> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof CondvestError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'no error' });
}

test('a statement reads the rows that the program holds, in their order, as often as it likes', async () => {
  using served = await engine.serve(tableOf(10_000));
  for (let time = 0; time < 2; time += 1) {
    const { i = [], x = [] } = await engine.columns(`select * from ${served.sql}`);
    assert.deepEqual(
      i,
      Array.from({ length: 10_000 }, (_, row) => row),
    );
    assert.deepEqual(
      x,
      Array.from({ length: 10_000 }, (_, row) => row / 2),
    );
  }
  using empty = await engine.serve(tableOf(0));
  assert.deepEqual(await engine.rows(`select count(*) as n from ${empty.sql}`), [{ n: 0 }]);
});

test('what is written of it by COPY with a sort over several threads is all of it', async () => {
  using served = await engine.serve(tableOf(300_000));
  const path = sqlText(join(folder, 'sorted.parquet'));
  await engine.run(`copy (from ${served.sql} order by i desc) to ${path} (format parquet)`);
  const { i = [], x = [] } = await engine.columns(`from ${path}`);
  assert.deepEqual(
    i,
    Array.from({ length: 300_000 }, (_, row) => 299_999 - row),
  );
  assert.deepEqual(
    x,
    i.map((value) => Number(value) / 2),
  );
});

test('several statements of several sessions read several tables at once', async () => {
  using first = await engine.serve(tableOf(50_000));
  using second = await engine.serve(tableOf(70_000));
  const selects = [first, second, first, second].map(
    ({ sql }) => `select sum(a.i) as i from ${sql} a join ${sql} b using (i)`,
  );
  const found = await Promise.all(selects.map((select) => engine.rows<{ i: number }>(select)));
  assert.deepEqual(
    found.map(([row]) => row?.i),
    [1_249_975_000, 2_449_965_000, 1_249_975_000, 2_449_965_000],
  );
});

test('an error while rows are given fails the statement, leaves no file, and no other statement suffers', async () => {
  using served = await engine.serve(broken());
  const path = join(folder, 'broken.parquet');
  const error = await errorOf(engine.run(`copy (from ${served.sql}) to ${sqlText(path)} (format parquet)`));
  assert.equal(error.code, 'engine-sql');
  assert.match(error.found ?? '', /these rows are lost/);
  assert.equal(existsSync(path), false);
  using sound = await engine.serve(tableOf(3));
  assert.deepEqual(await engine.rows(`select sum(i) as i from ${sound.sql}`), [{ i: 3 }]);
});

test('a block with too few values, or values of another type, is refused before it is copied', async () => {
  const short = { ...block(0, 10), columns: [new Int32Array(10), new Float64Array(9)] };
  const swapped = { ...block(0, 10), columns: [new Float64Array(10), new Int32Array(10)] };
  for (const bad of [short, swapped, block(0, BLOCK_ROWS + 1), block(0, 0)]) {
    using served = await engine.serve({ columns: COLUMNS, blocks: [bad] });
    assert.match((await errorOf(engine.rows(`from ${served.sql}`))).found ?? '', /10 values|a block of/);
  }
});

test('a statement that reads a served table can be canceled', async () => {
  // 200 million rows, of one block over and over.
  using served = await engine.serve({ columns: COLUMNS, blocks: new Array(100_000).fill(block(0, BLOCK_ROWS)) });
  using session = await engine.session();
  const path = join(folder, 'canceled.parquet');
  const copy = errorOf(session.run(`copy (from ${served.sql}) to ${sqlText(path)} (format parquet)`));
  while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 5));
  session.interrupt();
  assert.equal((await copy).code, 'engine-interrupted');
  assert.equal(existsSync(path), false);
});

test('closing a session cancels the statement that reads a served table, and does not wait for it for ever', async () => {
  using served = await engine.serve({ columns: COLUMNS, blocks: new Array(100_000).fill(block(0, BLOCK_ROWS)) });
  const session = await engine.session();
  const path = join(folder, 'closed.parquet');
  const copy = errorOf(session.run(`copy (from ${served.sql}) to ${sqlText(path)} (format parquet)`));
  while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 5));
  session.close();
  assert.equal((await copy).code, 'engine-interrupted');
});

test('a table that was disposed of is gone', async () => {
  const served = await engine.serve(tableOf(3));
  served[Symbol.dispose]();
  assert.match((await errorOf(engine.rows(`from ${served.sql}`))).found ?? '', /table \d+ is served/);
});

test('columns of numbers stream without a value for each of them, and an error in the middle is told', async () => {
  using session = await engine.session();
  const sums = [0, 0];
  for await (const [i, x] of await session.streamNumbers('select i::integer as i, i / 4 as x from range(9000) r(i)')) {
    for (const value of i ?? []) sums[0] = (sums[0] ?? 0) + value;
    for (const value of x ?? []) sums[1] = (sums[1] ?? 0) + value;
  }
  assert.deepEqual(sums, [40_495_500, 10_123_875]);
  const failing = `select case when i < 8000 then i::integer else error('too far')::integer end as i from range(9000) r(i)`;
  const read = async (): Promise<void> => {
    for await (const _ of await session.streamNumbers(failing));
  };
  assert.match((await errorOf(read())).found ?? '', /too far/);
});
