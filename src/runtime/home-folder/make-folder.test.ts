import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeFolder } from './make-folder.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'condvest-folder-'));
});
after(() => rm(root, { recursive: true, force: true }));

test('a folder is made with those above it, by several at once, and again', async () => {
  const path = join(root, 'a', 'b', 'c');
  await Promise.all(Array.from({ length: 8 }, () => makeFolder(path)));
  await makeFolder(path);
  assert.ok((await stat(path)).isDirectory());
});

test('below a file, and in the place of one, there is no folder to make', async () => {
  const file = join(root, 'file');
  await writeFile(file, '');
  await assert.rejects(makeFolder(join(file, 'x')), { code: 'ENOTDIR' });
  await assert.rejects(makeFolder(file), { code: 'EEXIST' });
});

test('a file system that takes no folders is no reason to try for ever', {
  skip: existsSync('/proc/self') ? false : 'there is no /proc here',
}, async () => {
  await assert.rejects(makeFolder('/proc/condvest/home'), { code: 'ENOENT' });
});
