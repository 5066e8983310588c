import { defined } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { NewFile } from '#lake/files.ts';
import { checkpointTxns, decide } from '#lake/input-checkpoint.ts';
import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DAILY_BARS, silverBars } from '#lake/tables.ts';
import type { WritePlan } from '#lake/write-plan.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { SessionSet } from '#market/session-set.ts';
import type { Clock } from '#ports/clock.ts';
import { checkForeignRows } from '../tables/foreign-rows.ts';
import { changesSince, recountedSessions, type Since } from './changes.ts';
import { FoldRun } from './fold.ts';
import { barsBetween, storedBounds } from './inputs.sql.ts';
import { type Inputs, pinInputs } from './inputs.ts';
import {
  allWindows,
  type Changes,
  groupsOf,
  outdatedFrom,
  type PlannedWindow,
  touchedWindows,
  windowAt,
} from './plan.ts';
import { firstSessions, layoutOf, rebuildLayoutOf, type SilverLayout, stageTarget } from './staging.ts';

export interface ResampleDeps {
  readonly lake: Lake;
  readonly calendar: Calendar;
  readonly clock: Clock;
  /** Told of each year that is folded and written, from the latest back. */
  readonly onProgress?: (progress: { readonly year: number; readonly done: number; readonly total: number }) => void;
}

export interface ResampleRequest {
  /** Sessions a bar, each from 2 to 252. */
  readonly intervals: readonly number[];
  /** Derive everything again, whatever the checkpoints say. */
  readonly full?: boolean;
}

export interface IntervalReport {
  readonly interval: number;
  readonly table: string;
  /** `unchanged`: the stored rows are what the inputs give. `failed`: see `error`; the table is as it was. */
  readonly mode: 'full' | 'incremental' | 'unchanged' | 'failed';
  /** Why everything was derived again, or that the calendar changed. */
  readonly reason?: string;
  /** Windows written. */
  readonly windows: number;
  /** Stored windows that vanished. */
  readonly removedWindows: number;
  /** Rows in the files written, those carried over included. */
  readonly rows: number;
  readonly filesAdded: number;
  readonly filesRemoved: number;
  /** The version committed; undefined where there was nothing to commit. */
  readonly version?: number;
  readonly error?: CondvestError;
}

export interface ResampleReport {
  readonly intervals: readonly IntervalReport[];
  /** The last session published; undefined: there are no daily bars. */
  readonly lastPublished: IsoDate | undefined;
}

/**
 * Derives the N-session bars of silver from daily bars, splits and listings: exactly the windows that changed since the
 * checkpoint of each table, or all of them where that cannot be told. Data and checkpoint are one commit a table, so a
 * run that dies anywhere is simply run again. One interval that fails does not stop the others.
 */
export async function resample(deps: ResampleDeps, request: ResampleRequest): Promise<ResampleReport> {
  const { lake, calendar } = deps;
  const intervals = [...new Set(request.intervals)].sort((a, b) => a - b);
  // Silver before its inputs: an input pinned afterwards is never older than what a checkpoint speaks of.
  const bases = new Map<number, Snapshot | undefined>();
  for (const interval of intervals) bases.set(interval, await lake.table(silverBars(interval)).head());
  const prepared = await prepare(deps, bases, request.full === true);
  const reports: IntervalReport[] = [];
  for (const interval of intervals) {
    reports.push(await commit(deps, request, interval, bases.get(interval), prepared.byInterval.get(interval)));
  }
  const published = prepared.inputs?.published;
  const lastPublished =
    published === undefined || published.indexes.size === 0 ? undefined : calendar.sessionAt(published.last);
  return { intervals: reports, lastPublished };
}

/** A pending commit of one table, with its files already written. */
interface Prepared {
  readonly plan: WritePlan | undefined;
  readonly report: IntervalReport;
}

