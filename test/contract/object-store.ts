import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { CondvestError } from '#base/errors.ts';
import type { ObjectStore } from '#ports/object-store.ts';

import type { StoreUnderTest } from './stores.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const text = (found: Uint8Array | undefined): string | undefined =>
  found === undefined ? undefined : Buffer.from(found).toString('utf8');

async function listed(store: ObjectStore, prefix: string, startAfter?: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix, startAfter === undefined ? {} : { startAfter })) keys.push(key);
  return keys;
}

/** Contract suite for `ObjectStore`, run on a real store. */
export function objectStoreContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`the object store "${name}"`, () => {
    it('returns undefined for a missing object, never an error', async () => {
      await using under = await open();
      const { store } = under;
      assert.equal(await store.get('a/b'), undefined);
      assert.equal(await store.head('a/b'), undefined);
      assert.deepEqual(await listed(store, ''), []);
      await store.delete(['a/b']);
      await store.put('a', bytes('a file, not a folder'));
      assert.equal(await store.get('a/b'), undefined, 'a path that runs through a file');
      assert.equal(await store.head('a/b/c'), undefined);
    });

    it('reads back what was put, and a second put replaces it', async () => {
      await using under = await open();
      const { store } = under;
      const large = randomBytes(3_000_000);
      await store.put('x/large', large);
      assert.deepEqual(Buffer.from((await store.get('x/large')) ?? []), large);
      await store.put('x/large', bytes('small'));
      assert.equal(text(await store.get('x/large')), 'small');
      const info = await store.head('x/large');
      assert.equal(info?.sizeBytes, 5);
      assert.ok(Number.isSafeInteger(info.modifiedMs) && info.modifiedMs > 1e12);
    });

    it('stores only the first of two put-if-absent calls', async () => {
      await using under = await open();
      const { store } = under;
      assert.equal(await store.putIfAbsent('k', bytes('first')), 'stored');
      assert.equal(await store.putIfAbsent('k', bytes('second')), 'exists');
      assert.equal(text(await store.get('k')), 'first');
      await store.delete(['k']);
      assert.equal(await store.putIfAbsent('k', bytes('third')), 'stored', 'a deleted key is free again');
    });

    it('lets one of many concurrent put-if-absent calls in one process win', async () => {
      await using under = await open();
      const { store } = under;
      const outcomes = await Promise.all(
        Array.from({ length: 32 }, (_, i) => store.putIfAbsent('deep/er/k', bytes(`writer ${i}`))),
      );
      assert.equal(outcomes.filter((outcome) => outcome === 'stored').length, 1);
      assert.equal(text(await store.get('deep/er/k')), `writer ${outcomes.indexOf('stored')}`);
    });

    it('lets one of many processes win each key', async () => {
      await using under = await open();
      const writers = ['one', 'two', 'three', 'four'];
      const keys = 100;
      const script = fileURLToPath(new URL('./racing-writer.ts', import.meta.url));
      const won = await Promise.all(
        writers.map(async (writer) => {
          const args = [script, JSON.stringify(under.address), writer, String(keys)];
          const { stdout } = await promisify(execFile)(process.execPath, args);
          return JSON.parse(stdout) as string[];
        }),
      );
      const winners = new Map<string, string>();
      for (const [i, writer] of writers.entries()) {
        for (const key of won[i] ?? []) {
          assert.ok(!winners.has(key), `${key} was stored by ${winners.get(key)} and by ${writer}`);
          winners.set(key, writer);
        }
      }
      assert.equal(winners.size, keys, 'every key has a winner');
      for (const [key, writer] of winners) assert.equal(text(await under.store.get(key)), writer);
    });

    it('never shows a reader part of an object that is being replaced', async () => {
      await using under = await open();
      const { store } = under;
      const versions = ['a', 'b'].map((letter) => bytes(letter.repeat(200_000)));
      await store.put('k', versions[0] ?? bytes(''));
      let writing = true;
      const writer = (async () => {
        for (let i = 0; i < 40; i += 1) await store.put('k', versions[i % 2] ?? bytes(''));
        writing = false;
      })();
      while (writing) {
        const seen = text(await store.get('k')) ?? '';
        assert.equal(seen.length, 200_000);
        assert.equal(seen, (seen[0] ?? '').repeat(200_000));
      }
      await writer;
    });

    it('lists by plain prefix in key order, even where folders and files interleave', async () => {
      await using under = await open();
      const { store } = under;
      const keys = ['a', 'a-b', 'a/b', 'a/b.c', 'a/b/c', 'a/c', 'a0', 'b/1', 'b/10', 'b/2', 'ü', 'Z'];
      for (const key of keys) {
        // On a file system, a name is either a file or a folder.
        if (key !== 'a' && key !== 'a/b') await store.put(key, bytes(key));
      }
      const all = keys.filter((key) => key !== 'a' && key !== 'a/b').sort((x, y) => (x < y ? -1 : 1));
      assert.deepEqual(await listed(store, ''), all);
      assert.deepEqual(
        await listed(store, 'a'),
        all.filter((key) => key.startsWith('a')),
      );
      assert.deepEqual(await listed(store, 'a/'), ['a/b.c', 'a/b/c', 'a/c']);
      assert.deepEqual(await listed(store, 'b/1'), ['b/1', 'b/10']);
      assert.deepEqual(await listed(store, 'b/3'), []);
      assert.deepEqual(await listed(store, 'a', 'a/b.c'), ['a/b/c', 'a/c', 'a0']);
      assert.deepEqual(
        await listed(store, '', 'b/10'),
        all.filter((key) => key > 'b/10'),
      );
      assert.deepEqual(await listed(store, 'a/', 'a/b'), ['a/b.c', 'a/b/c', 'a/c']);
      assert.deepEqual(await listed(store, 'a/', 'b'), []);
    });

    it('publishes a scratch file once, and never over another object', async () => {
      await using under = await open();
      const { store } = under;
      const scratch = await store.scratchPath('.parquet');
      assert.ok(scratch.endsWith('.parquet'));
      assert.notEqual(scratch, await store.scratchPath('.parquet'));
      await writeFile(scratch, 'whole');
      const info = await store.publish(scratch, 'table/year=2024/f.parquet');
      assert.equal(info.sizeBytes, 5);
      assert.equal(info.key, 'table/year=2024/f.parquet');
      assert.ok(!existsSync(scratch), 'the scratch file is consumed');
      assert.equal(await readFile(await store.localPath(info.key), 'utf8'), 'whole');
      assert.equal(info.sha256, createHash('sha256').update('whole').digest('hex'));

      const second = await store.scratchPath('.parquet');
      await writeFile(second, 'other');
      await assert.rejects(store.publish(second, info.key), { code: 'store-object-exists', kind: 'corrupt' });
      assert.equal(text(await store.get(info.key)), 'whole');
    });

    it('hashes the bytes it has now', async () => {
      await using under = await open();
      const { store } = under;
      const large = randomBytes(3_000_000);
      await store.put('x/large', large);
      assert.equal(await store.sha256('x/large'), createHash('sha256').update(large).digest('hex'));
      await store.put('x/large', bytes(''));
      assert.equal(await store.sha256('x/large'), createHash('sha256').digest('hex'));
      assert.equal(await store.sha256('x'), undefined);
      assert.equal(await store.sha256('x/absent'), undefined);
    });

    it('keeps scratch files out of the key space', async () => {
      await using under = await open();
      const { store } = under;
      await writeFile(await store.scratchPath('.tmp'), 'unfinished');
      await store.put('k', bytes('v'));
      assert.deepEqual(await listed(store, ''), ['k']);
    });

    it('sweeps only scratch files that are old enough', async () => {
      await using under = await open();
      const { store } = under;
      const scratch = await store.scratchPath('.tmp');
      await writeFile(scratch, 'in use');
      await store.sweepScratch(3_600_000);
      assert.ok(existsSync(scratch), 'a running process may still need it');
      await store.put('k', bytes('v'));
      await store.sweepScratch(-10_000);
      assert.ok(!existsSync(scratch));
      assert.equal(text(await store.get('k')), 'v');
    });

    it('discards a scratch file, even one that does not exist', async () => {
      await using under = await open();
      const { store } = under;
      const scratch = await store.scratchPath('.tmp');
      await store.discardScratch(scratch);
      await writeFile(scratch, 'half written');
      await store.discardScratch(scratch);
      assert.ok(!existsSync(scratch));
    });

    it('deletes several keys, including missing ones', async () => {
      await using under = await open();
      const { store } = under;
      for (const key of ['d/1', 'd/2', 'd/3']) await store.put(key, bytes(key));
      await store.delete(['d/1', 'd/none', 'none/x', 'd/3']);
      assert.deepEqual(await listed(store, ''), ['d/2']);
      await store.delete([]);
    });

    it('rejects keys that lead out of the lake', async () => {
      await using under = await open();
      const { store } = under;
      for (const key of ['../x', 'a/../../x', '/etc/passwd', 'a//b', '', '.', 'a/./b', 'a\\b', 'a\0b', 'a/']) {
        const refused = { name: 'CondvestError', code: 'store-key-invalid' };
        await assert.rejects(store.get(key), refused, `get ${JSON.stringify(key)}`);
        await assert.rejects(store.put(key, bytes('x')), refused);
        await assert.rejects(store.putIfAbsent(key, bytes('x')), refused);
        await assert.rejects(store.delete([key]), refused);
        await assert.rejects(store.localPath(key), refused);
      }
      await assert.rejects(listed(store, '../'), CondvestError);
    });
  });
}
