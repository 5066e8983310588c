import type { InstantMs, IsoDate } from '#base/dates.ts';
import { uncancelable } from '#lake/cancellation.ts';
import type { Lake } from '#lake/lake.ts';
import type { TableDefinition } from '#lake/schema.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import {
  DAILY_BARS,
  DIVIDENDS,
  LISTINGS,
  QUARANTINE,
  RESTATEMENTS,
  SESSIONS,
  SPLITS,
  silverBars,
} from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Clock } from '#ports/clock.ts';
import { lakeEmpty, type Pinned, refuseFuture, tooEarly } from './pinned.ts';
import { mayBePublished, publishedUntil } from './published-until.ts';
import { type GateLimits, ReadGate, type Requester } from './read-gate.ts';
import type { CacheKind, VersionedCache } from './versioned-cache.ts';

interface OpenedTables {
  readonly snapshots: ReadonlyMap<string, Snapshot>;
  readonly until: IsoDate | undefined;
}

/**
 * One version of every table: what an answer over HTTP is made from. An answer says which tables it used, and its tag
 * names their versions, so that a kept answer is never shown for a version other than its own.
 */
export class LakeView {
  readonly #snapshots: ReadonlyMap<string, Snapshot>;
  readonly #tags = new Map<string, string>();
  /** The instant that was asked for; undefined: the newest versions. */
  readonly asOfMs: InstantMs | undefined;
  /** The last session that counts as published; undefined: all that the bars have. */
  readonly until: IsoDate | undefined;
  readonly #isEmpty: () => Error;

  constructor(opened: OpenedTables, asOfMs: InstantMs | undefined, isEmpty: () => Error) {
    this.#snapshots = opened.snapshots;
    this.until = opened.until;
    this.asOfMs = asOfMs;
    this.#isEmpty = isEmpty;
  }

  /** A table at the version of this view; undefined where there was no such table. */
  snapshot(definition: Pick<TableDefinition, 'name'>): Snapshot | undefined {
    return this.#snapshots.get(definition.name);
  }

  /** The daily bars. Throws `lake-empty`, or `as-of-too-early`, where there are none. */
  bars(): Snapshot {
    const bars = this.#snapshots.get(DAILY_BARS.name);
    if (bars === undefined) throw this.#isEmpty();
    return bars;
  }