async function commit(
  deps: ResampleDeps,
  request: ResampleRequest,
  interval: number,
  plannedOn: Snapshot | undefined,
  first: Prepared | undefined,
): Promise<IntervalReport> {
  let prepared = first;
  let freshFor = plannedOn?.version;
  try {
    const committed = await deps.lake.table(silverBars(interval)).write(async (base) => {
      if (prepared === undefined || base?.version !== freshFor) {
        // Somebody else committed meanwhile. What is left to do is derived again, from their checkpoint.
        await deps.lake.table(silverBars(interval)).discardStaged(prepared?.plan?.add ?? []);
        const again = await prepare(deps, new Map([[interval, base]]), request.full === true);
        prepared = again.byInterval.get(interval);
        freshFor = base?.version;
      }
      return prepared?.plan;
    });
    const { report } = defined(prepared, 'a table that was prepared');
    return committed === undefined ? report : { ...report, version: committed.version };
  } catch (cause) {
    return failed(interval, cause);
  }
}

/** Decides, folds and writes the files of these tables, each as planned against its base. Commits nothing. */
async function prepare(
  deps: ResampleDeps,
  bases: ReadonlyMap<number, Snapshot | undefined>,
  full: boolean,
): Promise<{ inputs: Inputs | undefined; byInterval: Map<number, Prepared> }> {
  const { lake, calendar, clock } = deps;
  const inputs = await pinInputs(lake, calendar, clock);
  if (inputs === undefined && [...bases.values()].some((base) => base !== undefined)) throw inputGone('daily_bars');
  const byInterval = new Map<number, Prepared>();
  const work: Work[] = [];
  const changes = new ChangeCache(deps, inputs);
  for (const [interval, base] of bases) {
    try {
      const found = inputs === undefined ? undefined : await planWork(deps, inputs, changes, interval, base, full);
      if (found === undefined)
        byInterval.set(interval, { plan: undefined, report: emptyReport(interval, 'unchanged') });
      else work.push(found);
    } catch (cause) {
      byInterval.set(interval, { plan: undefined, report: failed(interval, cause) });
    }
  }
  try {
    for (const group of groupsOf(work, symbolsOf(inputs))) await stage(deps, defined(inputs, 'work has inputs'), group);
  } catch (cause) {
    for (const { interval, added } of work) await lake.table(silverBars(interval)).discardStaged(added);
    throw cause;
  }
  for (const item of work) {
    byInterval.set(item.interval, finish(deps, defined(inputs, 'work has inputs'), item));
    if (item.error !== undefined) await lake.table(silverBars(item.interval)).discardStaged(item.added);
  }
  return { inputs, byInterval };
}

/** One table's share of a run. */
interface Work {
  readonly interval: number;
  readonly base: Snapshot | undefined;
  readonly mode: 'full' | 'incremental';
  readonly reason: string | undefined;
  readonly windows: readonly PlannedWindow[];
  readonly removedWindows: number;
  readonly layout: SilverLayout;
  readonly added: NewFile[];
  error: unknown;
}

