import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { FsObjectStore } from './object-store.ts';

// What every store promises is tried by test/contract; here is what only a folder can meet.

async function temporary(parent = tmpdir()): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(parent, 'condvest-fs-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

const bytes = Buffer.from('v');

describe('object store on a folder', () => {
  it('writes nothing before the first write', async () => {
    await using folder = await temporary();
    const store = new FsObjectStore({ root: join(folder.path, 'lake') });
    assert.equal(await store.get('k'), undefined);
    assert.deepEqual(await readdir(folder.path), []);
  });

  it('says clearly that a file stands where the folder should be', async () => {
    await using folder = await temporary();
    await writeFile(join(folder.path, 'lake'), 'a file');
    const store = new FsObjectStore({ root: join(folder.path, 'lake') });
    await assert.rejects(store.put('k', bytes), { code: 'store-not-a-folder', kind: 'permanent' });
    await assert.rejects(store.putIfAbsent('k', bytes), { code: 'store-not-a-folder' });
    await assert.rejects(store.scratchPath('.x'), { code: 'store-not-a-folder' });
  });

  it('says clearly that a table name is taken by a file', async () => {
    await using folder = await temporary();
    const store = new FsObjectStore({ root: folder.path });
    await store.put('bronze', bytes);
    await assert.rejects(store.put('bronze/daily_bars/x', bytes), { code: 'store-not-a-folder' });
    assert.deepEqual(await readdir(join(folder.path, '.scratch')), [], 'and leaves no scratch file');
  });

  it('does not mistake a file in the place of a folder for an object that exists', async () => {
    await using folder = await temporary();
    const store = new FsObjectStore({ root: folder.path });
    await store.put('t/_delta_log', bytes);
    await assert.rejects(store.putIfAbsent('t/_delta_log/0.json', bytes), { code: 'store-not-a-folder' });
    const scratch = await store.scratchPath('.x');
    await writeFile(scratch, 'x');
    await assert.rejects(store.publish(scratch, 't/_delta_log/f'), { code: 'store-not-a-folder' });
  });

  it('leaves no scratch files behind', async () => {
    await using folder = await temporary();
    const store = new FsObjectStore({ root: folder.path });
    await store.put('a', bytes);
    await store.putIfAbsent('a', bytes);
    await store.putIfAbsent('b', bytes);
    const scratch = await store.scratchPath('.x');
    await writeFile(scratch, 'x');
    await store.publish(scratch, 'c');
    assert.deepEqual(await readdir(join(folder.path, '.scratch')), []);
  });

  it('goes on after somebody removed an emptied folder', async () => {
    await using folder = await temporary();
    const store = new FsObjectStore({ root: folder.path });
    await store.put('t/year=2024/a', bytes);
    await rm(join(folder.path, 't'), { recursive: true });
    await store.put('t/year=2024/b', bytes);
    assert.equal(await store.putIfAbsent('t/year=2024/c', bytes), 'stored');
  });

  it('follows a folder that is a link to another disk', async () => {
    await using folder = await temporary();
    await mkdir(join(folder.path, 'lake'));
    await mkdir(join(folder.path, 'other'));
    await symlink(join(folder.path, 'other'), join(folder.path, 'lake', 'silver'));
    const store = new FsObjectStore({ root: join(folder.path, 'lake') });
    await store.put('silver/t/a', bytes);
    const keys: string[] = [];
    for await (const { key } of store.list('')) keys.push(key);
    assert.deepEqual(keys, ['silver/t/a']);
  });

  it('publishes by a copy where scratch lies on another file system', async (t) => {
    await using folder = await temporary();
    const device = (path: string): Promise<number | undefined> =>
      stat(path).then(
        (found) => found.dev,
        () => undefined,
      );
    const other = '/dev/shm';
    const devices = [await device(other), await device(folder.path)];
    if (devices[0] === undefined || devices[0] === devices[1]) return t.skip(`${other} is no other file system here`);
    await using scratchFolder = await temporary(other);
    const store = new FsObjectStore({ root: join(folder.path, 'lake'), scratchFolder: scratchFolder.path });
    const scratch = await store.scratchPath('.parquet');
    await writeFile(scratch, 'whole');
    const info = await store.publish(scratch, 't/f.parquet');
    assert.equal(info.sizeBytes, 5);
    assert.equal(await readFile(join(folder.path, 'lake/t/f.parquet'), 'utf8'), 'whole');
    assert.deepEqual(await readdir(scratchFolder.path), []);
    assert.deepEqual(await readdir(join(folder.path, 'lake/.scratch')), []);
  });
});
