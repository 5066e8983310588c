import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FsObjectStore } from '#adapters/fs/object-store.ts';
import { RequestBudget } from '#adapters/massive/request-budget.ts';
import { SimulatedSource } from '#adapters/simulator/daily-source.ts';
import type { Fault } from '#adapters/simulator/scenarios.ts';
import type { SqlStore } from '#adapters/sql/store.ts';
import type { IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { fetchBars } from '#batch/fetch/fetch-bars.ts';
import { planFetch } from '#batch/fetch/plan.ts';
import type { PipelineDeps } from '#batch/pipeline/steps.ts';
import { Engine } from '#lake/engine.ts';
import { Lake } from '#lake/lake.ts';
import { type Calendar, createCalendar } from '#market/calendar/calendar.ts';
import { DEFAULT_SOURCE_RANKS } from '#market/source-rank.ts';
import type { DailySource } from '#ports/daily-source.ts';
import type { NoticeEvent, Notices } from '#ports/notices.ts';
import type { Random } from '#ports/random.ts';
import { AGAIN_MS, nextRun } from '#runtime/daemon/schedule.ts';
import { runPipeline } from '#runtime/runs/pipeline.ts';
import { openSqlStore } from '#test/contract/sql-stores.ts';
import { FaultStore } from '#test/fakes/fault-store.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { memoryFolder } from '#test/fixtures/memory-folder.ts';
import {
  checkEnd,
  checkTold,
  type Evidence,
  INTERVALS,
  REQUESTS_PER_MINUTE,
  storedRows,
  textOf,
} from './nightly-checks.ts';
import { drawFaults } from './nightly-faults.ts';
import { budgeted, mortal } from './nightly-process.ts';

/**
 * Months of nights on a virtual clock: the real pipeline, lake and operational store, a simulated market that delivers
 * late, wrong, twice or not at all, and processes that are killed between any two effects. Once the faults end, the
 * lake must hold the market's truth, the ledger must agree, and each condition must have been notified once.
 */

const SECURITIES = 12;
const SESSIONS_A_MONTH = 21;
const KILL_CHANCE = 0.25;
/** Effects of a night on the lake, the operational store and the channels. A kill can occur before and after each. */
const KILL_POINTS_MAX = 140;
const LEASE_MS = 121_000;
const CALM_RUNS = 5;

/** A bug planted in the program, to prove that it is found. */
export interface Plant {
  readonly notices?: (notices: Notices) => Notices;
  readonly source?: (source: DailySource) => DailySource;
  /** At the end, before anything is checked. */
  readonly tamper?: (lake: Lake, calendar: Calendar) => Promise<void>;
  readonly requestsPerMinute?: number;
}

export interface LiveOptions {
  readonly onSeed?: (seed: number) => void;
  readonly sessions?: number;
  readonly plant?: Plant;
  /** Forces an outage of more than a day, whatever the seed draws. */
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
  readonly #operations: SqlStore;
  readonly #first: IsoDate;
  readonly #last: IsoDate;
  readonly #marketFrom: IsoDate;
  readonly #faults: Fault[];
  readonly #events: NoticeEvent[] = [];
  readonly #seed: number;
  readonly #sessions: number;
  readonly #plant: Plant;
  readonly #market: SimulatedSource;
  /** Budget of one key, shared by all processes. */
  readonly #budget: RequestBudget;
  /** Instants of requests to the source, over all processes. */
  readonly #askedMs: number[] = [];
  #kills = 0;
  #failedRuns = 0;
  #askedAgain = false;
  /** Whether a session that was fetched again was stored with its earlier values. */
  #restates = false;
  readonly #times = new Map<string, number>();

  static async open(seed: number, options: LiveOptions): Promise<Month> {
    const folder = await mkdtemp(join(memoryFolder(), 'condvest-nightly-'));
    const engine = await Engine.create({ tempFolder: folder, threads: 1 });
    const random = seededRandom(seed);
    const operations = openSqlStore({ path: join(folder, 'operations.sqlite') }, random);
    return new Month(seed, options, folder, engine, random, operations);
  }

  constructor(
    seed: number,
    options: LiveOptions,
    folder: string,
    engine: Engine,
    random: Random,
    operations: SqlStore,
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
    this.#faults = drawFaults({
      calendar: this.#calendar,
      random,
      first: this.#first,
      sessions: this.#sessions,
    });
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
    await checkEnd(this.#evidence());
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
      clock: this.#clock,
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

  /** Runs the pipeline once in one process, which may be killed. Returns whether it succeeded. */
  async #night(faults: readonly Fault[], mayDie: boolean): Promise<boolean> {
    const store = this.#store();
    const dies = mayDie && this.#random.next() < KILL_CHANCE;
    if (dies) store.killAt(1 + Math.floor(this.#random.next() * KILL_POINTS_MAX));
    const { runs, leases, notices, listings } = this.#operations;
    const label = new Date(this.#clock.nowMs()).toISOString();
    try {
      const report = await runPipeline(
        {
          pipeline: this.#deps(faults, store),
          runs: mortal(runs, store),
          leases: mortal(leases, store),
          notices: mortal(this.#plant.notices?.(notices) ?? notices, store),
          listings: mortal(listings, store),
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
      await checkTold(this.#evidence(), report.run.state);
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

  /** Ends the faults. A few nights later everything must have settled. */
  async #calm(): Promise<void> {
    const lasting = this.#faults.filter(({ name }) => name === 'restatement');
    for (let runs = 0; runs < CALM_RUNS; runs += 1) {
      const next = nextRun(this.#calendar, this.#clock.nowMs());
      this.#clock.move(next.atMs - this.#clock.nowMs());
      if (runs === CALM_RUNS - 2) await this.#askAgain(lasting);
      const isWhole = await this.#night(lasting, false);
      assert.ok(isWhole || runs === 0, 'a run without trouble succeeds');
    }
  }

  /** Fetches settled sessions again, as a person would. Values that the vendor has changed since are restatements. */
  async #askAgain(faults: readonly Fault[]): Promise<void> {
    const sessions = faults.flatMap((fault) =>
      fault.name === 'restatement' && fault.fromMs < this.#clock.nowMs() ? [fault.session] : [],
    );
    if (sessions.length === 0) return;
    this.#askedAgain = true;
    // A session that was first fetched after the vendor had changed it already has the new values.
    const stored = await storedRows(this.#deps([], this.#store()));
    this.#restates = sessions.some((session) => {
      const truth = new Set(this.#market.truth(session).map(textOf));
      return (stored.get(session) ?? []).every((row) => truth.has(textOf(row)));
    });
    await fetchBars(this.#deps(faults, this.#store()), {
      sessions: sessions.map((session) => ({ session, reason: 'again' })),
    });
  }

  #evidence(): Evidence {
    return {
      calendar: this.#calendar,
      clock: this.#clock,
      lake: this.#deps([], this.#store()).lake,
      notices: this.#operations.notices,
      market: this.#market,
      faults: this.#faults,
      from: this.#from,
      last: this.#last,
      events: this.#events,
      askedMs: this.#askedMs,
      kills: this.#kills,
      failedRuns: this.#failedRuns,
      askedAgain: this.#askedAgain,
      restates: this.#restates,
    };
  }

  get #from(): IsoDate {
    return this.#calendar.previous(this.#first, 10);
  }
}
