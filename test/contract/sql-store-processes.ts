import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import type { IsoDate } from '#base/dates.ts';
import type { LeaseOutcome } from '#ports/leases.ts';
import type { ListedSecurity } from '#ports/listings-index.ts';
import type { NewNotice } from '#ports/notices.ts';
import type { StoreMessage, StoreTask } from './sql-store-worker.ts';
import { type DatabaseAddress, openSqlStore, type StorePlace } from './sql-stores.ts';

const WORKER = new URL('sql-store-worker.ts', import.meta.url).pathname;
const HOUR_MS = 3_600_000;

/**
 * Contract between processes of the operating system. Two stores in one process share a thread, so they can neither be
 * killed halfway nor meet inside one statement.
 */
export function storeProcessContract(name: string, place: () => Promise<StorePlace>): void {
  describe(`with several processes on an operational store over ${name},`, () => {
    test('any number of processes can open an empty database at once', async () => {
      await using made = await place();
      const outcomes = await race(
        made.address,
        Array.from({ length: 4 }, () => ({ task: 'open' })),
      );
      assert.deepEqual(outcomes, [['opened'], ['opened'], ['opened'], ['opened']]);
      await using store = openSqlStore(made.address);
      assert.deepEqual(await store.runs.latest(1), []);
    });

    test('only one process starts a run with a given id', async () => {
      await using made = await place();
      const runs = count(30).map((index) => ({ id: `run-${index}`, kind: 'daily', input: '{}', startedMs: index }));
      const outcomes = await race(made.address, [
        { task: 'start-runs', runs },
        { task: 'start-runs', runs },
      ]);
      for (const index of runs.keys())
        assert.deepEqual(new Set(outcomes.map((each) => each[index])), new Set(['operations-run-exists', 'started']));
    });

    test('only one process gets a lease', async () => {
      await using made = await place();
      const leases = (holder: string) =>
        count(30).map((index) => ({ name: `lease-${index}`, holder, nowMs: 1000, ttlMs: HOUR_MS }));
      const outcomes = await race(made.address, [
        { task: 'acquire', leases: leases('a') },
        { task: 'acquire', leases: leases('b') },
      ]);
      for (const index of count(30)) {
        const pair = outcomes.map((each) => each[index] as LeaseOutcome);
        assert.equal(pair.filter(({ taken }) => taken).length, 1);
        const loser = pair.find((outcome) => !outcome.taken);
        assert.deepEqual(loser, { taken: false, holder: pair[0]?.taken ? 'a' : 'b', expiresMs: 1000 + HOUR_MS });
      }
    });

    test('the lease of a killed process stays until it expires, and is then taken over', async () => {
      await using made = await place();
      const lease = { name: 'nightly', nowMs: 1000, ttlMs: 500 };
      const held = new Worker(made.address, { task: 'acquire', leases: [{ ...lease, holder: 'killed' }] });
      await held.ready();
      assert.deepEqual(await held.work(), [{ taken: true, from: undefined }].map(withoutUndefined));
      await held.kill();
      await using store = openSqlStore(made.address);
      const refused = { taken: false, holder: 'killed', expiresMs: 1500 };
      assert.deepEqual(await store.leases.acquire({ ...lease, holder: 'next', nowMs: 1499 }), refused);
      const taken = await store.leases.acquire({ ...lease, holder: 'next', nowMs: 1500 });
      assert.deepEqual(taken, { taken: true, from: 'killed' });
      assert.equal(await store.leases.renew({ ...lease, holder: 'killed', nowMs: 1501 }), false);
      assert.equal(await store.leases.renew({ ...lease, holder: 'next', nowMs: 1501 }), true);
    });

    test('of many processes that find a condition, one opens its notice and one resolves it', async () => {
      await using made = await place();
      const key = (index: number): string => `session-missing:${index}`;
      const notices = count(5).flatMap((index) => count(5).map((time) => notice(key(index), time)));
      const told = await race(made.address, [
        { task: 'open-notices', notices },
        { task: 'open-notices', notices },
        { task: 'open-notices', notices },
      ]);
      assert.equal(told.flat().filter((isNews) => isNews === true).length, 5);
      const keys = count(5).map(key);
      const over = await race(made.address, [
        { task: 'resolve-notices', keys, nowMs: 100 },
        { task: 'resolve-notices', keys, nowMs: 100 },
      ]);
      for (const index of keys.keys())
        assert.deepEqual(new Set(over.map((each) => each[index])), new Set([false, true]));
      await using store = openSqlStore(made.address);
      const all = await store.notices.list({ openOnly: false, limit: 100 });
      assert.deepEqual(
        all.map((each) => [each.state, each.count]),
        keys.map(() => ['resolved', 15]),
        'no finding was lost',
      );
    });

    test('a reader sees one complete set of listings while other processes replace it', async () => {
      await using made = await place();
      const rows = (of: string): ListedSecurity[] => count(1100).map((index) => listed(`S${index}`, of));
      const both = count(2).map(String);
      const writers = both.map(
        (of) => new Worker(made.address, { task: 'replace-listings', times: 3, rows: rows(of) }),
      );
      await using store = openSqlStore(made.address);
      await store.listings.replace(rows('0'), 0);
      await Promise.all(writers.map((writer) => writer.ready()));
      let isWorking = true;
      const work = Promise.all(writers.map((writer) => writer.work())).finally(() => {
        isWorking = false;
      });
      while (isWorking) {
        const seen = await store.listings.search('S', 5000);
        assert.equal(seen.length, 1100);
        assert.equal(new Set(seen.map(({ name: of }) => of)).size, 1);
        // The reader of SQLite never leaves its thread by itself; the writers' messages must get in.
        await new Promise((resolve) => setImmediate(resolve));
      }
      await work;
      await Promise.all(writers.map((writer) => writer.kill()));
    });

    test('a process killed while replacing the listings leaves the previous ones in place', async () => {
      await using made = await place();
      await using store = openSqlStore(made.address);
      await store.listings.replace([listed('OLD', 'old')], 0);
      const rows = count(12_000).map((index) => listed(`N${index}`, 'new'));
      const writer = new Worker(made.address, { task: 'replace-listings', times: 1, rows });
      await writer.ready();
      const cut = assert.rejects(writer.work());
      await new Promise((resolve) => setTimeout(resolve, 15));
      await writer.kill();
      await cut;
      const seen = (await store.listings.search('', 20_000)).length;
      assert.ok(seen === 1 || seen === 12_000, `${seen} of them`);
      await store.listings.replace([listed('NEXT', 'next')], 10 * HOUR_MS);
      assert.deepEqual(
        (await store.listings.search('', 10)).map(({ symbol }) => symbol),
        ['NEXT'],
      );
    });
  });
}

