import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cancelable, cancellation } from '#lake/cancellation.ts';
import { type CacheKind, VersionedCache } from './versioned-cache.ts';

const BODIES: CacheKind<Uint8Array> = { name: 'bodies', bytesOf: ({ byteLength }) => byteLength };
const FORMS: CacheKind<Uint8Array> = { name: 'forms', bytesOf: ({ byteLength }) => byteLength };
const NUMBERS: CacheKind<number | undefined> = { name: 'numbers', bytesOf: () => 8 };

const bytes = (size: number) => async (): Promise<Uint8Array> => new Uint8Array(size);

function counting() {
  let computed = 0;
  const compute = async (): Promise<number> => {
    computed += 1;
    return computed;
  };
  return compute;
}

describe('the versioned cache', () => {
  test('never holds more bytes than its bound, all kinds together', async () => {
    const cache = new VersionedCache(100_000);
    const total = (): number => [...cache.stats.values()].reduce((sum, stats) => sum + stats.bytes, 0);
    for (let i = 0; i < 50; i += 1) {
      await cache.get(BODIES, `key ${i}`, bytes(5000));
      await cache.get(FORMS, `key ${i}`, bytes(2000));
      assert.ok(total() <= 100_000);
    }
    assert.ok(total() > 80_000);
    const { evictions = 0 } = cache.stats.get('bodies') ?? {};
    assert.ok(evictions > 30 && evictions < 50);
  });

  test('does not let one value push out all others', async () => {
    const cache = new VersionedCache(100_000);
    await cache.get(BODIES, 'small', bytes(10));
    const before = cache.stats.get('bodies')?.bytes;
    await cache.get(BODIES, 'too large', bytes(60_000));
    await cache.get(BODIES, 'too large', bytes(60_000));
    await cache.get(BODIES, 'small', bytes(10));
    assert.deepEqual(cache.stats.get('bodies'), { bytes: before, hits: 1, misses: 3, evictions: 0 });
  });

  test('computes a value once, however many callers wait for it', async () => {
    const cache = new VersionedCache(100_000);
    const compute = counting();
    const values = await Promise.all([cache.get(NUMBERS, 'a', compute), cache.get(NUMBERS, 'a', compute)]);
    assert.deepEqual([...values, await cache.get(NUMBERS, 'a', compute)], [1, 1, 1]);
    assert.equal(await cache.get(FORMS, 'a', bytes(3)).then(({ byteLength }) => byteLength), 3, 'of another kind');
  });

  test('evicts what was used least recently', async () => {
    const cache = new VersionedCache(3500);
    const compute = counting();
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'a', 'g']) await cache.get(NUMBERS, key, compute);
    assert.equal(await cache.get(NUMBERS, 'a', compute), 1);
    assert.equal(await cache.get(NUMBERS, 'b', compute), 8);
  });

  test('replaces the value of a key by that of its new version', async () => {
    const cache = new VersionedCache(100_000);
    const compute = counting();
    assert.equal(await cache.get(NUMBERS, 'a', compute, 'v1'), 1);
    const before = cache.stats.get('numbers')?.bytes;
    assert.equal(await cache.get(NUMBERS, 'a', compute, 'v2'), 2);
    assert.equal(await cache.get(NUMBERS, 'a', compute, 'v2'), 2);
    assert.deepEqual(cache.stats.get('numbers'), { bytes: before, hits: 1, misses: 2, evictions: 0 });
    assert.equal(await cache.get(NUMBERS, 'a', compute, 'v1'), 3);
  });

  test('caches a value that is undefined', async () => {
    const cache = new VersionedCache(100_000);
    for (let i = 0; i < 2; i += 1) assert.equal(await cache.get(NUMBERS, 'a', async () => undefined), undefined);
    assert.equal(cache.stats.get('numbers')?.hits, 1);
  });

  test('returns a value without waiting by its version, or by the state in which it was last returned', async () => {
    const cache = new VersionedCache(100_000);
    const compute = counting();
    assert.equal(cache.peek(NUMBERS, 'a', 'v1'), undefined);
    assert.equal(cache.recall(NUMBERS, 'a', 'monday'), undefined);
    await cache.get(NUMBERS, 'a', compute, 'v1', 'monday');
    assert.deepEqual([cache.peek(NUMBERS, 'a', 'v1'), cache.peek(NUMBERS, 'a', 'v2')], [1, undefined]);
    assert.deepEqual([cache.recall(NUMBERS, 'a', 'monday'), cache.recall(NUMBERS, 'a', 'tuesday')], [1, undefined]);
    await cache.get(NUMBERS, 'a', compute, 'v1', 'tuesday');
    assert.deepEqual([cache.recall(NUMBERS, 'a', 'monday'), cache.recall(NUMBERS, 'a', 'tuesday')], [undefined, 1]);
    await cache.get(NUMBERS, 'a', compute, 'v2', 'tuesday');
    assert.equal(cache.recall(NUMBERS, 'a', 'tuesday'), 2);
    const { hits, misses } = cache.stats.get('numbers') ?? {};
    assert.deepEqual({ hits, misses }, { hits: 5, misses: 2 });
  });

  test('does not recall a value that was returned in no state', async () => {
    const cache = new VersionedCache(100_000);
    await cache.get(NUMBERS, 'a', counting(), 'v1', 'monday');
    await cache.get(NUMBERS, 'a', counting(), 'v1');
    assert.equal(cache.recall(NUMBERS, 'a', 'monday'), undefined);
  });

  test('does not cache a failure', async () => {
    const cache = new VersionedCache(100_000);
    const fail = (): Promise<number> => Promise.reject(new Error('first'));
    const failures = await Promise.allSettled([cache.get(NUMBERS, 'a', fail), cache.get(NUMBERS, 'a', fail)]);
    assert.deepEqual(
      failures.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.equal(await cache.get(NUMBERS, 'a', async () => 2), 2);
  });
});

