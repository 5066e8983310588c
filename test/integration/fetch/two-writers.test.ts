import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { isoDate } from '#base/dates.ts';
import { type FetchBarsReport, fetchBars } from '#batch/fetch/fetch-bars.ts';
import type { FetchDeps } from '#batch/fetch/fetched-session.ts';
import { verifyLake } from '#batch/verify/verify.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import type { ObjectStore } from '#ports/object-store.ts';
import { VendorServer } from '#test/fakes/vendor-server.ts';
import { calendar, type FetchLake, openFetchLake } from '#test/fixtures/fetch-lake.ts';

/** A person's `condvest fetch` beside the nightly run: neither waits for the other, and the ledger speaks of what is there. */

const SESSION = isoDate('2024-03-20');
const SYMBOLS = Array.from({ length: 10 }, (_, index) => `S${index}`);

describe('two that fetch one session at once', () => {
  const grouped = new Map<string, object[]>();
  let server: VendorServer;
  let lake: FetchLake;
  beforeEach(async () => {
    server = await VendorServer.open({ grouped, tickers: [], splits: [], dividends: [] }, 1000);
    lake = await openFetchLake(server, calendar.settlesAtMs(SESSION) + 3_600_000);
  });
  afterEach(async () => {
    await lake[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const give = (symbols: readonly string[], volume = 9): void => {
    const t = calendar.closeMs(SESSION);
    const rows = symbols.map((T) => ({ T, o: 1, h: 1, l: 1, c: 1, v: volume, vw: 1, n: 7, t }));
    grouped.set(SESSION, rows);
  };
  const fetch = (deps: FetchDeps): Promise<FetchBarsReport> =>
    fetchBars(deps, { sessions: [{ session: SESSION, reason: 'missing' }] });

  /** A process that stops for a while right before a call on its store, until it is released. */
  function held(isAt: (call: string, key: string) => boolean) {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const stop = async (call: string, key: string): Promise<void> => {
      if (!isAt(call, key)) return;
      reached.resolve();
      await released.promise;
    };
    const { store } = lake.test.deps;
    const slow = new Proxy(store, {
      get: (target: ObjectStore, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        if (name !== 'putIfAbsent') return value.bind(target);
        return async (key: string, bytes: Uint8Array) => {
          await stop('before', key);
          const outcome = await target.putIfAbsent(key, bytes);
          await stop('after', key);
          return outcome;
        };
      },
    });
    return {
      deps: { ...lake.deps, lake: lake.test.again({ store: slow }) },
      reached: reached.promise,
      release: () => released.resolve(),
    };
  }

  /** While one writer is held, another one stores the whole session; then the first goes on. */
  async function wholeBeside(slow: ReturnType<typeof held>): Promise<void> {
    const manual = fetch(slow.deps);
    await slow.reached;
    give(SYMBOLS);
    await fetch(lake.deps);
    slow.release();
    await manual;
    assert.equal((await lake.ledger()).get(SESSION)?.rows, 10);
    assert.deepEqual((await verifyLake({ lake: lake.test.again(), calendar, clock: lake.clock })).findings, []);
  }

  const BARS_LOG = 'bronze/daily_bars/_delta_log/';

  test('the ledger counts what is in the table, and not what its writer had put there', async () => {
    give(SYMBOLS.slice(0, 9));
    const slow = held((call, key) => call === 'after' && key.startsWith(BARS_LOG));
    await wholeBeside(slow);
  });

  test('a fetch that was held up over eleven o’clock does not put its older values over those of the settling one', async () => {
    const { clock } = lake;
    clock.move(calendar.settlesAtMs(SESSION) - 60_000 - clock.nowMs());
    give(SYMBOLS, 9);
    const slow = held((call, key) => call === 'before' && key.startsWith(BARS_LOG));
    const manual = fetch(slow.deps);
    await slow.reached;
    clock.move(120_000);
    const lookedMs = clock.nowMs();
    give(SYMBOLS, 10);
    await fetch(lake.deps);
    slow.release();
    await manual;
    const rows = await lake.rows(DAILY_BARS);
    assert.deepEqual(new Set(rows.map((row) => row['volume'])), new Set([10]));
    const row = (await lake.ledger()).get(SESSION);
    assert.deepEqual([row?.state, row?.rows, row?.lastFetchMs], ['settled', 10, lookedMs]);
  });

  test('a reply that is short of what another one stored meanwhile takes nothing away from the ledger', async () => {
    give(SYMBOLS.slice(0, 5));
    await fetch(lake.deps);
    // Of five stored rows it sees one: too few to store. Meanwhile the other five come.
    give(SYMBOLS.slice(0, 1));
    const slow = held((call, key) => call === 'before' && key.startsWith('bronze/sessions/_delta_log/'));
    await wholeBeside(slow);
  });
});
