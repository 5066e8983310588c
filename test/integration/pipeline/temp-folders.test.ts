import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '#runtime/config/config.ts';
import { makeTempFolder, sweepTempFolders } from '#runtime/home-folder/temp-folders.ts';
import { openLocal } from '#runtime/local/open-local.ts';

const DAY_MS = 86_400_000;

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '0']);
  await once(child, 'exit');
  return child.pid ?? assert.fail('it was started');
}

test('temporary folders of killed processes go after a day; those of the living and of other machines stay', async () => {
  const home = await mkdtemp(join(tmpdir(), 'condvest-temp-'));
  try {
    const root = join(home, 'tmp');
    const dead = await deadPid();
    const [gone, young, alive] = [
      await makeTempFolder(root, { pid: dead, id: 'aaaaaaaa' }),
      await makeTempFolder(root, { pid: dead, id: 'bbbbbbbb' }),
      await makeTempFolder(root, { pid: process.ppid, id: 'cccccccc' }),
    ];
    await writeFile(join(gone, 'spilled'), 'rows');
    const elsewhere = join(root, `another-machine-${dead}-dddddddd`);
    await writeFile(elsewhere, '');
    const old = new Date(Date.now() - 2 * DAY_MS);
    for (const path of [gone, alive, elsewhere]) await utimes(path, old, old);
    const environment = { CONDVEST_HOME: home };
    await using app = await openLocal(readConfig({ environment, workingFolder: home }));
    assert.deepEqual(
      new Set(await readdir(root)),
      new Set([young, alive, elsewhere, app.tempFolder].map((path) => basename(path))),
    );
  } finally {
    await rm(home, { recursive: true });
  }
});

test('who only reads leaves no file in the home folder, and shares no folder with other users', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-temp-'));
  const before = process.env.TMPDIR;
  try {
    const config = readConfig({ environment: { CONDVEST_HOME: join(folder, 'home') }, workingFolder: folder });
    process.env.TMPDIR = folder;
    {
      await using app = await openLocal(config, { readOnly: true });
      // Where a Parquet export is written before it is sent.
      assert.equal(dirname((await app.lake.scratchFile()).path), app.tempFolder);
      assert.equal(dirname(app.tempFolder), join(folder, `condvest-${process.getuid?.() ?? 'user'}`));
    }
    assert.ok(!(await readdir(folder)).includes('home'));
    process.env.TMPDIR = join(folder, 'file');
    await writeFile(process.env.TMPDIR, '');
    await assert.rejects(openLocal(config, { readOnly: true }), { code: 'temp-not-writable', message: /TMPDIR/ });
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    await rm(folder, { recursive: true });
  }
});

test('a start removes a bounded number of them', async () => {
  const root = await mkdtemp(join(tmpdir(), 'condvest-temp-'));
  try {
    const pid = await deadPid();
    for (let number = 10; number < 35; number += 1) await makeTempFolder(root, { pid, id: `${number}` });
    assert.equal(await sweepTempFolders(root, Date.now() + DAY_MS), 20);
    assert.equal(await sweepTempFolders(root, Date.now() + DAY_MS), 5);
  } finally {
    await rm(root, { recursive: true });
  }
});
