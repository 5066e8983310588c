import { defined } from '#base/assert.ts';
import { type InstantMs, type IsoDate, yearOf } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { DataFile } from '#lake/files.ts';
import type { Lake } from '#lake/lake.ts';
import { columnsToKeep } from '#lake/put.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DAILY_BARS, LISTINGS, SESSIONS } from '#lake/tables.ts';
import type { OperationParameters, WritePlan } from '#lake/write-plan.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { SessionSet } from '#market/session-set.ts';
import type { Clock } from '#ports/clock.ts';

import {
  type ClassifiedSession,
  classifySessions,
  openWindowStart,
  type SessionChanges,
} from '../ledger/classify-sessions.ts';
import { countsSql } from '../ledger/ledger.sql.ts';
import { readLedger } from '../ledger/ledger.ts';
import { type ListedRows, type ListedSymbols, listedSymbols } from '../ledger/listed-counts.ts';
import { type ClassifiedAt, recordSessions } from '../ledger/record-sessions.ts';
import { OwnFileRows } from './own-file-rows.ts';
import {
  conflictsSql,
  insertedSql,
  keptSql,
  type MergeInputs,
  mergedSql,
  ofYearSql,
  outcomesSql,
} from './put-bars.sql.ts';

/** Configured rules for rows and sessions. */
export interface PutRules {
  /** Sources from the lowest rank to the highest. */
  readonly sourceRanks: readonly string[];
  /** The longest interval that is stored: sessions of its open window keep files of their own. */
  readonly longestInterval: number;
  /** Under this share of the expected rows a session is partial. */
  readonly partialShare: number;
}

export interface PutBarsDeps {
  readonly lake: Lake;
  readonly calendar: Calendar;
  readonly clock: Clock;
  readonly rules: PutRules;
}

export interface PutBarsRequest {
  /**
   * A SELECT of accepted rows: symbol, session, open, high, low, close, volume, vwap, trades, each symbol and session
   * once. It is run several times and must give the same rows each time: a scratch file or the caller's own input, not
   * a temporary table.
   */
  readonly rows: string;
  /** The SELECT gives the rows of any one year by symbol and session: spares a sort. */
  readonly ordered?: boolean;
  readonly source: string;
  /** When the rows were fetched: `fetched_at` of what is new in them. */
  readonly fetchedAtMs: InstantMs;
  /** Replace what sources of higher rank gave, too. */
  readonly replace?: boolean;
  /** Every look counts as an attempt, also one that brought nothing new: true for fetches, false for files. */
  readonly countUnchangedAttempts?: boolean;
  /** Provenance for the history of the table. */
  readonly origin?: OperationParameters;
  /** Say what would be done, and write nothing. */
  readonly dryRun?: boolean;
}

/** Effect of a put on one session. Counts are rows. */
export interface SessionOutcome {
  readonly inserted: number;
  readonly replaced: number;
  readonly unchanged: number;
  readonly conflict: number;
  /** Stored rows that the put did not speak of; they were kept. */
  readonly kept: number;
}

export interface BarConflict {
  readonly symbol: string;
  readonly session: IsoDate;
  readonly storedSource: string | null;
  /** Values as JSON text. */
  readonly stored: string;
  readonly incoming: string;
}

export interface PutBarsReport {
  readonly outcomes: ReadonlyMap<IsoDate, SessionOutcome>;
  /** The first of the rows that differ from what a source of higher rank gave. */
  readonly conflicts: readonly BarConflict[];
  /** The sessions as the ledger has them now. */
  readonly sessions: ReadonlyMap<IsoDate, ClassifiedSession>;
  /** Version of `bronze/daily_bars` that was written; undefined where no bar changed. */
  readonly version: number | undefined;
  /** The ledger was written: also where no bar changed, but a crash had kept it from what it should say. */
  readonly ledgerChanged: boolean;
}

/** Conflicts listed in a report; all are counted. */
const CONFLICTS_LISTED_MAX = 20;

/**
 * Puts rows into `bronze/daily_bars`, then what is now known of their sessions into the ledger. Running it again with
 * the same rows changes nothing. A kill between the two commits is mended by the next run.
 */
