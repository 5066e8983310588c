import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Leases } from '#ports/leases.ts';
import type { OpenTwice } from './sql-stores.ts';

/** Contract of `Leases` over any database. Two stores over one database stand for two processes. */
export function leasesContract(name: string, open: OpenTwice): void {
  describe(`with leases over ${name},`, () => {
    let first: Leases;
    let second: Leases;
    let close: (() => Promise<void>) | undefined;
    before(async () => {
      const stores = await open();
      [first, second, close] = [stores.first.leases, stores.second.leases, stores.close];
    });
    after(() => close?.());

    test('of two concurrent callers, one gets the lease and the other learns who holds it', async () => {
      const lease = { name: 'l', nowMs: 1000, ttlMs: 500 };
      const outcomes = await Promise.all([
        first.acquire({ ...lease, holder: 'a' }),
        second.acquire({ ...lease, holder: 'b' }),
      ]);
      assert.equal(outcomes.filter(({ taken }) => taken).length, 1);
      const winner = outcomes[0].taken ? 'a' : 'b';
      const loser = outcomes.find((outcome) => !outcome.taken);
      assert.deepEqual(loser, { taken: false, holder: winner, expiresMs: 1500 });
      assert.equal(await first.renew({ ...lease, nowMs: 1400, holder: winner }), true);
      // It expires at 1900 and is taken over then.
      const taken = await second.acquire({ ...lease, nowMs: 1900, holder: 'c' });
      assert.deepEqual(taken, { taken: true, from: winner });
      assert.equal(await first.renew({ ...lease, nowMs: 1950, holder: winner }), false);
      await first.release('l', winner);
      assert.equal((await first.acquire({ ...lease, nowMs: 1960, holder: 'd' })).taken, false);
      await second.release('l', 'c');
      assert.deepEqual(await first.acquire({ ...lease, nowMs: 1970, holder: 'd' }), {
        taken: true,
        from: undefined,
      });
    });

    test('a lease granted by a clock that was ahead blocks nobody once the clock is right', async () => {
      const [nowMs, ttlMs, aheadMs] = [1_000_000, 120_000, 20 * 86_400_000];
      await first.acquire({ name: 'ahead', holder: 'dead', nowMs: nowMs + aheadMs, ttlMs });
      const taken = await second.acquire({ name: 'ahead', holder: 'a', nowMs, ttlMs });
      assert.deepEqual(taken, { taken: true, from: 'dead' });
      // Clocks of two machines may differ by some minutes.
      const early = await first.acquire({ name: 'ahead', holder: 'b', nowMs: nowMs - 600_000, ttlMs });
      assert.equal(early.taken, false);
    });
  });
}
