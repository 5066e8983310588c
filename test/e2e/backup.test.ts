import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { condvest, LAUNCHER, temporaryFolder, testEnvironment } from './command-line.ts';
import { fillHome } from './simulated-home.ts';

/** Runs the steps of the backup and restore guide as a reader would type them. */
const GUIDE = 'docs/how-to/operate.md';

test('a copy taken during a run, as the guide describes, can be restored, verified and continued', async () => {
  const text = await readFile(GUIDE, 'utf8');
  const [, chapter = ''] = /^## Backup and restore\n(.*?)^## /ms.exec(text) ?? [];
  const [backup, restore] = [...chapter.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block]) => block ?? '');
  assert.ok(backup !== undefined && restore !== undefined);
  await using folder = await temporaryFolder();
  const cwd = folder.path;
  const home = join(cwd, '.condvest');
  await symlink(LAUNCHER, join(cwd, 'condvest'));
  const PATH = `${dirname(process.execPath)}:${process.env.PATH ?? ''}`;
  const type = (block: string): Promise<{ stdout: string }> =>
    promisify(execFile)('sh', ['-c', block], { cwd, env: { ...testEnvironment(), PATH } });

  await fillHome(home);
  const key = await condvest(['keys', 'create', 'notebook'], { home });
  assert.equal(key.code, 0, key.err);
  const refetch = condvest(['fetch', '--again', '--from', '2026-01-02'], { home });
  await type(backup);
  await refetch;
  const { stdout } = await type(restore);
  assert.match(stdout, /No problems in/);
  const restored = join(cwd, 'restored');
  const run = await condvest(['pipeline', 'run'], { home: restored });
  assert.equal(run.code, 0, run.err);
  const verified = await condvest(['verify', '--deep'], { home: restored });
  assert.equal(verified.code, 0, verified.out);
  assert.match((await condvest(['keys', 'list'], { home: restored })).out, /notebook/);
  const runs = JSON.parse((await condvest(['pipeline', 'history', '--json'], { home: restored })).out) as object[];
  assert.equal(runs.length, 2, 'the build before the backup and the run after the restore');
  // The steps can be repeated over the previous copy.
  await type(backup);
});