/** Starts a process for each task, lets all of them begin together, and gives what each one made of it. */
async function race(address: DatabaseAddress, tasks: readonly StoreTask[]): Promise<(readonly unknown[])[]> {
  const workers = tasks.map((task) => new Worker(address, task));
  try {
    await Promise.all(workers.map((worker) => worker.ready()));
    return await Promise.all(workers.map((worker) => worker.work()));
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()));
  }
}

class Worker {
  readonly #child: ChildProcess;
  readonly #messages: AsyncIterator<string>;
  readonly #end: Promise<unknown>;

  constructor(address: DatabaseAddress, task: StoreTask) {
    // By standard input, since a task of many rows is longer than an argument may be.
    const child = spawn(process.execPath, [WORKER, JSON.stringify(address)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    this.#end = once(child, 'exit');
    // One that was killed has no input any more, which its messages tell already.
    child.stdin.on('error', () => undefined);
    child.stdin.write(`${JSON.stringify(task)}\n`);
    this.#messages = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  async ready(): Promise<void> {
    assert.ok('ready' in (await this.#next()));
  }

  async work(): Promise<readonly unknown[]> {
    this.#child.stdin?.write('\n');
    const message = await this.#next();
    assert.ok('done' in message);
    return message.done;
  }

  /** As by `kill -9`: nothing of it runs any more. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#end;
  }

  async #next(): Promise<StoreMessage> {
    const { value, done } = await this.#messages.next();
    if (done === true) throw new Error('the worker ended before it had said what was asked of it');
    return JSON.parse(value) as StoreMessage;
  }
}

function count(to: number): number[] {
  return Array.from({ length: to }, (_, index) => index);
}

/** As JSON has it, which is how a worker's words arrive. */
function withoutUndefined(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function notice(key: string, seenMs: number): NewNotice {
  return { key, kind: 'session-missing', severity: 'warning', title: 'T', text: 'text', session: null, seenMs };
}

function listed(symbol: string, name: string): ListedSecurity {
  const firstSession = '2020-01-02' as IsoDate;
  return { securityId: symbol, symbol, firstSession, lastSession: null, name, type: 'CS', exchange: 'XNYS' };
}