/** Undefined: there is nothing to do for this table. */
async function planWork(
  deps: ResampleDeps,
  inputs: Inputs,
  cache: ChangeCache,
  interval: number,
  base: Snapshot | undefined,
  full: boolean,
): Promise<Work | undefined> {
  const { calendar } = deps;
  const { published } = inputs;
  const decision = decide(base?.txns, inputs.pinned);
  const stored = storedUnits(base);
  const windowOf = (number: number): PlannedWindow => windowAt(calendar, interval, number, published);
  const rebuild = (reason: string): Work => {
    const windows = allWindows(interval, published).map(windowOf);
    const layout = rebuildLayoutOf(base, windows);
    const removedWindows = stored.difference(firstSessions(windows)).size;
    return { interval, base, mode: 'full', reason, windows, removedWindows, layout, added: [], error: undefined };
  };
  if (base === undefined && published.indexes.size === 0) return undefined;
  if (full) return rebuild('asked for');
  if (decision.mode === 'input-gone') throw inputGone(decision.gone.join(' and '));
  if (decision.mode === 'full') return rebuild(decision.reason);
  // The inputs were pinned after the checkpoint was read, so no other run can have been quicker.
  if (decision.mode === 'ahead') return rebuild('an input table is older than it was, as after a restored backup');
  const changes = await cache.since(decision);
  if (typeof changes === 'string') return rebuild(changes);

  const sessions = changes.sessions.union(recountedSessions(calendar, inputs, decision.published));
  const numbers = new Set(touchedWindows(calendar, interval, { ...changes, sessions }));
  let obsolete = SessionSet.empty;
  let reason: string | undefined;
  if (decision.calendarChanged) {
    const outdated = outdatedFrom(calendar, interval, await boundsOf(deps.lake, interval, base));
    reason = 'the calendar changed; no stored window is touched by it';
    if (outdated !== undefined) {
      reason = `the calendar changed; windows from ${calendar.sessionAt(outdated.fromWindow * interval)} on are derived again`;
      obsolete = outdated.obsolete;
      for (const number of allWindows(interval, published)) if (number >= outdated.fromWindow) numbers.add(number);
    }
  }
  const touched = [...numbers].sort((a, b) => a - b).map(windowOf);
  const windows = touched.filter((window) => window.lastPublished !== undefined);
  // A window whose every row is gone: a restore, or another program, took them away.
  const emptied = touched.filter((window) => window.lastPublished === undefined);
  obsolete = obsolete.union(firstSessions(emptied)).difference(firstSessions(windows)).intersection(stored);
  const layout = await layoutOf(deps.lake, interval, base, windows, obsolete);
  const upToDate = layout.units.size === 0 && sameTxns(base, checkpointTxns(inputs.pinned, published.last));
  if (upToDate) return undefined;
  const removedWindows = obsolete.size;
  return { interval, base, mode: 'incremental', reason, windows, removedWindows, layout, added: [], error: undefined };
}

/** Daily bars a session, at most, as far as our own files say. */
function symbolsOf(inputs: Inputs | undefined): number {
  const files = inputs?.bars.files ?? [];
  return files.reduce(
    (most, { stats, units }) => Math.max(most, (stats?.numRecords ?? 0) / (units?.size ?? Number.POSITIVE_INFINITY)),
    0,
  );
}

/** Folds all windows of these tables, year by year, and writes their files. A table's failure is kept with its work. */
async function stage(deps: ResampleDeps, inputs: Inputs, work: readonly Work[]): Promise<void> {
  const { lake, calendar } = deps;
  const { published, spans, splits } = inputs;
  const targets = new Set(work.flatMap((item) => item.layout.targets.map((target) => target.year)));
  if (targets.size === 0) return;
  await checkForeignRows(lake, inputs.bars);
  using session = await lake.session();
  const scan = async (sessions: SessionSet): Promise<string> => {
    const rows = await lake.table(DAILY_BARS).scanSql(inputs.bars.filesTouching(sessions));
    return barsBetween(rows, sessions.min ?? '0001-01-01', sessions.max ?? '0001-01-01');
  };
  const wanted = new Map(work.map(({ interval, windows }) => [interval, windows]));
  using fold = await FoldRun.start(lake, session, { calendar, published, spans, splits, scan }, wanted);
  const loaded = new Set(fold.years);
  const years = [...loaded.union(targets)].sort((a, b) => b - a);
  for (const [done, year] of years.entries()) {
    deps.onProgress?.({ year, done, total: years.length });
    if (loaded.has(year)) await fold.load(year);
    for (const item of work) {
      for (const target of item.layout.targets) {
        if (target.year !== year || item.error !== undefined) continue;
        try {
          const { interval, base, windows } = item;
          const fresh = windows.filter((window) => target.fresh.has(window.firstSession));
          const file = await stageTarget(lake, session, fold, { interval, base, target, windows: fresh });
          if (file !== undefined) item.added.push(file);
        } catch (cause) {
          item.error = cause;
        }
      }
    }
  }
  deps.onProgress?.({ year: defined(years.at(-1), 'a year'), done: years.length, total: years.length });
}