  /** Data files of all tables together. */
  get fileCount(): number {
    let count = 0;
    for (const snapshot of this.#snapshots.values()) count += snapshot.fileCount;
    return count;
  }

  /** Version by table name, of the tables that exist. */
  versions(tables: readonly string[] = [...this.#snapshots.keys()]): Record<string, number> {
    const versions: Record<string, number> = {};
    for (const name of tables) {
      const snapshot = this.#snapshots.get(name);
      if (snapshot !== undefined) versions[name] = snapshot.version;
    }
    return versions;
  }

  /** A short text that is the same for the same versions of these tables and the same published sessions, and for no others. */
  tag(tables: readonly string[]): string {
    const key = tables.join(' ');
    let tag = this.#tags.get(key);
    if (tag === undefined) {
      tag = tables
        .map((name) => {
          const snapshot = this.#snapshots.get(name);
          if (snapshot === undefined) return '-';
          const until = name === DAILY_BARS.name && this.until !== undefined ? `.${this.until}` : '';
          return `${snapshot.tableId.slice(0, 8)}.${snapshot.version}${until}`;
        })
        .join('-');
      this.#tags.set(key, tag);
    }
    return tag;
  }

  /** Returns the pinned tables for readers of bars. `interval`: sessions per bar; 1 needs no silver table. */
  pinned(interval: number): Pinned {
    const silverDefinition = interval > 1 ? silverBars(interval) : undefined;
    const names = BASE_TABLES.map(({ name }) => name);
    if (silverDefinition !== undefined) names.unshift(silverDefinition.name);
    return {
      bars: this.bars(),
      until: this.until,
      splits: this.snapshot(SPLITS),
      dividends: this.snapshot(DIVIDENDS),
      listings: this.snapshot(LISTINGS),
      sessions: this.snapshot(SESSIONS),
      restatements: this.snapshot(RESTATEMENTS),
      silver: silverDefinition === undefined ? undefined : this.snapshot(silverDefinition),
      versions: this.versions(names),
      definitions: { splits: SPLITS, listings: LISTINGS },
    };
  }
}

export const BASE_TABLES = [RESTATEMENTS, SESSIONS, DAILY_BARS, SPLITS, DIVIDENDS, LISTINGS];

/** Time for which a view is served before the logs are checked again. */
const FRESH_MS = 250;
/** Maximum age of a served view: a commit is visible within a second. */
const AGE_MS_MAX = 750;
/** Memory of a data file in a snapshot, with its statistics. */
const FILE_BYTES = 1024;
/** Views of earlier instants or versions, for the pages of one list. */
const PAST_VIEWS: CacheKind<LakeView> = { name: 'past_views', bytesOf: (view) => FILE_BYTES * view.fileCount };
/** Limits on concurrent and waiting openings of past views. */
const PAST_VIEWS_OPENED = { noun: 'openings of earlier states', running: 2, waiting: 256 };

/** Makes views: the newest one, looked up at most every so often however many ask, and those of earlier instants. */
export class Views {
  readonly #lake: Lake;
  readonly #calendar: Calendar;
  readonly #clock: Clock;
  /** Derived tables before what they are derived from, so that nothing derived is newer than its inputs. */
  readonly #definitions: readonly TableDefinition[];
  readonly #cache: VersionedCache;
  readonly #gate: ReadGate;
  #current: LakeView | undefined;
  #checkedMs = Number.NEGATIVE_INFINITY;
  #checking: Promise<LakeView> | undefined;

  constructor(deps: {
    readonly lake: Lake;
    readonly calendar: Calendar;
    readonly clock: Clock;
    readonly intervals: readonly number[];
    readonly cache: VersionedCache;
    /** Limit on the wait for the opening of a past view; default: none. */
    readonly wait?: GateLimits['wait'];
  }) {
    this.#lake = deps.lake;
    this.#cache = deps.cache;
    this.#gate = new ReadGate({ ...PAST_VIEWS_OPENED, ...(deps.wait === undefined ? {} : { wait: deps.wait }) });
    this.#calendar = deps.calendar;
    this.#clock = deps.clock;
    this.#definitions = [...deps.intervals.map(silverBars), QUARANTINE, ...BASE_TABLES];
  }

  /**
   * The newest versions, as they were less than a second ago. They are looked at again after a quarter of a second, and
   * nobody waits for that while what is known is young enough: on a busy disk a look takes long.
   */
  async current(): Promise<LakeView> {
    return this.known() ?? (await this.#check(this.#clock.nowMs()));
  }

  /** Returns the result of `current` if it is known without waiting. */
  known(): LakeView | undefined {
    const nowMs = this.#clock.nowMs();
    const ageMs = nowMs - this.#checkedMs;
    if (this.#current === undefined || ageMs < 0 || ageMs >= AGE_MS_MAX) return undefined;
    // The caller that waits for the next check learns why it fails.
    if (ageMs >= FRESH_MS) this.#check(nowMs).catch(() => undefined);
    return this.#current;
  }

  /** Openings of past views that are running and waiting. */
  get openings(): ReadGate['load'] {
    return this.#gate.load;
  }

  #check(nowMs: InstantMs): Promise<LakeView> {
    this.#checking ??= uncancelable(() => this.#look(nowMs)).finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  /** Each table at its last version that is not later than the instant. Throws as `pin` does. */
  async asOf(asOfMs: InstantMs, requester: Requester = {}): Promise<LakeView> {
    refuseFuture(asOfMs, this.#clock.nowMs());
    // An instant that may still see commits is not cached, since the cached view would miss them.
    const isOver = asOfMs < this.#clock.nowMs() - COMMIT_MS_MAX;
    const open = () => this.#openAsOf(asOfMs);
    return isOver ? this.#past(`instant ${asOfMs}`, open, requester) : this.#gate.pass(open, requester);
  }

  async #openAsOf(asOfMs: InstantMs): Promise<LakeView> {
    const untilMs = Math.min(asOfMs, this.#clock.nowMs());
    const opened = await this.#open(untilMs, (definition) => this.#lake.table(definition).at({ asOfMs }));
    const early = opened.snapshots.has(DAILY_BARS.name) ? undefined : await this.#whyEmpty(asOfMs);
    return new LakeView(opened, asOfMs, () => early ?? lakeEmpty());
  }

  /** The view that a first page was made from, by the versions that its cursor carries. */
  ofVersions(versions: Readonly<Record<string, number>>, requester: Requester = {}): Promise<LakeView> {
    const open = async (): Promise<LakeView> => {
      const opened = await this.#open(this.#clock.nowMs(), async (definition) => {
        const version = versions[definition.name];
        return version === undefined ? undefined : this.#lake.table(definition).at({ version });
      });
      return new LakeView(opened, undefined, lakeEmpty);
    };
    return this.#past(`versions ${JSON.stringify(versions)}`, open, requester);
  }

  /** Opens a view that stays as it is. Requesters share an opening, which is given up once all of them have left. */
  #past(key: string, open: () => Promise<LakeView>, { caller, signal }: Requester): Promise<LakeView> {
    const enter = (unwanted: AbortSignal) => this.#gate.pass(open, { caller, signal: unwanted });
    return this.#cache.get(PAST_VIEWS, key, enter, undefined, undefined, () => signal);
  }

  async #look(nowMs: InstantMs): Promise<LakeView> {
    const opened = await this.#open(nowMs, (definition) => this.#lake.table(definition).head());
    const { snapshots, until } = opened;
    const current = this.#current;
    const isSame =
      current !== undefined &&
      current.until === until &&
      this.#definitions.every((definition) => current.snapshot(definition) === snapshots.get(definition.name));
    this.#checkedMs = nowMs;
    this.#current = isSame ? current : new LakeView(opened, undefined, lakeEmpty);
    return this.#current;
  }

  async #open(
    untilMs: InstantMs,
    open: (definition: TableDefinition) => Promise<Snapshot | undefined>,
  ): Promise<OpenedTables> {
    const snapshots = new Map<string, Snapshot>();
    let until: IsoDate | undefined;
    for (const definition of this.#definitions) {
      const snapshot = await open(definition);
      if (snapshot === undefined) continue;
      if (definition === DAILY_BARS) {
        until = publishedUntil(this.#calendar, snapshot, untilMs);
        // Bars without a published session count as absent: readers rely on one.
        if (!mayBePublished(snapshot, until)) continue;
      }
      snapshots.set(definition.name, snapshot);
    }
    return { snapshots, until };
  }

  async #whyEmpty(asOfMs: InstantMs): Promise<Error> {
    return (await this.#lake.table(DAILY_BARS).head()) === undefined ? lakeEmpty() : tooEarly(this.#lake, asOfMs);
  }
}

/** A commit that began before an instant may land this much later; only then are that instant's answers final. */
export const COMMIT_MS_MAX = 60_000;
