import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FsObjectStore } from '#adapters/fs/object-store.ts';
import { RequestBudget } from '#adapters/massive/request-budget.ts';
import { SimulatedSource } from '#adapters/simulator/daily-source.ts';
import { type Fault, faultyRows } from '#adapters/simulator/scenarios.ts';
import { openSqliteOperations } from '#adapters/sql/open-sqlite.ts';
import { defined } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { fetchBars } from '#batch/fetch/fetch-bars.ts';
import { planFetch } from '#batch/fetch/plan.ts';
import { readLedger } from '#batch/ledger.ts';
import { readListings } from '#batch/listings-table.ts';
import type { PipelineDeps } from '#batch/pipeline/steps.ts';
import { verifyLake } from '#batch/verify.ts';
import { Engine } from '#lake/engine.ts';
import { Lake } from '#lake/lake.ts';
import { scanSql } from '#lake/scan.ts';
import { DAILY_BARS, LISTINGS, SESSIONS } from '#lake/tables.ts';
import type { DailyBar } from '#market/bar.ts';
import { type Calendar, createCalendar } from '#market/calendar/calendar.ts';
import { DEFAULT_SOURCE_RANKS } from '#market/merge.ts';
import type { RawDailyRow } from '#market/quality.ts';
import type { DailySource } from '#ports/daily-source.ts';
import type { NoticeEvent, Operations } from '#ports/operations.ts';
import type { Random } from '#ports/random.ts';
import { runPipeline } from '#runtime/pipeline.ts';
import { AGAIN_MS, nextRun } from '#runtime/schedule.ts';
import { FaultStore } from '#test/fakes/fault-store.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { firstDifference, MarketModel } from '#test/integration/resample/market-model.ts';

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
/** Effects of a night on the lake, the operational store and the channels, before and after each of which it may be killed. */
const KILL_POINTS_MAX = 140;
const REQUESTS_PER_MINUTE = 5;
const LEASE_MS = 121_000;
const CALM_RUNS_MAX = 12;

/** A mistake put into the program, to see that it is found. */
export interface Plant {
  readonly operations?: (operations: Operations) => Operations;
  readonly source?: (source: DailySource) => DailySource;
  /** At the end, before anything is looked at. */
  readonly tamper?: (lake: Lake, calendar: Calendar) => Promise<void>;
  readonly requestsPerMinute?: number;
}

export interface LiveOptions {
  readonly onSeed?: (seed: number) => void;
  readonly sessions?: number;
  readonly plant?: Plant;
  /** An outage of more than a day, whatever the seed draws. */
  readonly outage?: boolean;
}

