import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const WORKER = new URL('small-disk.ts', import.meta.url).pathname;
/** Mounts a small disk that only the command and what it starts can see. */
const MOUNTED = 'mount -t tmpfs -o size=6m none "$0" && exec "$@"';
const canMount = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=1m none /mnt']).status === 0;

test('on a full disk nothing is half-written, and keeping goes on when there is room; a read-only one can be read', {
  skip: canMount ? false : 'this system lets nobody mount a small disk',
}, async () => {
  const root = await mkdtemp(join(tmpdir(), 'condvest-small-disk-'));
  try {
    const command = ['-rm', 'sh', '-c', MOUNTED, root, process.execPath, WORKER, root];
    const { status, stderr } = spawnSync('unshare', command, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  } finally {
    await rm(root, { recursive: true });
  }
});
