import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import type { Keys, NewKey } from '#ports/keys.ts';
import type { OpenTwice } from './sql-stores.ts';

/** Contract of `Keys` over any database. Two stores over one database stand for two processes. */
export function keysContract(name: string, open: OpenTwice): void {
  describe(`with keys over ${name},`, () => {
    let first: Keys;
    let second: Keys;
    let close: (() => Promise<void>) | undefined;
    before(async () => {
      const stores = await open();
      [first, second, close] = [stores.first.keys, stores.second.keys, stores.close];
    });
    after(() => close?.());

    const key = (id: string, more: Partial<NewKey> = {}): NewKey => ({
      id,
      name: `name of ${id}`,
      digest: 'd'.repeat(64),
      scopes: ['read'],
      requestsPerMinute: 60,
      requestsPerDay: null,
      createdMs: 1_700_000_000_000,
      ...more,
    });
    const day = isoDate('2026-01-05');

    test('a store without keys reports that it has none', async () => {
      assert.equal(await first.hasKeys(), false);
      assert.deepEqual(await first.keys(10), []);
      assert.equal(await first.findKey('a1'), undefined);
    });

    test('any process finds a key as it was created', async () => {
      const made = key('a1', { scopes: ['read', 'admin'], requestsPerDay: 1000 });
      await first.createKey(made);
      const unused = { lastUsedMs: null, revokedMs: null, usedDay: null, usedRequests: 0 };
      assert.deepEqual(await second.findKey('a1'), { ...made, ...unused });
      assert.equal(await second.hasKeys(), true);
    });

    test('of two concurrent requests for one name, one succeeds', async () => {
      const outcomes = await Promise.allSettled([
        first.createKey(key('b1', { name: 'wanted', createdMs: 1_700_000_000_001 })),
        second.createKey(key('b2', { name: 'wanted', createdMs: 1_700_000_000_002 })),
      ]);
      const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as { code: string }] : []));
      assert.deepEqual(
        refused.map(({ code }) => code),
        ['key-name-taken'],
      );
      assert.equal((await first.keys(10)).length, 2);
    });

    test('a key is revoked once, by its name or its id, and its name becomes free', async () => {
      const [, holder] = await first.keys(10);
      assert.equal((await second.revokeKey('wanted', 5))?.id, holder?.id);
      assert.equal((await first.findKey(holder?.id ?? ''))?.revokedMs, 5);
      assert.equal((await first.revokeKey(holder?.id ?? '', 9))?.revokedMs, 5);
      assert.equal((await first.findKey(holder?.id ?? ''))?.revokedMs, 5);
      assert.equal(await first.revokeKey('wanted', 9), undefined);
      await second.createKey(key('b3', { name: 'wanted', createdMs: 1_700_000_000_003 }));
      assert.deepEqual(
        (await first.keys(2)).map(({ id }) => id),
        ['a1', holder?.id],
      );
    });

    test('uses by several processes add up, and start from zero each day', async () => {
      const use = (requests: number, lastUsedMs: number) => [{ id: 'a1', day, requests, lastUsedMs }];
      await Promise.all([
        ...Array.from({ length: 8 }, (_, i) => first.addUses(use(3, 100 + i))),
        ...Array.from({ length: 8 }, (_, i) => second.addUses(use(4, 200 + i))),
      ]);
      const stored = await first.findKey('a1');
      assert.deepEqual([stored?.usedDay, stored?.usedRequests, stored?.lastUsedMs], [day, 56, 207]);
      const next = isoDate('2026-01-06');
      assert.deepEqual(
        [...(await second.addUses([{ id: 'a1', day: next, requests: 2, lastUsedMs: 300 }]))],
        [['a1', 2]],
      );
      assert.deepEqual([...(await first.addUses(use(9, 250)))], [], 'a day that is over');
      assert.deepEqual([...(await first.addUses([{ id: 'nobody', day, requests: 1, lastUsedMs: 1 }]))], []);
      assert.equal((await first.findKey('a1'))?.usedRequests, 2);
    });

    test('a store whose last key was revoked has no keys', async () => {
      for (const { id } of await first.keys(10)) await first.revokeKey(id, 7);
      assert.equal(await second.hasKeys(), false);
    });
  });
}