function finish(deps: ResampleDeps, inputs: Inputs, work: Work): Prepared {
  const { interval, layout, added } = work;
  if (work.error !== undefined) return { plan: undefined, report: failed(interval, work.error) };
  const report: IntervalReport = {
    interval,
    table: silverBars(interval).name,
    mode: work.mode,
    ...(work.reason === undefined ? {} : { reason: work.reason }),
    windows: work.windows.length,
    removedWindows: work.removedWindows,
    rows: added.reduce((sum, file) => sum + (file.stats.numRecords ?? 0), 0),
    filesAdded: added.length,
    filesRemoved: layout.remove.length,
  };
  const plan: WritePlan = {
    operation: 'RESAMPLE',
    add: added,
    remove: layout.remove,
    units: layout.units,
    dataChange: added.length + layout.remove.length > 0,
    txns: checkpointTxns(inputs.pinned, inputs.published.last),
    operationMetrics: { mode: work.mode, windows: work.windows.length, calendar: deps.calendar.hash.slice(0, 12) },
  };
  return { plan, report };
}

/** Tables of one checkpoint share what changed since. */
class ChangeCache {
  readonly #deps: ResampleDeps;
  readonly #inputs: Inputs | undefined;
  readonly #known = new Map<string, Promise<Changes | string>>();

  constructor(deps: ResampleDeps, inputs: Inputs | undefined) {
    this.#deps = deps;
    this.#inputs = inputs;
  }

  since(since: Since): Promise<Changes | string> {
    const key = `${since.bars} ${since.splits} ${since.listings}`;
    const inputs = defined(this.#inputs, 'changes of inputs that exist');
    const found = this.#known.get(key) ?? changesSince(this.#deps.lake, this.#deps.calendar, inputs, since);
    this.#known.set(key, found);
    return found;
  }
}

async function boundsOf(
  lake: Lake,
  interval: number,
  base: Snapshot | undefined,
): Promise<{ firstSession: IsoDate; lastSession: IsoDate }[]> {
  const sql = storedBounds(await lake.table(silverBars(interval)).scanSql(base?.files ?? []));
  const rows = await lake.rows<{ first_session: IsoDate; last_session: IsoDate }>(sql);
  return rows.map((row) => ({ firstSession: row.first_session, lastSession: row.last_session }));
}

/** First sessions of the windows that the table holds, or, by files of other programs, may hold. */
function storedUnits(base: Snapshot | undefined): SessionSet {
  return SessionSet.of((base?.files ?? []).flatMap((file) => [...(file.units ?? [])]));
}

/** Without an input, silver would be wrong without a sign of it. */
function inputGone(names: string): CondvestError {
  return new CondvestError({
    code: 'resample-input-gone',
    kind: 'corrupt',
    message: `N-session bars were derived from ${names}, which no longer exists`,
    action:
      'Restore the table from a backup, or import or fetch its rows again. If it was removed on purpose, run: condvest resample --full',
  });
}

function sameTxns(base: Snapshot | undefined, txns: ReadonlyMap<string, number>): boolean {
  return [...txns].every(([key, version]) => base?.txns.get(key) === version);
}

function emptyReport(interval: number, mode: 'unchanged' | 'failed'): IntervalReport {
  const table = silverBars(interval).name;
  return { interval, table, mode, windows: 0, removedWindows: 0, rows: 0, filesAdded: 0, filesRemoved: 0 };
}

/** A failure of the outside world becomes the interval's own; a bug stops the program. */
function failed(interval: number, cause: unknown): IntervalReport {
  if (!(cause instanceof CondvestError)) throw cause;
  return { ...emptyReport(interval, 'failed'), error: cause };
}