export async function putBars(deps: PutBarsDeps, request: PutBarsRequest): Promise<PutBarsReport> {
  const { lake, calendar, rules } = deps;
  const table = lake.table(DAILY_BARS);
  const counts = await countBySession(lake, request.rows);
  const listed = await listedSymbols(lake, calendar, await lake.table(LISTINGS).head());
  const listedFetched = await listed.rowsOf(request.rows);
  if (counts.size === 0) {
    return { outcomes: new Map(), conflicts: [], sessions: new Map(), version: undefined, ledgerChanged: false };
  }
  let merge: Merge | undefined;
  let classified: ClassifiedAt | undefined;
  let comparedWith: number | undefined;
  const changesOf = ({ outcomes, listedRows }: Merge): SessionChanges => ({
    rowsAfter: rowsAfter(outcomes),
    fetched: counts,
    listed: listedRows,
    changed: changedSessions(outcomes),
    fetchedAtMs: request.fetchedAtMs,
    countUnchangedAttempts: request.countUnchangedAttempts ?? false,
  });
  await using staged = new AsyncDisposableStack();
  const plan = async (base: Snapshot | undefined): Promise<WritePlan | undefined> => {
    classified = undefined;
    merge = await compare(deps, request, { counts, listed, listedFetched }, base);
    comparedWith = base?.version;
    if (merge.changed.size === 0 || request.dryRun === true) return undefined;
    const ledgerHead = await lake.table(SESSIONS).head();
    const { ledger } = await readLedger(lake, ledgerHead);
    const sessions = classifySessions({ calendar, partialShare: rules.partialShare }, ledger, changesOf(merge));
    classified = { ledgerVersion: ledgerHead?.version, sessions };
    const open = openWindowStart(calendar, rules.longestInterval, request.fetchedAtMs);
    const mayShare = (session: IsoDate): boolean =>
      session < open && (sessions.get(session)?.row ?? ledger.get(session))?.state === 'settled';
    const own = staged.use(new OwnFileRows(lake));
    return stage(deps, request, merge, base, mayShare, own);
  };
  const committed = request.dryRun === true ? void (await plan(await table.head())) : await table.write(plan);
  const done = defined(merge as Merge | undefined, 'a write plans at least once');
  const { outcomes, conflicts } = done;
  const recorded = await recordSessions(deps, {
    ...changesOf(done),
    countedAt: committed?.version ?? comparedWith,
    classified,
    dryRun: request.dryRun ?? false,
  });
  return {
    outcomes,
    conflicts,
    sessions: recorded.sessions,
    version: committed?.version,
    ledgerChanged: recorded.changed,
  };
}

/** The rows against one version of the table. */
interface Merge {
  readonly outcomes: ReadonlyMap<IsoDate, SessionOutcome>;
  readonly changed: SessionSet;
  readonly conflicts: readonly BarConflict[];
  readonly listedRows: Required<ListedRows>;
  /** Merge of one year's rows; undefined where nothing is stored that they could meet. */
  readonly ofYear: ReadonlyMap<number, MergeInputs>;
}

async function countBySession(lake: Lake, rows: string): Promise<Map<IsoDate, number>> {
  const counts = await lake.rows<{ session: IsoDate; rows: number }>(countsSql(rows));
  return new Map(counts.map((row) => [row.session, row.rows]));
}

async function compare(
  deps: PutBarsDeps,
  request: PutBarsRequest,
  incoming: {
    readonly counts: ReadonlyMap<IsoDate, number>;
    readonly listed: ListedSymbols;
    readonly listedFetched: ReadonlyMap<IsoDate, number>;
  },
  base: Snapshot | undefined,
): Promise<Merge> {
  const { counts, listed, listedFetched } = incoming;
  const touched = base?.filesTouching(SessionSet.of(counts.keys())) ?? [];
  const outcomes = new Map<IsoDate, SessionOutcome>();
  const ofYear = new Map<number, MergeInputs>();
  const conflicts: BarConflict[] = [];
  const listedAfter = new Map(listedFetched);
  for (const [session, rows] of counts) outcomes.set(session, { ...NOTHING, inserted: rows });
  for (const [year, files] of Map.groupBy(touched, yearOfFile)) {
    if (![...counts.keys()].some((session) => yearOf(session) === year)) continue;
    const inputs = await mergeInputs(deps, request, base, year, files);
    ofYear.set(year, inputs);
    const rows = await deps.lake.rows<SessionOutcome & { session: IsoDate }>(outcomesSql(inputs));
    for (const { session, ...outcome } of rows) if (counts.has(session)) outcomes.set(session, outcome);
    const wanted = CONFLICTS_LISTED_MAX - conflicts.length;
    if (wanted > 0 && rows.some((row) => row.conflict > 0))
      conflicts.push(...(await deps.lake.records<BarConflict>(conflictsSql(inputs, wanted))));
    if (!rows.some((row) => row.kept > 0 && counts.has(row.session))) continue;
    for (const [session, kept] of await listed.rowsOf(keptSql(inputs)))
      listedAfter.set(session, (listedAfter.get(session) ?? 0) + kept);
  }
  const listedRows = { on: listed.on, after: listedAfter, fetched: listedFetched };
  return { outcomes, changed: SessionSet.of(changedSessions(outcomes)), conflicts, listedRows, ofYear };
}

