import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { effort } from '#test/fixtures/effort.ts';
import { areRising, flat, type TickPlace, type TicksAddress } from './tick-places.ts';
import { numberOf, numbersIn, SYMBOLS, type WorkerMessage } from './tick-worker.ts';

const WORKER = new URL('tick-worker.ts', import.meta.url).pathname;
const EVER = { fromMs: 0, toMs: 2 ** 45, kind: 'trades' } as const;
const KILLS = effort({ usual: 20, long: 200 });
const KILL_AFTER_MS_MAX = 60;

/** Contract between processes of the operating system, for both ports over one place. */
export function tickProcessContract(name: string, make: () => Promise<TickPlace>): void {
  describe(`with several processes on the ticks "${name}",`, () => {
    test(`a writer killed ${KILLS} times at any moment loses nothing it acknowledged, and doubles nothing`, async () => {
      await using place = await make();
      const random = seededRandom(14);
      let [appended, sealed] = [0, 0];
      for (let kill = 1; kill <= KILLS; kill += 1) {
        const worker = new Worker(place.address, String(kill));
        await worker.begin();
        await worker.firstMessage;
        await setTimeout(random.next() * KILL_AFTER_MS_MAX);
        await worker.kill();
        // A message may have been lost with the process, but not what it said.
        [appended, sealed] = [Math.max(appended, worker.appended), Math.max(sealed, worker.sealed)];

        using ticks = place.open();
        const blocks = await flat(ticks.store.blocks({ ...EVER, symbol: 'A' }));
        const checkpoint = await ticks.store.checkpoint();
        const left = (await flat(ticks.stream.read(checkpoint?.readAfter))).map(({ bytes }) => numberOf(bytes));
        const all = [...numbersIn(blocks).flat(), ...left];
        assert.deepEqual(all, Array.from(all.keys()), `each number once, in order, after ${kill} kills`);
        assert.ok(all.length >= appended, `${all.length} of ${appended} acknowledged records`);
        assert.ok(blocks.length >= sealed, `${blocks.length} of ${sealed} acknowledged blocks`);
        for (const symbol of SYMBOLS) {
          assert.deepEqual(
            (await flat(ticks.store.blocks({ ...EVER, symbol }))).map(({ pieces }) => pieces),
            blocks.map(({ pieces }) => pieces),
          );
        }
        [appended, sealed] = [all.length, blocks.length];
      }
      assert.ok(sealed > 0, 'some were sealed');
      assert.deepEqual(place.setAside, []);
    });

    test('readers see whole puts while a writer works, and only more of them', async () => {
      await using place = await make();
      await using worker = new Worker(place.address, '1');
      using other = place.openReader();
      await worker.begin();
      let blocks = 0;
      while (blocks < 60) {
        const found = await flat(other.reader.blocks(EVER));
        assert.equal(found.length % SYMBOLS.length, 0, 'the blocks of a put come together');
        assert.ok(found.length >= blocks);
        blocks = found.length;
        const [kept] = await other.reader.sessions();
        assert.equal((kept?.blocks ?? 0) % SYMBOLS.length, 0);
        // The reader of a local file never leaves its thread by itself; the writer's messages must get in.
        await setTimeout(2);
      }
      assert.ok(worker.sealed > 0);
    });

    test('two writers of one stream get positions of their own, and all that they append is there', async () => {
      await using place = await make();
      await using first = new Worker(place.address, '1', 'append-only');
      await using second = new Worker(place.address, '2', 'append-only');
      await Promise.all([first.begin(), second.begin()]);
      while (first.appended < 200 || second.appended < 200) await setTimeout(2);
      await Promise.all([first.kill(), second.kill()]);
      using ticks = place.open();
      const records = await flat(ticks.stream.read());
      const positions = records.map(({ position }) => position);
      assert.equal(new Set(positions).size, positions.length);
      assert.ok(areRising(positions));
      for (const [connection, worker] of [[1, first] as const, [2, second] as const]) {
        const own = records.filter((each) => each.connection === connection).map(({ bytes }) => numberOf(bytes));
        assert.deepEqual(own, Array.from(own.keys()), 'in the order of its appends, each once');
        assert.ok(own.length >= worker.appended);
      }
    });
  });
}

class Worker implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #end: Promise<unknown>;
  readonly #ready: Promise<void>;
  /** Resolves when something was acknowledged. */
  readonly firstMessage: Promise<void>;
  appended = 0;
  sealed = 0;

  constructor(address: TicksAddress, ...args: readonly string[]) {
    const child = spawn(process.execPath, [WORKER, JSON.stringify(address), ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child = child;
    this.#end = once(child, 'exit');
    child.stdin.on('error', () => undefined);
    const ready = Promise.withResolvers<void>();
    const first = Promise.withResolvers<void>();
    this.#ready = ready.promise;
    this.firstMessage = first.promise;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = JSON.parse(line) as WorkerMessage;
      if ('ready' in message) return ready.resolve();
      if ('appended' in message) this.appended = message.appended;
      else this.sealed = message.sealed;
      first.resolve();
    });
    const early = (): void => {
      const ended = new Error('the writer ended by itself');
      ready.reject(ended);
      first.reject(ended);
    };
    child.once('exit', early);
  }

  async begin(): Promise<void> {
    await this.#ready;
    this.#child.stdin?.write('\n');
  }

  /** As by `kill -9`: nothing of it runs any more. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
