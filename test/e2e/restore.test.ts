import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { readConfig } from '#runtime/config/config.ts';
import { openLake } from '#runtime/library.ts';
import { openLocal } from '#runtime/local/open-local.ts';
import { acquireWorkLease } from '#runtime/runs/work-lease.ts';
import { restoreTask } from '#runtime/tasks/tasks.ts';
import { condvest, type Outcome, temporaryFolder } from './command-line.ts';

const HEADER = 'symbol,date,open,high,low,close,volume\n';
const RIGHT = `${HEADER}A,2024-01-02,10,12,9,11,100\nA,2024-01-03,10,12,9,11,100\nA,2024-01-04,10,12,9,11,100\n`;
const WRONG = `${HEADER}A,2024-01-03,100,120,90,110,100\nA,2024-01-05,10,12,9,11,100\n`;

async function ok(outcome: Promise<Outcome>): Promise<string> {
  const { code, out, err } = await outcome;
  assert.equal(code, 0, err);
  return out;
}

describe('undoing an import on the command line', () => {
  test('the line that the import prints brings back what was there', async () => {
    await using folder = await temporaryFolder();
    const home = join(folder.path, 'home');
    const [right, wrong] = [join(folder.path, 'right.csv'), join(folder.path, 'wrong.csv')];
    await writeFile(right, RIGHT);
    await writeFile(wrong, WRONG);
    const first = await ok(condvest(['import', right], { home }));
    assert.match(first, /^Undo: condvest restore daily_bars --empty$/m);
    await ok(condvest(['resample'], { home }));
    const bars = await ok(condvest(['bars', 'A', '--interval', '3d'], { home }));

    const report = JSON.parse(await ok(condvest(['import', wrong, '--json'], { home }))) as {
      undo: { command: string }[];
    };
    await ok(condvest(['resample'], { home }));
    const betweenMs = Date.now();
    const [, ...undo] = report.undo[0]?.command.split(' ') ?? [];
    assert.deepEqual(undo, ['restore', 'daily_bars', '--version', '0']);
    const dry = await ok(condvest([...undo, '--dry-run'], { home }));
    assert.match(dry, /would be restored to version 0 of .*\n {2}rows: 1 removed, 1 replaced by earlier ones\n/);
    const done = await ok(condvest(undo, { home }));
    assert.match(done, /restored to version 0 of .* → version 2\n/);
    assert.match(done, /2 sessions, 2024-01-03 to 2024-01-05\n {2}1 session without bars: condvest gaps lists them\n/);
    assert.match(done, /silver\/bars_3d +updated: 1 window,/);
    assert.match(done, /4 restored values recorded\nUndo: condvest restore daily_bars --version 1\n/);
    assert.equal(await ok(condvest(['bars', 'A', '--interval', '3d'], { home })), bars);
    assert.match(await ok(condvest(undo, { home })), /already has the rows of version 0 .*: nothing to restore\.\n$/);
    const history = await ok(condvest(['history', 'daily_bars'], { home }));
    assert.match(history, /2 .* RESTORE +version 0 .*\n.*1 .* WRITE +import of wrong\.csv .*\n/);

    await using lake = await openLake({ home });
    const [now] = (await lake.bars({ symbol: 'A', from: '2024-01-03', to: '2024-01-03' })).bars;
    const [then] = (await lake.bars({ symbol: 'A', from: '2024-01-03', to: '2024-01-03', asOfMs: betweenMs })).bars;
    assert.deepEqual([now?.close, then?.close], [11, 110]);
    const [newest] = await lake.history('daily_bars', 1);
    assert.deepEqual([newest?.operation, newest?.parameters['version']], ['RESTORE', 0]);
  });

  test('one version must be named, and a run in progress is not disturbed', async () => {
    await using folder = await temporaryFolder();
    const home = folder.path;
    const right = join(home, 'right.csv');
    await writeFile(right, RIGHT);
    await ok(condvest(['import', right], { home }));
    for (const args of [[], ['--version', '0', '--empty']]) {
      const { code, err } = await condvest(['restore', 'daily_bars', ...args], { home });
      assert.equal(code, 2, `${args.join(' ')}: ${err}`);
    }
    await using app = await openLocal(readConfig({ environment: { CONDVEST_HOME: home }, workingFolder: home }));
    const lease = await acquireWorkLease(app);
    const request = { table: 'daily_bars', to: 'empty' } as const;
    await assert.rejects(restoreTask(app, request), { code: 'pipeline-busy', kind: 'transient' });
    assert.equal((await restoreTask(app, { ...request, dryRun: true })).restore.removed, 3);
    const busy = await condvest(['restore', 'daily_bars', '--empty'], { home });
    assert.deepEqual([busy.code, busy.out], [1, '']);
    await lease.release();
    assert.equal((await restoreTask(app, request)).restore.version, 1);
  });
});
