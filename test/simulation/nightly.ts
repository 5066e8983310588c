import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FsObjectStore } from '#adapters/fs/object-store.ts';
import { SimulatedSource } from '#adapters/simulator/daily-source.ts';
import { type Fault, faultyRows } from '#adapters/simulator/scenarios.ts';
import { openSqliteOperations } from '#adapters/sql/open-sqlite.ts';
import { defined } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { fetchBars } from '#batch/fetch/fetch-bars.ts';
import { planFetch } from '#batch/fetch/plan.ts';
import { readLedger } from '#batch/ledger.ts';
import type { PipelineDeps } from '#batch/pipeline/steps.ts';
import { verifyLake } from '#batch/verify.ts';
import { Engine } from '#lake/engine.ts';
import { Lake } from '#lake/lake.ts';
import { scanSql } from '#lake/scan.ts';
import { DAILY_BARS, SESSIONS } from '#lake/tables.ts';
import { type Calendar, createCalendar } from '#market/calendar/calendar.ts';
import { DEFAULT_SOURCE_RANKS } from '#market/merge.ts';
import type { NoticeEvent, Operations } from '#ports/operations.ts';
import type { Random } from '#ports/random.ts';
import { runPipeline } from '#runtime/pipeline.ts';
import { AGAIN_MS, nextRun } from '#runtime/schedule.ts';
import { FaultStore, Killed } from '#test/fakes/fault-store.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';

/**
 * Months of nights on a virtual clock: the real pipeline, lake and operational store, a simulated market that delivers late,
 * wrong, twice or not at all, and processes that are killed between any two effects. When the trouble is over, the lake must
 * hold the market's truth, the ledger must say so, and a person must have been told of each condition once.
 */

const MEMORY_FOLDER = '/dev/shm';
const INTERVALS = [3, 8];
const SECURITIES = 12;
const SESSIONS_A_MONTH = 21;
const KILL_CHANCE = 0.25;
const KILL_POINTS_MAX = 40;
const LEASE_MS = 121_000;
const CALM_RUNS_MAX = 12;

export async function liveMonths(from: number, to: number, onSeed?: (seed: number) => void): Promise<void> {
  for (let seed = from; seed < to; seed += 1) {
    onSeed?.(seed);
    const month = await Month.open(seed);
    try {
      await month.live();
    } catch (cause) {
      const what = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
      throw new Error(`seed ${seed}: ${what}\n  ${month.trace.join('\n  ')}`, { cause });
    } finally {
      await month.close();
    }
  }
}

class Month {
  readonly trace: string[] = [];
  readonly #random: Random;
  readonly #calendar: Calendar;
  readonly #clock: VirtualClock;
  readonly #folder: string;
  readonly #engine: Engine;
  readonly #operations: Operations;
  readonly #first: IsoDate;
  readonly #last: IsoDate;
  readonly #marketFrom: IsoDate;
  readonly #faults: Fault[];
  readonly #events: NoticeEvent[] = [];
  readonly #seed: number;
  readonly #times = new Map<string, number>();

  static async open(seed: number): Promise<Month> {
    // In memory where there is such a folder: no power cut is simulated, and half of the time is spent on waiting for disks.
    const folder = await mkdtemp(join(existsSync(MEMORY_FOLDER) ? MEMORY_FOLDER : tmpdir(), 'condvest-nightly-'));
    const engine = await Engine.create({ tempFolder: folder, threads: 1 });
    const random = seededRandom(seed);
    const operations = await openSqliteOperations({ path: join(folder, 'operations.sqlite'), random, nowMs: 0 });
    return new Month(seed, folder, engine, random, operations);
  }

