import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { FsObjectStore } from '#adapters/fs/object-store.ts';
import { type IsoDate, isoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Engine } from '#lake/engine.ts';
import { Lake } from '#lake/lake.ts';
import type { TableDefinition } from '#lake/schema.ts';
import { DAILY_BARS, RESTATEMENTS } from '#lake/tables.ts';
import type { DailyBar } from '#market/bar.ts';
import { type Calendar, createCalendar } from '#market/calendar/calendar.ts';
import { SessionSet } from '#market/session-set.ts';
import type { WindowBar } from '#market/window.ts';
import type { ObjectStore } from '#ports/object-store.ts';
import type { Random } from '#ports/random.ts';
import { FaultStore, type Faults, Killed } from '#test/fakes/fault-store.ts';
import { seededRandom } from '#test/fakes/seeded-random.ts';
import { VirtualClock } from '#test/fakes/virtual-clock.ts';
import { memoryFolder } from '#test/fixtures/memory-folder.ts';
import { firstDifference, MarketModel } from '#test/integration/resample/market-model.ts';
import { RandomMarket } from '#test/integration/resample/random-market.ts';
import { ascending, barText, barTexts, NOTHING, type Truth } from './truth.ts';

/** Outcome of a use case. A failed or killed one may have done all, some or none of its work. */
export type Ending = 'done' | 'failed' | 'killed';

/** Kill points fall within this many effects; a put has about twenty. */
const KILL_POINTS = 24;

/** The world of one seed: a lake in a real folder, the processes that use it, and its expected contents. */
export class World implements AsyncDisposable {
  readonly random: Random;
  readonly clock = new VirtualClock(Date.parse('2024-02-09T22:00:00Z'));
  readonly market: RandomMarket;
  readonly sessions: readonly IsoDate[];
  readonly intervals: readonly number[];
  readonly engine: Engine;
  readonly inner: ObjectStore;
  /** Events so far, for the failure message. */
  readonly trace: string[] = [];
  calendar: Calendar;
  truth: Truth = NOTHING;
  closed: IsoDate[] = [];
  /** The bars of each version of daily_bars that was looked at, for a restore. */
  readonly past = new Map<number, Truth['bars']>();
  /** Contents of each silver table when it was last known to be right. */
  silver = new Map<number, readonly WindowBar[]>();
  /** Restated values by version, as strings. */
  restated: { readonly version: number; readonly text: string }[] = [];
  /** Answers to readers that must be reproduced later. */
  answers: { readonly asOfMs: number; readonly symbol: string; readonly interval: number; readonly text: string }[] =
    [];
  /** Sessions whose ledger row a foreign write has made stale. */
  readonly behindLedger = new Set<IsoDate>();
  readonly #times = new Map<string, number>();
  readonly #folder: string;

  private constructor(seed: number, engine: Engine, folder: string, wrap: (store: ObjectStore) => ObjectStore) {
    this.random = seededRandom(seed);
    this.engine = engine;
    this.#folder = folder;
    this.inner = wrap(new FsObjectStore({ root: join(folder, 'lake') }));
    this.calendar = createCalendar({ lastYear: 2028 });
    this.sessions = this.calendar.range(isoDate('2023-11-20'), isoDate('2024-02-09'));
    this.market = new RandomMarket(this.random, this.calendar, this.sessions);
    this.intervals = [
      [3, 8],
      [5, 13],
      [2, 21],
      [8, 34],
    ][this.market.integer(4)] ?? [3, 8];
  }

