import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { condvest, temporaryFolder } from './command-line.ts';

/** One small lake, built as a newcomer would build it and read in every way. */
describe('a lake of a simulated market', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let home: string;
  let symbol: string;
  before(async () => {
    folder = await temporaryFolder();
    home = join(folder.path, 'home');
    const built = await condvest(['up', '--once', '--symbols', '12', '--years', '2'], { home });
    assert.equal(built.code, 0, built.err);
    assert.match(built.out, /These prices are simulated/);
    assert.match(built.err, /no problems/i);
    const { out } = await condvest(['symbols', '--json'], { home });
    symbol = (JSON.parse(out) as { symbol: string }[])[0]?.symbol ?? '';
  });
  after(async () => {
    await folder[Symbol.asyncDispose]();
  });

  test('is where a notebook looks for it', () => {
    for (const table of ['bronze/daily_bars', 'silver/bars_21d'])
      assert.ok(existsSync(join(home, 'lake', table, '_delta_log')), table);
  });

  test('is up to date the second time, and nothing is written', async () => {
    const before = await condvest(['tables', '--json'], { home });
    const again = await condvest(['up', '--once'], { home });
    assert.equal(again.code, 0);
    assert.match(again.err, /nothing to fetch/);
    const after = await condvest(['tables', '--json'], { home });
    assert.equal(after.out, before.out);
  });

  test('is not mixed with another simulated market', async () => {
    const other = await condvest(['up', '--once', '--seed', '2'], { home });
    assert.equal(other.code, 2);
    assert.match(other.err, /already holds a different simulated market: seed 1, 12 securities/);
  });

  test('passes deep verification', async () => {
    const { code, out } = await condvest(['verify', '--deep'], { home });
    assert.equal(code, 0, out);
    assert.match(out, /derived again and compared/);
  });

  test('writes clean CSV to a pipe, and the same rows as JSON', async () => {
    const csv = await condvest(['bars', symbol, '--interval', '5d', '--from', '2026-01-01'], { home });
    assert.equal(csv.code, 0, csv.err);
    const [header, ...lines] = csv.out.trimEnd().split('\n');
    assert.equal(
      header,
      'symbol,first_session,last_session,open,high,low,close,volume,vwap,trades,sessions,expected,complete,finality',
    );
    const json = await condvest(['bars', symbol, '--interval', '5d', '--from', '2026-01-01', '--json'], { home });
    const { bars } = JSON.parse(json.out) as { bars: { firstSession: string; close: number }[] };
    assert.deepEqual(
      lines.map((line) => line.split(',')[1]),
      bars.map((bar) => bar.firstSession),
    );
    assert.deepEqual(
      lines.map((line) => Number(line.split(',')[6])),
      bars.map((bar) => bar.close),
    );
  });

  test('gives the same bars in every format', async () => {
    const parquet = join(folder.path, 'bars.parquet');
    const written = await condvest(['bars', symbol, '--output', parquet], { home });
    assert.equal(written.code, 0, written.err);
    const counted = await condvest(
      ['sql', `select count(*) as n, max(session)::varchar as last from '${parquet}'`, '--format', 'csv'],
      { home },
    );
    const csv = await condvest(['bars', symbol, '--format', 'csv'], { home });
    const lines = csv.out.trimEnd().split('\n').slice(1);
    assert.equal(counted.out.trimEnd().split('\n')[1], `${lines.length},${lines.at(-1)?.split(',')[1]}`);
    const arrow = await condvest(['bars', symbol, '--output', join(folder.path, 'bars.arrow')], { home });
    assert.equal(arrow.code, 0, arrow.err);
  });

  test('computes an interval that is not stored', async () => {
    const { code, out } = await condvest(['bars', symbol, '--interval', '7d', '--json'], { home });
    assert.equal(code, 0);
    const answer = JSON.parse(out) as { stored: number; bars: unknown[] };
    assert.equal(answer.stored, 0);
    assert.ok(answer.bars.length > 50);
  });

  test('answers SQL over all tables', async () => {
    const { code, out } = await condvest(
      ['sql', 'select count(distinct symbol) as n from bronze.daily_bars', '--format', 'csv'],
      { home },
    );
    assert.equal(code, 0);
    assert.match(out, /^n\n\d+\n$/);
  });

  test('works from any folder and through a link', async () => {
    const link = join(folder.path, 'linked');
    await symlink(resolve('condvest'), link);
    const { code, out } = await condvest(['tables', '--json'], {
      home,
      cwd: folder.path,
      under: ['sh', '-c', `shift; exec ${link} "$@"`, 'sh'],
    });
    assert.equal(code, 0);
    assert.ok((JSON.parse(out) as unknown[]).length >= 10);
  });

  test('lists versions, and reads any earlier instant as it was', async () => {
    const history = await condvest(['history', 'daily_bars', '--json'], { home });
    const [entry] = JSON.parse(history.out) as { timestampMs: number }[];
    const asOf = new Date(entry?.timestampMs ?? 0).toISOString();
    const { code } = await condvest(['bars', symbol, '--as-of', asOf, '--json'], { home });
    assert.equal(code, 0);
    const tooEarly = await condvest(['bars', symbol, '--as-of', '2020-01-01T00:00:00Z'], { home });
    assert.equal(tooEarly.code, 2);
    assert.match(tooEarly.err, /There were no daily bars|no daily bars at that instant/);
  });

  test('does not complain when the reader of its output leaves early', async () => {
    const { code, err, out } = await condvest(['bars', symbol, '--format', 'csv'], {
      home,
      under: ['sh', '-c', '"$@" | head -2', 'sh'],
    });
    assert.equal(code, 0);
    assert.equal(err, '');
    assert.equal(out.split('\n').length, 3);
  });
});