  constructor(seed: number, folder: string, engine: Engine, random: Random, operations: Operations) {
    this.#seed = seed;
    this.#folder = folder;
    this.#engine = engine;
    this.#random = random;
    this.#operations = operations;
    this.#calendar = createCalendar({ lastYear: 2028 });
    // Anywhere from 2019 to 2026: winters and summers, half-days, long weekends.
    const start = this.#calendar.sessionIndex('2019-01-02' as IsoDate) + Math.floor(random.next() * 1900);
    this.#marketFrom = this.#calendar.sessionAt(start - 40);
    this.#first = this.#calendar.sessionAt(start);
    this.#last = this.#calendar.sessionAt(start + SESSIONS_A_MONTH - 1);
    this.#clock = new VirtualClock(this.#calendar.closeMs(this.#first) + 60_000);
    this.#faults = this.#drawFaults();
    this.trace.push(`${this.#first} to ${this.#last}`, ...this.#faults.map((fault) => JSON.stringify(fault)));
  }

  async live(): Promise<void> {
    await this.#backfill();
    for (let next = nextRun(this.#calendar, this.#clock.nowMs()); next.session <= this.#last; ) {
      this.#clock.move(next.atMs - this.#clock.nowMs());
      const isWhole = await this.#night(this.#faults, true);
      if (!isWhole && this.#random.next() < 0.5) {
        this.#clock.move(Math.min(AGAIN_MS, nextRun(this.#calendar, this.#clock.nowMs()).atMs - this.#clock.nowMs()));
        await this.#night(this.#faults, true);
      }
      next = nextRun(this.#calendar, this.#clock.nowMs());
    }
    await this.#calm();
    await this.#check();
  }

  async close(): Promise<void> {
    await this.#operations[Symbol.asyncDispose]();
    this.#engine.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #source(faults: readonly Fault[]): SimulatedSource {
    const market = { seed: this.#seed, securities: SECURITIES, from: this.#marketFrom };
    return new SimulatedSource({ calendar: this.#calendar, clock: this.#clock, market, faults });
  }

  #deps(faults: readonly Fault[], store: FaultStore): PipelineDeps {
    const lake = new Lake({ store, engine: this.#engine, clock: this.#clock, random: this.#random });
    return {
      lake,
      calendar: this.#calendar,
      source: this.#source(faults),
      rules: {
        sourceRanks: DEFAULT_SOURCE_RANKS,
        longestInterval: Math.max(...INTERVALS),
        partialShare: 0.9,
        quarantineBound: 0.5,
      },
      intervals: INTERVALS,
    };
  }

  #store(): FaultStore {
    const inner = new FsObjectStore({ root: join(this.#folder, 'lake') });
    return new FaultStore(inner, { random: this.#random, clock: this.#clock, times: this.#times });
  }

  async #backfill(): Promise<void> {
    const deps = this.#deps([], this.#store());
    const nowMs = this.#clock.nowMs();
    const from = this.#calendar.previous(this.#first, 10);
    const to = this.#calendar.previous(this.#first);
    await fetchBars(deps, {
      sessions: planFetch({ calendar: this.#calendar, ledger: new Map(), nowMs, from, to }),
    });
  }

  /** One run of the pipeline by one process, which may be killed. True where it succeeded. */
  async #night(faults: readonly Fault[], mayDie: boolean): Promise<boolean> {
    const store = this.#store();
    const dies = mayDie && this.#random.next() < KILL_CHANCE;
    if (dies) store.killAt(1 + Math.floor(this.#random.next() * KILL_POINTS_MAX));
    const label = new Date(this.#clock.nowMs()).toISOString();
    try {
      const report = await runPipeline(
        {
          pipeline: this.#deps(faults, store),
          operations: mortal(this.#operations, store),
          notifiers: [{ channel: 'test', deliver: async (event) => void this.#events.push(event) }],
          clock: this.#clock,
          random: this.#random,
        },
        { input: {}, retryDelayMs: 0 },
      );
      this.trace.push(`${label} ${report.run.state}${report.run.error === null ? '' : `: ${report.run.error}`}`);
      return report.run.state === 'succeeded';
    } catch (cause) {
      if (store.killed) {
        this.trace.push(`${label} killed`);
        this.#clock.move(LEASE_MS);
        return false;
      }
      if (!(cause instanceof CondvestError)) throw cause;
      this.trace.push(`${label} ${cause.code}`);
      return false;
    }
  }

  /** The trouble is over: some nights later everything must have settled. */
  async #calm(): Promise<void> {
    const lasting = this.#faults.filter(({ name }) => name === 'restatement');
    for (let runs = 0; runs < CALM_RUNS_MAX; runs += 1) {
      const next = nextRun(this.#calendar, this.#clock.nowMs());
      this.#clock.move(next.atMs - this.#clock.nowMs());
      const isWhole = await this.#night(lasting, false);
      assert.ok(isWhole || runs === 0, 'a run without trouble succeeds');
    }
  }

  async #check(): Promise<void> {
    const store = this.#store();
    const { lake } = this.#deps([], store);
    const { ledger } = await readLedger(lake, await lake.table(SESSIONS).head());
    const settledUntil = this.#calendar.previous(this.#calendar.lastClosedSession(this.#clock.nowMs()));
    const source = this.#source([]);
    const head = defined(await lake.table(DAILY_BARS).head(), 'there are bars');
    const scan = await scanSql(lake.deps, DAILY_BARS, head.files);
    const rows = await this.#engine.rows<Record<string, unknown>>(
      `SELECT symbol, session, open, high, low, close, volume, vwap, trades FROM (${scan}) ORDER BY session, symbol`,
    );
    const stored = new Map<string, string[]>();
    for (const row of rows) {
      const session = String(row.session);
      const list = stored.get(session) ?? [];
      list.push(JSON.stringify(Object.values(row)));
      stored.set(session, list);
    }
    const from = this.#calendar.previous(this.#first, 10);
    const restated = this.#faults.filter(({ name }) => name === 'restatement');
    for (const session of this.#calendar.range(from, settledUntil)) {
      assert.equal(ledger.get(session)?.state, 'settled', `state of ${session}`);
      // A value that changed after its session had settled is seen only by those who ask again; nobody did.
      if (restated.some((fault) => 'session' in fault && fault.session === session)) continue;
      const truth = faultyRows(
        source.truth(session),
        { session, attempt: 9, nowMs: this.#clock.nowMs(), settlesAtMs: 0 },
        [],
      );
      const expected = truth
        .map(({ symbol, open, high, low, close, volume, vwap, trades }) =>
          JSON.stringify([symbol, session, open, high, low, close, volume, vwap, trades]),
        )
        .toSorted(byText);
      assert.deepEqual([...(stored.get(session) ?? [])].toSorted(byText), expected, `bars of ${session}`);
      assert.equal(ledger.get(session)?.rows, expected.length, `ledger's rows of ${session}`);
    }
    const report = await verifyLake({ lake, calendar: this.#calendar }, { deep: true });
    assert.deepEqual(report.findings, []);
    assert.ok(report.comparedRows > 0);
    await this.#checkNotices();
  }

  async #checkNotices(): Promise<void> {
    const open = await this.#operations.notices({ openOnly: true, limit: 1000 });
    const lasting = open.filter(({ kind }) => kind.startsWith('session-') || kind === 'run-failed');
    assert.deepEqual(
      lasting.map(({ key }) => key),
      [],
      'every condition is over',
    );
    const told = new Map<string, number>();
    for (const { event, notice } of this.#events) {
      const key = `${event} ${notice.id}`;
      told.set(key, (told.get(key) ?? 0) + 1);
    }
    for (const [key, count] of told) assert.equal(count, 1, `${key} was told ${count} times`);
    for (const notice of await this.#operations.notices({ openOnly: false, limit: 1000 })) {
      assert.equal(told.get(`opened ${notice.id}`), 1, `${notice.key} was told`);
      if (notice.state === 'resolved')
        assert.equal(told.get(`resolved ${notice.id}`), 1, `${notice.key} was told to be over`);
    }
    for (const key of new Set(open.map((notice) => notice.key)))
      assert.equal(open.filter((notice) => notice.key === key).length, 1, `${key} is open once`);
  }

  #drawFaults(): Fault[] {
    const pick = (): IsoDate => {
      const first = this.#calendar.sessionIndex(this.#first);
      return this.#calendar.sessionAt(first + 2 + Math.floor(this.#random.next() * (SESSIONS_A_MONTH - 6)));
    };
    const hours = (count: number): number => count * 3_600_000;
    const drawn: (() => Fault)[] = [
      () => ({ name: 'corrected-bars', share: 0.4 }),
      () => ({ name: 'late-bars', share: 0.3 }),
      () => {
        const session = pick();
        return {
          name: 'partial-session',
          session,
          share: 0.4,
          // Longer, and two looks on different days would settle it short, as they should.
          untilMs: this.#calendar.closeMs(session) + hours(19 * this.#random.next()),
        };
      },
      () => {
        const session = pick();
        return {
          name: 'missing-session',
          session,
          untilMs: this.#calendar.closeMs(session) + hours(90 * this.#random.next()),
        };
      },
      () => ({ name: 'truncated-reply', session: pick(), times: 1 + Math.floor(this.#random.next() * 4) }),
      () => ({ name: 'bad-rows', count: 1 + Math.floor(this.#random.next() * 3) }),
      () => ({ name: 'duplicate-rows', count: 2 }),
      () => {
        const fromMs = this.#calendar.closeMs(pick()) - hours(2);
        return { name: 'outage', fromMs, untilMs: fromMs + hours(100 * this.#random.next()) };
      },
      () => ({ name: 'too-many-requests', times: 2 }),
      () => ({ name: 'slow', ms: 2000 }),
      () => ({ name: 'late-split', sessions: 4 }),
      () => {
        const session = pick();
        return { name: 'restatement', session, fromMs: this.#calendar.settlesAtMs(session) + hours(48), factor: 1.5 };
      },
    ];
    return drawn.flatMap((draw) => (this.#random.next() < 0.35 ? [draw()] : []));
  }
}

function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Once its process was killed, nothing more reaches the operational store either. */
function mortal(operations: Operations, store: FaultStore): Operations {
  return new Proxy(operations, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]): Promise<unknown> => {
        if (store.killed) throw new Killed();
        return await (value as (...all: unknown[]) => unknown).apply(target, args);
      };
    },
  });
}