export async function liveMonths(from: number, to: number, options: LiveOptions = {}): Promise<void> {
  for (let seed = from; seed < to; seed += 1) {
    options.onSeed?.(seed);
    const month = await Month.open(seed, options);
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
  readonly #sessions: number;
  readonly #plant: Plant;
  readonly #market: SimulatedSource;
  /** One key's, shared by all processes. */
  readonly #budget: RequestBudget;
  /** When the source was asked, over all processes. */
  readonly #askedMs: number[] = [];
  #kills = 0;
  #failedRuns = 0;
  #askedAgain = false;
  /** What was asked for again was stored with the values from before. */
  #restates = false;
  readonly #times = new Map<string, number>();

  static async open(seed: number, options: LiveOptions): Promise<Month> {
    // In memory where there is such a folder: no power cut is simulated, and half of the time is spent on waiting for disks.
    const folder = await mkdtemp(join(existsSync(MEMORY_FOLDER) ? MEMORY_FOLDER : tmpdir(), 'condvest-nightly-'));
    const engine = await Engine.create({ tempFolder: folder, threads: 1 });
    const random = seededRandom(seed);
    const operations = await openSqliteOperations({ path: join(folder, 'operations.sqlite'), random, nowMs: 0 });
    return new Month(seed, options, folder, engine, random, operations);
  }

  constructor(
    seed: number,
    options: LiveOptions,
    folder: string,
    engine: Engine,
    random: Random,
    operations: Operations,
  ) {
    this.#seed = seed;
    this.#sessions = options.sessions ?? SESSIONS_A_MONTH;
    this.#plant = options.plant ?? {};
    this.#folder = folder;
    this.#engine = engine;
    this.#random = random;
    this.#operations = operations;
    this.#calendar = createCalendar({ lastYear: 2028 });
    // Anywhere from 2019 to 2026: winters and summers, half-days, long weekends.
    const start = this.#calendar.sessionIndex('2019-01-02' as IsoDate) + Math.floor(random.next() * 1900);
    this.#marketFrom = this.#calendar.sessionAt(start - 40);
    this.#first = this.#calendar.sessionAt(start);
    this.#last = this.#calendar.sessionAt(start + this.#sessions - 1);
    this.#clock = new VirtualClock(this.#calendar.closeMs(this.#first) + 60_000);
    this.#faults = this.#drawFaults();
    if (options.outage === true) {
      const fromMs = this.#calendar.closeMs(this.#calendar.next(this.#first, 2)) - 3_600_000;
      this.#faults.push({ name: 'outage', fromMs, untilMs: fromMs + 30 * 3_600_000 });
    }
    this.#market = this.#source([]);
    this.#budget = new RequestBudget(this.#clock, this.#plant.requestsPerMinute ?? REQUESTS_PER_MINUTE);
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
    await this.#plant.tamper?.(this.#deps([], this.#store()).lake, this.#calendar);
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
    const asked = budgeted(this.#source(faults), this.#budget, () => void this.#askedMs.push(this.#clock.nowMs()));
    return {
      lake,
      calendar: this.#calendar,
      source: this.#plant.source?.(asked) ?? asked,
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
          operations: mortal(this.#plant.operations?.(this.#operations) ?? this.#operations, store),
          notifiers: [
            {
              channel: 'test',
              deliver: (event) => store.effectElsewhere(async () => void this.#events.push(event)),
            },
          ],
          clock: this.#clock,
          random: this.#random,
        },
        { input: {}, retryDelayMs: 0 },
      );
      this.trace.push(`${label} ${report.run.state}${report.run.error === null ? '' : `: ${report.run.error}`}`);
      if (report.run.state === 'failed') this.#failedRuns += 1;
      await this.#checkTold(report.run.state);
      return report.run.state === 'succeeded';
    } catch (cause) {
      if (store.killed) {
        this.trace.push(`${label} killed`);
        this.#kills += 1;
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
      if (runs === CALM_RUNS_MAX - 2) await this.#askAgain(lasting);
      const isWhole = await this.#night(lasting, false);
      assert.ok(isWhole || runs === 0, 'a run without trouble succeeds');
    }
  }

  /** A person asks once more for sessions that have settled: what the vendor changed since is a restatement. */
  async #askAgain(faults: readonly Fault[]): Promise<void> {
    const sessions = faults.flatMap((fault) =>
      fault.name === 'restatement' && fault.fromMs < this.#clock.nowMs() ? [fault.session] : [],
    );
    if (sessions.length === 0) return;
    this.#askedAgain = true;
    // A session that was first had after the vendor had changed it holds the new values already.
    const stored = await this.#storedRows();
    this.#restates = sessions.some((session) => {
      const truth = new Set(this.#market.truth(session).map(textOf));
      return (stored.get(session) ?? []).every((row) => truth.has(textOf(row)));
    });
    await fetchBars(this.#deps(faults, this.#store()), {
      sessions: sessions.map((session) => ({ session, reason: 'again' })),
    });
  }

  /**
   * After every run that came to its end: who watches the notices knows of every session that has no bars by its deadline, or few,
   * and of a run that failed; and is not told that they hold once they do not. What is stored is counted here, and what should be
   * is the market's own truth.
   */
  async #checkTold(state: string): Promise<void> {
    const open = await this.#operations.notices({ openOnly: true, limit: 1000 });
    const isTold = (kind: string, session: IsoDate): boolean =>
      open.some((notice) => notice.kind === kind && covers(notice.key, session));
    const stored = await this.#storedRows();
    const nowMs = this.#clock.nowMs();
    for (const session of this.#calendar.range(this.#from, this.#calendar.lastClosedSession(nowMs))) {
      if (nowMs < this.#calendar.settlesAtMs(session)) continue;
      const [rows, whole] = [stored.get(session)?.length ?? 0, this.#market.truth(session).length];
      if (rows === 0) assert.ok(isTold('session-missing', session), `${session} is missing, and nobody was told`);
      else if (rows < whole / 2)
        assert.ok(isTold('session-partial', session), `${session} has ${rows} of ${whole} bars, and nobody was told`);
      const isBundled = open.some(({ key }) => key.includes('..') && covers(key, session));
      if (rows === whole && !isBundled) assert.ok(!isTold('session-missing', session), `${session} is whole`);
    }
    const failures = open.filter(({ kind }) => kind === 'run-failed' || kind === 'quarantine-over-bound');
    if (state === 'failed') assert.ok(failures.length > 0, 'a run failed, and nobody was told');
    else
      assert.deepEqual(
        failures.map(({ key }) => key),
        [],
        'a run succeeded, and its failure is not over',
      );
  }

  async #storedRows(): Promise<Map<IsoDate, DailyBar[]>> {
    const { lake } = this.#deps([], this.#store());
    const head = await lake.table(DAILY_BARS).head();
    const scan = await scanSql(lake.deps, DAILY_BARS, head?.files ?? []);
    const rows = await this.#engine.rows<Omit<DailyBar, 'source' | 'fetchedAtMs'> & { readonly session: IsoDate }>(
      `SELECT symbol, session, open, high, low, close, volume, vwap, trades FROM (${scan}) ORDER BY session, symbol`,
    );
    const stored = new Map<IsoDate, DailyBar[]>();
    for (const row of rows) {
      const list = stored.get(row.session) ?? [];
      list.push({ ...row, source: 'simulated', fetchedAtMs: 0 });
      stored.set(row.session, list);
    }
    return stored;
  }

  get #from(): IsoDate {
    return this.#calendar.previous(this.#first, 10);
  }

  async #check(): Promise<void> {
    const { lake } = this.#deps([], this.#store());
    const { ledger } = await readLedger(lake, await lake.table(SESSIONS).head());
    const settledUntil = this.#calendar.previous(this.#calendar.lastClosedSession(this.#clock.nowMs()));
    const stored = await this.#storedRows();
    for (const session of this.#calendar.range(this.#from, settledUntil)) {
      assert.equal(ledger.get(session)?.state, 'settled', `state of ${session}`);
      const restatement = this.#faults.find((fault) => fault.name === 'restatement' && fault.session === session);
      const settlesAtMs = this.#calendar.settlesAtMs(session);
      // A value that changed after its session had settled is seen only by those who ask again.
      const seen = restatement !== undefined && this.#askedAgain ? [restatement] : [];
      const ask = { session, attempt: 9, nowMs: this.#clock.nowMs(), settlesAtMs };
      const expected = faultyRows(this.#market.truth(session), ask, seen).map(textOf).toSorted(byText);
      const found = (stored.get(session) ?? []).map(textOf).toSorted(byText);
      assert.deepEqual(found, expected, `bars of ${session}`);
      assert.equal(ledger.get(session)?.rows, expected.length, `ledger's rows of ${session}`);
    }
    await this.#checkSilver(lake, stored);
    const report = await verifyLake({ lake, calendar: this.#calendar }, { deep: true });
    assert.deepEqual(report.findings, []);
    assert.ok(report.comparedRows > 0);
    await this.#checkNotices();
    this.#checkBudget();
  }

  /** Silver is what the pure functions make of the bars, and of the splits as the market has them. */
  async #checkSilver(lake: Lake, stored: ReadonlyMap<IsoDate, readonly DailyBar[]>): Promise<void> {
    const model = new MarketModel(lake, this.#calendar);
    for (const [session, rows] of stored) model.bars.set(session, new Map(rows.map((row) => [row.symbol, row])));
    model.listings = await readListings(lake, await lake.table(LISTINGS).head());
    model.splits = (await this.#market.splits(this.#from)).map(({ symbol, exDate, splitFrom, splitTo }) => ({
      symbol: defined(symbol, 'the market names its symbols'),
      exDate: defined(exDate, 'and days'),
      splitFrom: defined(splitFrom, 'and ratios'),
      splitTo: defined(splitTo, 'and ratios'),
      source: 'simulated',
    }));
    for (const interval of INTERVALS) {
      const difference = firstDifference(await model.stored(interval), model.expected(interval));
      assert.equal(difference, undefined, `bars of ${interval} sessions: ${difference}`);
    }
  }

  async #checkNotices(): Promise<void> {
    const all = await this.#operations.notices({ openOnly: false, limit: 1000 });
    const lasting = all.filter(
      ({ kind, state }) => state === 'open' && kind !== 'restated' && kind !== 'settled-short',
    );
    assert.deepEqual(
      lasting.map(({ key }) => key),
      [],
      'every condition is over',
    );
    // A session that is whole does not get lost again: it has at most one notice of a kind in its life.
    for (const session of this.#calendar.range(this.#from, this.#last)) {
      for (const kind of ['session-missing', 'session-partial', 'session-late', 'settled-short']) {
        const count = all.filter((notice) => notice.kind === kind && covers(notice.key, session)).length;
        assert.ok(count <= 1, `${session} has ${count} notices: ${kind}`);
      }
    }
    const restated = all.filter(({ kind }) => kind === 'restated').length;
    assert.equal(restated, this.#restates ? 1 : 0, 'restatements are told once');
    const told = new Map<string, number>();
    for (const { event, notice } of this.#events) {
      const key = `${event} ${notice.id}`;
      told.set(key, (told.get(key) ?? 0) + 1);
    }
    // An event that was delivered by a process that was killed before it could note that comes once more, under its old id.
    const twice = [...told.values()].reduce((sum, count) => sum + count - 1, 0);
    assert.ok(twice <= this.#kills, `${twice} events were told more than once, after ${this.#kills} kills`);
    for (const notice of all) {
      assert.ok(told.has(`opened ${notice.id}`), `${notice.key} was told`);
      const isOver = notice.state === 'resolved';
      assert.equal(told.has(`resolved ${notice.id}`), isOver, `${notice.key} was told to be over: ${isOver}`);
    }
    const failures = all.filter(({ kind }) => kind === 'run-failed').length;
    assert.ok(failures <= this.#failedRuns + this.#kills, `${failures} notices of ${this.#failedRuns} failed runs`);
  }

  #checkBudget(): void {
    assert.ok(this.#askedMs.length > 0);
    for (const [index, atMs] of this.#askedMs.entries()) {
      const before = this.#askedMs[index - REQUESTS_PER_MINUTE];
      assert.ok(before === undefined || atMs - before >= 60_000, `request ${index} is over the budget`);
    }
  }

  #drawFaults(): Fault[] {
    const pick = (): IsoDate => {
      const first = this.#calendar.sessionIndex(this.#first);
      return this.#calendar.sessionAt(first + 2 + Math.floor(this.#random.next() * Math.max(1, this.#sessions - 6)));
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

/** The values of a bar, as one text. */
function textOf(row: RawDailyRow | DailyBar): string {
  const { symbol, session, open, high, low, close, volume, vwap, trades } = row;
  return JSON.stringify([symbol, session, open, high, low, close, volume, vwap, trades]);
}

/** True where a notice's key names a session, by itself or inside a range. */
function covers(key: string, session: IsoDate): boolean {
  const [first = '', last = first] = key.slice(key.indexOf(':') + 1).split('..');
  return first <= session && session <= last;
}

/** Every question waits for its turn in the budget, as the vendor's client has it, and is noted when it is let through. */
function budgeted(source: DailySource, budget: RequestBudget, onRequest: () => void): DailySource {
  return new Proxy(source, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]): Promise<unknown> => {
        await budget.take();
        onRequest();
        return await (value as (...all: unknown[]) => unknown).apply(target, args);
      };
    },
  });
}

/** Once its process was killed, nothing more reaches the operational store either; it can be killed at each call to it. */
function mortal(operations: Operations, store: FaultStore): Operations {
  return new Proxy(operations, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): Promise<unknown> =>
        store.effectElsewhere(async () => await (value as (...all: unknown[]) => unknown).apply(target, args));
    },
  });
}