test('a computation is given up once all its callers have left, and not before', async () => {
  const cache = new VersionedCache(100_000);
  const kind: CacheKind<number> = { name: 'numbers', bytesOf: () => 8 };
  const signals: AbortSignal[] = [];
  const compute = (unwanted: AbortSignal): Promise<number> => {
    signals.push(unwanted);
    return new Promise((resolve, reject) => {
      unwanted.addEventListener('abort', () => reject(new Error('given up')));
      setImmediate(resolve, signals.length);
    });
  };
  const callers = [new AbortController(), new AbortController()];
  const ask = () => callers.map(({ signal }) => cache.get(kind, 'a', compute, 'v', undefined, () => signal));
  const both = ask();
  callers[0]?.abort();
  assert.deepEqual(await Promise.all(both), [1, 1]);
  callers[0] = new AbortController();
  const left = Promise.allSettled(
    callers.map(({ signal }) => cache.get(kind, 'b', compute, 'v', undefined, () => signal)),
  );
  for (const caller of callers) caller.abort();
  const again = cache.get(kind, 'b', compute, 'v');
  assert.deepEqual(
    (await left).map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.equal(await again, 3);
  assert.equal(await cache.get(kind, 'b', compute, 'v'), 3);
});

test('a reading is canceled with the last piece of work that waits for it, and not before', async () => {
  const cache = new VersionedCache(100_000);
  const kind: CacheKind<boolean> = { name: 'readings', bytesOf: () => 8 };
  const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
  /** Reads until it is canceled, or for as long as it takes the others to come and go. */
  const read = async (): Promise<boolean> => {
    for (let turns = 0; turns < 20 && cancellation()?.aborted !== true; turns += 1) await new Promise(setImmediate);
    return cancellation()?.aborted === true;
  };
  const ask = ({ signal }: AbortController, key: string) => cancelable(signal, () => cache.get(kind, key, read));
  const shared = [ask(first, 'shared'), ask(second, 'shared')];
  const alone = ask(third, 'alone');
  first.abort();
  third.abort();
  assert.deepEqual(await Promise.all(shared), [false, false]);
  assert.equal(await alone, true);
});