const NOTHING: SessionOutcome = { inserted: 0, replaced: 0, unchanged: 0, conflict: 0, kept: 0 };

async function mergeInputs(
  deps: PutBarsDeps,
  request: PutBarsRequest,
  base: Snapshot | undefined,
  year: number,
  files: readonly DataFile[],
): Promise<MergeInputs> {
  const columns = columnsToKeep(DAILY_BARS, base, true);
  const known = new Set(DAILY_BARS.columns.map(({ name }) => name));
  await deps.lake.table(DAILY_BARS).checkIntact(files);
  const stored = await deps.lake.table(DAILY_BARS).scanSql(files, { columns });
  return {
    foreign: columns.flatMap(({ name }) => (known.has(name) ? [] : [name])),
    incoming: ofYearSql(request.rows, year),
    stored,
    source: request.source,
    fetchedAtMs: request.fetchedAtMs,
    nowMs: deps.clock.nowMs(),
    ranks: deps.rules.sourceRanks,
    replace: request.replace ?? false,
  };
}

async function stage(
  deps: PutBarsDeps,
  request: PutBarsRequest,
  merge: Merge,
  base: Snapshot | undefined,
  mayShare: (session: IsoDate) => boolean,
  own: OwnFileRows,
): Promise<WritePlan> {
  const { source, fetchedAtMs, ordered = false } = request;
  const put = SessionSet.of(merge.outcomes.keys());
  const isRange = (units: SessionSet): boolean =>
    put.filter(
      (session) => units.min !== undefined && units.max !== undefined && units.min <= session && session <= units.max,
    ).size === units.size;
  const merged = (units: SessionSet): string => {
    const inputs = merge.ofYear.get(yearOf(defined(units.min, 'a file holds sessions')));
    return inputs === undefined
      ? insertedSql({ incoming: request.rows, source, fetchedAtMs }, units, isRange(units))
      : mergedSql(inputs, units);
  };
  const comesOrdered = (units: SessionSet): boolean =>
    own.rowsOf(units) !== undefined ||
    (ordered && isRange(units) && !merge.ofYear.has(yearOf(defined(units.min, 'a file holds sessions'))));
  await own.stage(
    merge.changed.filter((session) => !mayShare(session)),
    merged,
  );
  const rowCount = [...merge.changed].reduce((sum, session) => sum + totalOf(merge.outcomes.get(session)), 0);
  const staged = await deps.lake.table(DAILY_BARS).stagePut(base, {
    units: merge.changed,
    rows: (units) => own.rowsOf(units) ?? merged(units),
    rowCount,
    mayShare,
    ordered: comesOrdered,
  });
  return {
    operation: 'WRITE',
    add: staged.add,
    remove: staged.remove,
    read: base?.filesTouching(merge.changed) ?? [],
    units: merge.changed,
    dataChange: true,
    operationParameters: request.origin ?? {},
    operationMetrics: sumOutcomes(merge.outcomes),
  };
}

function rowsAfter(outcomes: ReadonlyMap<IsoDate, SessionOutcome>): Map<IsoDate, number> {
  return new Map([...outcomes].map(([session, outcome]) => [session, totalOf(outcome)]));
}

function changedSessions(outcomes: ReadonlyMap<IsoDate, SessionOutcome>): Set<IsoDate> {
  return new Set(
    [...outcomes].flatMap(([session, { inserted, replaced }]) => (inserted + replaced > 0 ? [session] : [])),
  );
}

function totalOf(outcome: SessionOutcome | undefined): number {
  const { inserted, replaced, unchanged, conflict, kept } = outcome ?? NOTHING;
  return inserted + replaced + unchanged + conflict + kept;
}

/** Totals over all sessions of a put, by outcome. */
export function sumOutcomes(
  outcomes: ReadonlyMap<IsoDate, SessionOutcome>,
): Readonly<Record<keyof SessionOutcome, number>> {
  const sum = { ...NOTHING } as Record<keyof SessionOutcome, number>;
  for (const outcome of outcomes.values()) {
    for (const key of Object.keys(sum) as (keyof SessionOutcome)[]) sum[key] += outcome[key];
  }
  return sum;
}

function yearOfFile(file: DataFile): number {
  const year = Number(file.partitionValues.year);
  if (!Number.isInteger(year)) throw unpartitioned(file);
  return year;
}

function unpartitioned(file: DataFile): CondvestError {
  return new CondvestError({
    code: 'lake-file-unpartitioned',
    kind: 'corrupt',
    message: `A file of table ${DAILY_BARS.name}, written by another program, has no year`,
    found: file.path,
  });
}