  /** `wrap` plants a bug in the store, to prove that it is caught. */
  static async open(
    seed: number,
    engine: Engine,
    wrap: (store: ObjectStore) => ObjectStore = (store) => store,
  ): Promise<World> {
    return new World(seed, engine, await mkdtemp(join(memoryFolder(), 'condvest-simulation-')), wrap);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Opens the lake as a new process would, on a store without faults. */
  clean(): Lake {
    const store = new FaultStore(this.inner, { random: this.random, clock: this.clock, times: this.#times });
    return new Lake({ store, engine: this.engine, clock: this.clock, random: this.random });
  }

  /** Runs a use case in its own process, which may hit faults and be killed between any two effects. */
  async attempt(name: string, work: (lake: Lake) => Promise<unknown>, calm = false): Promise<Ending> {
    const store = new FaultStore(this.inner, {
      random: this.random,
      clock: this.clock,
      times: this.#times,
      faults: calm ? {} : this.#faults(),
    });
    if (!calm && this.market.chance(0.35)) store.killAt(1 + this.market.integer(KILL_POINTS));
    const lake = new Lake({ store, engine: this.engine, clock: this.clock, random: this.random });
    let ending: Ending = 'done';
    let detail = '';
    try {
      await work(lake);
      // A use case that is killed during cleanup may still report success.
      if (store.killed) ending = 'killed';
    } catch (cause) {
      if (cause instanceof Killed || store.killed) ending = 'killed';
      else if (cause instanceof CondvestError && (cause.kind === 'transient' || EXPECTED.has(cause.code)))
        ending = 'failed';
      else throw cause;
      detail = cause instanceof CondvestError ? ` (${cause.code})` : '';
    }
    this.trace.push(`${name}: ${ending}${detail}`);
    this.clock.move(1000 + this.market.integer(3_600_000));
    return ending;
  }

  /** Half of the processes hit faults. */
  #faults(): Partial<Faults> {
    if (this.market.chance(0.5)) return { tornScratch: 0.5 };
    return {
      failRead: 0.01,
      failBefore: 0.03,
      failAfter: 0.03,
      undecided: 0.15,
      unknownStored: 0.15,
      unknownNotStored: 0.15,
      delay: 0.05,
      tornScratch: 0.5,
    };
  }

  /** Asserts that bronze equals one of these truths, which becomes the truth. `version` is that of daily_bars. */
  async settle(candidates: readonly Truth[]): Promise<{ readonly truth: Truth; readonly version: number }> {
    const lake = this.clean();
    const head = await lake.table(DAILY_BARS).head();
    const scan = await lake.table(DAILY_BARS).scanSql(head?.files ?? []);
    const rows = await lake.rows<Omit<DailyBar, 'fetchedAtMs'> & { fetched_at: number; year: number }>(
      `FROM (${scan})`,
    );
    const found: string[] = rows.map(({ fetched_at, ...row }) => barText({ ...row, fetchedAtMs: fetched_at }));
    found.sort(ascending);
    for (const row of rows) assert.equal(row.year, Number(row.session.slice(0, 4)), 'the partition of a row');
    const truth = candidates.find((candidate) => equalTexts(barTexts(candidate), found));
    if (truth === undefined) {
      const [expected] = candidates.slice(-1);
      assert.deepEqual(found, barTexts(expected ?? NOTHING), 'bronze is none of what it may be');
    }
    this.truth = truth ?? this.truth;
    if (head !== undefined) this.past.set(head.version, this.truth.bars);
    return { truth: this.truth, version: head?.version ?? -1 };
  }

  /** Returns the expected contents of silver, by the pure functions. */
  expectedSilver(interval: number): WindowBar[] {
    return this.#model().expected(interval);
  }

  /** Asserts that each silver table is as it last was, or as it must be now; if the run completed, the latter. */
  async checkSilver(done: boolean): Promise<void> {
    const model = this.#model();
    for (const interval of this.intervals) {
      const stored = await model.stored(interval);
      const wanted = model.expected(interval);
      const difference = firstDifference(stored, wanted);
      if (difference === undefined) {
        this.silver.set(interval, wanted);
        continue;
      }
      assert.ok(!done, `${interval} sessions: ${difference}`);
      const old = firstDifference(stored, this.silver.get(interval) ?? []);
      assert.equal(old, undefined, `${interval} sessions are neither old nor new: ${difference}; ${old}`);
    }
  }

  async checkRestatements(): Promise<void> {
    assert.deepEqual(
      await this.#storedRestatements(),
      this.restated.map(({ text }) => text).toSorted(ascending),
      'restatements',
    );
  }

  /** Accepts the stored list as the right one. */
  async adoptRestatements(): Promise<void> {
    this.restated = (await this.#storedRestatements()).map((text) => ({ version: 0, text }));
  }

  async #storedRestatements(): Promise<string[]> {
    const lake = this.clean();
    const head = await lake.table(RESTATEMENTS).head();
    const scan = await lake.table(RESTATEMENTS).scanSql(head?.files ?? []);
    const rows = await lake.rows<Record<string, unknown>>(`FROM (${scan})`);
    return rows
      .map(
        (r) => `${r['symbol']} ${r['session']} v${r['version']} ${r['kind']} ${r['field']} ${r['old']} → ${r['new']}`,
      )
      .toSorted(ascending);
  }

  /** Replaces a small table as a whole. */
  async replaceTable(lake: Lake, definition: TableDefinition, rows: readonly object[], shape: object): Promise<void> {
    using session = await this.engine.session();
    await session.run(
      `CREATE TEMP TABLE incoming AS SELECT unnest(from_json($1::json, '${JSON.stringify([shape])}'), recursive := true)`,
      [JSON.stringify(rows)],
    );
    const typed = await lake.table(definition).scanSql([]);
    await lake.table(definition).write(async (base) => {
      const file = await lake.table(definition).writeDataFile({
        select: `(${typed}) UNION ALL BY NAME (FROM incoming)`,
        session,
      });
      return {
        operation: 'WRITE',
        add: file === undefined ? [] : [file],
        remove: base?.files ?? [],
        units: SessionSet.empty,
        dataChange: true,
      };
    });
  }

  #model(): MarketModel {
    const model = new MarketModel(this.clean(), this.calendar);
    for (const bar of this.truth.bars.values()) {
      const session = model.bars.get(bar.session) ?? new Map<string, DailyBar>();
      session.set(bar.symbol, bar);
      model.bars.set(bar.session, session);
    }
    model.splits = [...this.truth.splits];
    model.listings = [...this.truth.listings];
    return model;
  }
}

/**
 * A vacuum rejects deletions that a reader or a derived table may still need, and a restore versions that were vacuumed.
 * That is correct and changes nothing.
 */
const EXPECTED: ReadonlySet<string> = new Set(['lake-vacuum-needed', 'lake-as-of-too-old']);

function equalTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
