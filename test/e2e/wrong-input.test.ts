import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { condvest, type RunOptions, temporaryFolder } from './command-line.ts';

/** Every invalid input gets one clear message and its exit code, no stack trace, and leaves nothing half-done. */

const GOOD = 'symbol,date,open,high,low,close,volume\nAAA,2024-01-03,10,12,9,11,100\nAAA,2024-01-04,11,13,10,12,100\n';

describe('the command line answers with one clear message to', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let home: string;
  const file = (name: string): string => join(folder.path, name);
  before(async () => {
    folder = await temporaryFolder();
    home = file('home');
    await writeFile(file('good.csv'), GOOD);
    await writeFile(file('text.parquet'), 'this is no Parquet file\n'.repeat(50));
    await writeFile(file('empty.csv'), '');
    await writeFile(file('columns.csv'), 'symbol,colour\nAAA,red\n');
    await writeFile(file('types.csv'), 'symbol,date,open,high,low,close,volume\nAAA,2024-01-03,ten,12,9,11,100\n');
    await writeFile(file('dates.csv'), 'symbol,date,open,high,low,close,volume\nAAA,03/01/2024,10,12,9,11,100\n');
    await mkdir(file('a-folder'));
    const filled = await condvest(['import', file('good.csv')], { home });
    assert.ok(filled.code === 0 || filled.code === 3, filled.err);
    const parquet = await condvest(['bars', 'AAA', '--output', file('good.parquet')], { home });
    assert.equal(parquet.code, 0, parquet.err);
    const { readFile } = await import('node:fs/promises');
    const bytes = await readFile(file('good.parquet'));
    await writeFile(file('truncated.parquet'), bytes.subarray(0, bytes.length - 40));
  });
  after(async () => {
    await folder[Symbol.asyncDispose]();
  });

  /** Runs a command that must fail, and checks the rules that hold for every message. */
  async function failsWith(
    args: readonly string[],
    code: number,
    message: RegExp,
    options: RunOptions = {},
  ): Promise<void> {
    const outcome = await condvest(args, { home, ...options });
    assert.equal(outcome.code, code, outcome.err + outcome.out);
    assert.match(outcome.err, message);
    assert.match(outcome.err, /^condvest: /m);
    assert.doesNotMatch(outcome.err, /\n\s+at .*:\d+/, 'a stack trace');
  }

  test('a missing file', () => failsWith(['import', file('nowhere.csv')], 2, /nowhere\.csv/));
  test('a folder in place of a file', () => failsWith(['import', file('a-folder')], 2, /a-folder/));
  test('a text file called .parquet', () => failsWith(['import', file('text.parquet')], 2, /text\.parquet/));
  test('a truncated Parquet file', () => failsWith(['import', file('truncated.parquet')], 2, /truncated\.parquet/));
  test('an empty file', () => failsWith(['import', file('empty.csv')], 2, /empty\.csv/));
  test('a file without the columns', () =>
    failsWith(['import', '--dataset', 'daily_bars', file('columns.csv')], 2, /open|date|session/));
  test('values of the wrong type', () => failsWith(['import', file('types.csv')], 1, /quarantine|refused|ten/i));
  test('dates whose day and month cannot be told apart', () =>
    failsWith(['import', file('dates.csv')], 2, /03\/01\/2024|ISO|YYYY/));
  test('an unknown dataset', () =>
    failsWith(['import', '--dataset', 'candles', file('good.csv')], 2, /daily_bars, splits, dividends, listings/));
  test('no file at all', () => failsWith(['import'], 2, /missing required argument/));
  test('an unknown symbol, with similar ones', () => failsWith(['bars', 'AAB'], 2, /AAB.*AAA/));
  test('a date in the future', () => failsWith(['bars', 'AAA', '--from', '2124-01-01'], 2, /future/));
  test('a range that begins after it ends', () =>
    failsWith(['bars', 'AAA', '--from', '2024-02-01', '--to', '2024-01-01'], 2, /begins after it ends/));
  test('a date that does not exist', () => failsWith(['bars', 'AAA', '--from', '2023-02-29'], 2, /existing date/));
  test('an interval of no sessions', () => failsWith(['bars', 'AAA', '--interval', '0'], 2, /2d to 252d/));
  test('an interval longer than a year', () => failsWith(['bars', 'AAA', '--interval', '253d'], 2, /2d to 252d/));
  test('an instant without a zone', () => failsWith(['bars', 'AAA', '--as-of', '2024-01-03T10:00'], 2, /zone/));
  test('a table that does not exist', () => failsWith(['history', 'candles'], 2, /bronze\/daily_bars/));
  test('a statement that is not SQL', () => failsWith(['sql', 'selec 1'], 2, /syntax error/));
  test('an option that does not exist', () => failsWith(['bars', 'AAA', '--intervall', '3'], 2, /--intervall/));
  test('one argument too many', () =>
    failsWith(['fetch', 'AAA'], 2, /too many arguments for 'fetch'.*got 1\. See: condvest help/));
  test('a command that does not exist, with the one that was meant', () =>
    failsWith(['imports'], 2, /Did you mean import\?/));
  test('a retention that a running reader could need', () =>
    failsWith(['vacuum', '--retention-days', '1'], 2, /force/i));
  test('a file that cannot be written to', () =>
    failsWith(['bars', 'AAA', '--output', file('no/such/folder.csv')], 1, /folder\.csv/));

  test('several invalid settings at once', async () => {
    await failsWith(
      ['tables'],
      2,
      /CONDVEST_INTERVAL is not a setting; did you mean CONDVEST_INTERVALS\?.*CONDVEST_MEMORY_LIMIT is "lots"/,
      {
        env: { CONDVEST_INTERVAL: '3', CONDVEST_MEMORY_LIMIT: 'lots' },
      },
    );
  });

  test('an empty lake', () => failsWith(['bars', 'AAA'], 1, /condvest up/, { home: file('empty-home') }));

  test('a home below a file, for any command', async () => {
    for (const args of [['keys', 'list'], ['pipeline', 'history'], ['status'], ['up', '--once']])
      await failsWith(args, 1, /home folder is not writable.*good\.csv.*CONDVEST_HOME/, {
        home: file('good.csv/home'),
      });
  });

  test('an error, as JSON on request', async () => {
    const { code, out } = await condvest(['bars', 'AAB', '--json'], { home });
    assert.equal(code, 2);
    assert.equal((JSON.parse(out) as { error: { code: string } }).error.code, 'symbol-unknown');
  });

  test('a lake of a newer protocol', async () => {
    const newer = file('newer');
    await condvest(['import', file('good.csv')], { home: newer });
    const log = join(newer, 'lake/bronze/daily_bars/_delta_log');
    const name = String((await readdir(log)).filter((entry) => entry.endsWith('.json')).length).padStart(20, '0');
    await writeFile(
      join(log, `${name}.json`),
      `${JSON.stringify({ protocol: { minReaderVersion: 9, minWriterVersion: 9 } })}\n`,
    );
    await failsWith(['bars', 'AAA'], 1, /newer|version|protocol/i, { home: newer });
  });

  test('a read-only folder', async () => {
    const locked = file('locked');
    await mkdir(locked);
    await chmod(locked, 0o555);
    await chmod(folder.path, 0o755);
    // Root may write anywhere, so the command runs as an unprivileged user.
    const under = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
    await failsWith(['import', file('good.csv')], 1, /is not writable/, { home: join(locked, 'home'), under });
  });

  test('no command that only reads, in a home folder that is not writable', async () => {
    const [readable, read] = [file('readable'), promisify(execFile)];
    const filled = await condvest(['import', file('good.csv')], { home: readable });
    assert.ok(filled.code === 0 || filled.code === 3, filled.err);
    const key = await condvest(['keys', 'create', 'notebook'], { home: readable });
    assert.equal(key.code, 0, key.err);
    await chmod(folder.path, 0o755);
    await read('chmod', ['-R', 'a=rX', readable]);
    await mkdir(file('scratch'));
    await chmod(file('scratch'), 0o777);
    const under = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
    const options = { home: readable, under, env: { TMPDIR: file('scratch') } };
    for (const args of [
      ['bars', 'AAA'],
      ['sql', 'select count(*) from bronze.daily_bars'],
      ['tables'],
      ['symbols'],
      ['history', 'bronze/daily_bars'],
      ['gaps'],
      ['quality'],
      ['verify'],
      ['status'],
      ['pipeline', 'history'],
      ['notify', 'digest'],
      ['keys', 'list'],
      ['restore', 'bronze/daily_bars', '--version', '0', '--dry-run'],
      ['repair', '--damaged', '--dry-run'],
    ]) {
      const outcome = await condvest(args, options);
      assert.ok(outcome.code === 0 || outcome.code === 3, `${args[0]}: ${outcome.code} ${outcome.err}${outcome.out}`);
      if (args[0] === 'keys') assert.match(outcome.out, /notebook/);
    }
    await failsWith(['keys', 'create', 'another'], 1, /may write to the file and its folder/, options);
    await read('chmod', ['-R', 'u+w', readable]);
  });

  test('a full disk, committing nothing, so that the same import succeeds later', async () => {
    const full = file('full');
    let rows = 'symbol,date,open,high,low,close,volume\n';
    for (let i = 0; i < 3000; i += 1)
      rows += `S${i},2024-01-03,${10 + (i % 7)},${20 + i},5,${11 + (i % 5)},${i * 13}\n`;
    await writeFile(file('large.csv'), rows);
    const limited = ['sh', '-c', 'ulimit -f 8; exec "$@"', 'sh'];
    const outcome = await condvest(['import', file('large.csv')], { home: full, under: limited });
    assert.notEqual(outcome.code, 0);
    const later = await condvest(['import', file('large.csv'), '--json'], { home: full });
    assert.ok(later.code === 0 || later.code === 3, later.err);
    const checked = await condvest(['verify'], { home: full });
    assert.equal(checked.code, 0, checked.out);
  });

  test('two concurrent imports of one file, which both succeed and store each row once', async () => {
    const shared = file('shared');
    const both = await Promise.all([1, 2].map(() => condvest(['import', file('good.csv')], { home: shared })));
    for (const outcome of both) assert.ok(outcome.code === 0 || outcome.code === 3, outcome.err);
    const { out } = await condvest(['sql', 'select count(*) as n from bronze.daily_bars', '--format', 'csv'], {
      home: shared,
    });
    assert.equal(out, 'n\n2\n');
  });

  test('a run for a day that is not a session or has not closed, before it begins', async () => {
    const options = { home: file('simulated'), env: { CONDVEST_SOURCE: 'simulated' } };
    for (const session of ['2026-11-22', '2099-06-01', '1950-01-01', '2024-12-25'])
      await failsWith(
        ['pipeline', 'run', '--session', session],
        2,
        new RegExp(`${session}.* a session from 1962-01-02`),
        options,
      );
    const { out } = await condvest(['pipeline', 'history', '--json'], options);
    assert.deepEqual(JSON.parse(out), []);
  });

  test('Ctrl-C, exiting with 130 and leaving the lake whole', async () => {
    const stopped = file('stopped');
    const outcome = await condvest(['up', '--once', '--symbols', '60', '--years', '4'], {
      home: stopped,
      started: (child) => {
        child.stderr?.once('data', () => child.kill('SIGINT'));
      },
    });
    assert.equal(outcome.code, 130, outcome.err);
    assert.match(outcome.err, /stopping/);
    const checked = await condvest(['verify'], { home: stopped });
    assert.equal(checked.code, 0, checked.out + checked.err);
    const again = await condvest(['up', '--once'], { home: stopped });
    assert.equal(again.code, 0, again.err);
  });
});
