import { defined } from '#base/assert.ts';
import { compare } from '#base/compare.ts';
import { addDays, type IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import { inUnits } from '#lake/put.sql.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { type DailyRowRules, isOffMedian, type QuarantineReason } from '#market/quality.ts';
import { SessionSet } from '#market/session-set.ts';

import { putBars, sumOutcomes } from '../put/put-bars.ts';
import { copyScratchSql } from '../tables/scratch.sql.ts';
import { barWarnings, JUMPS_MAX, type ValidatedRows } from './bar-warnings.ts';
import { wideSpacing } from './check-rows.ts';
import { FileProblems } from './file-problems.ts';
import {
  type ImportJob,
  originOf,
  type PreparedImport,
  preparedImport,
  type ReasonCount,
  type ValidatedCounts,
  validateCounts,
} from './job.ts';
import { barReasonSql } from './quality.sql.ts';
import type { SessionsReport } from './report.ts';
import type { ImportDeps } from './request.ts';
import { stageReadings } from './stage.ts';
import {
  acceptedSql,
  besideStoredSql,
  crowdedCountSql,
  duplicateCountsByFileSql,
  duplicateCountsSql,
  duplicateReasonSql,
  duplicatesSql,
  occurringSessionsSql,
  surveySql,
  uniqueSql,
  walkSql,
} from './survey.sql.ts';
import { checkAdjustment, knownSplits, undoSplits } from './undo-splits.ts';

const DUPLICATE: QuarantineReason = 'duplicate with other values';

/** Reads and validates daily bars. The result writes them. */
export async function prepareBars(deps: ImportDeps, job: ImportJob): Promise<PreparedImport> {
  await using scratch = new AsyncDisposableStack();
  const staged = scratch.use(await stageReadings(deps.lake, job.readings));
  const splits = await knownSplits(deps.lake, job.splits);
  await checkAdjustment(deps, job, staged.rows, splits);
  let { rows } = staged;
  if (job.adjusted === 'split') {
    const undone = await undoSplits(deps, job, rows, splits);
    scratch.use(undone.scratch);
    rows = undone.rows;
  }
  const { counts, bars, collapsed } = await validateBars(deps, job, rows, scratch);
  return preparedImport(deps.lake, job, counts, scratch, async () => {
    // After the splits of the same import, which explain jumps.
    const warnings = await barWarnings(deps.lake, await withStoredNeighbors(deps, bars));
    const put = await putBars(deps, {
      rows: bars.rows,
      ordered: bars.order !== 'none',
      source: job.source,
      fetchedAtMs: job.seenAtMs,
      replace: job.replace,
      origin: originOf(job),
      dryRun: job.dryRun,
    });
    const { kept, conflict: conflicts, ...outcomes } = sumOutcomes(put.outcomes);
    const classified = [...put.sessions.values()];
    const short = classified.filter(({ row, settledShort }) => row.state === 'partial' || settledShort);
    if (short.length > 0) warnings.counts['few-rows'] = short.length;
    for (const { row, median } of classified)
      if (row.rows > (median ?? row.rows) && isOffMedian(row.rows, median))
        warnings.addOffMedian('many-rows', row.session, row.rows, median);
    const sessions = sessionsReport(put.sessions, kept);
    return {
      ...outcomes,
      conflicts,
      conflictExamples: put.conflicts.map(({ session: date, ...example }) => ({ ...example, date })),
      duplicates: collapsed,
      warnings: warnings.counts,
      warningExamples: warnings.examples,
      ledgerChanged: put.ledgerChanged,
      ...(sessions === undefined ? {} : { sessions }),
      ...(put.version === undefined ? {} : { version: put.version }),
    };
  });
}

/**
 * With more sessions than this nearly all steps are inside the import, and reading the stored neighbors takes long.
 */
const NEIGHBORS_SESSIONS_MAX = 60;
/** Days around the import in which a step into it may start, or one out of it may end. */
const NEIGHBORS_DAYS = 90;

/** Adds the stored rows around a small import, whose sessions have hardly a step among them. */
async function withStoredNeighbors({ lake, calendar }: ImportDeps, bars: ValidatedRows): Promise<ValidatedRows> {
  const ascending = bars.sessions.toSorted(compare);
  const [first, last] = [ascending[0], ascending.at(-1)];
  const head = await lake.table(DAILY_BARS).head();
  const isMany = bars.sessions.length > NEIGHBORS_SESSIONS_MAX;
  if (head === undefined || first === undefined || last === undefined || isMany) return bars;
  const around = SessionSet.of(calendar.range(addDays(first, -NEIGHBORS_DAYS), addDays(last, NEIGHBORS_DAYS)));
  const files = head.filesTouching(around);
  if (files.length === 0) return bars;
  const stored = `SELECT * FROM (${await lake.table(DAILY_BARS).scanSql(files)}) WHERE ${inUnits('session', around)}`;
  return {
    ...bars,
    rows: besideStoredSql(bars.rows, stored),
    order: 'none',
    jumps: null,
    sessions: [...around],
    own: bars.rows,
    from: first,
  };
}

interface ValidatedBars {
  readonly counts: ValidatedCounts;
  readonly bars: ValidatedRows;
  /** Equal rows beyond the first of their key. */
  readonly collapsed: number;
}

async function validateBars(
  deps: ImportDeps,
  job: ImportJob,
  staged: string,
  scratch: AsyncDisposableStack,
): Promise<ValidatedBars> {
  const { lake, calendar, clock } = deps;
  job.onStep('checking');
  const rules: DailyRowRules = { calendar, lastSession: calendar.lastClosedSession(clock.nowMs()) };
  const occurring = await lake.rows<{ session: IsoDate }>(occurringSessionsSql(staged));
  const sessionsAreValid = occurring.every(
    ({ session }) => session <= rules.lastSession && calendar.isSession(session),
  );
  const ownReason = barReasonSql(rules, sessionsAreValid);
  const survey = await lake.records<SurveyRow>(surveySql(staged, ownReason));
  // The bound is checked before any more work is done, and again once duplicates are known.
  await validateCounts(lake, job, survey, ownReason);
  checkSpacing(job, survey);
  const hasRejected = survey.some((row) => row.reason !== null);
  const accepted = acceptedSql(staged, hasRejected ? ownReason : undefined);
  const [walk] = await lake.records<WalkRow>(walkSql(accepted, JUMPS_MAX));
  const order = walk?.bySymbol === 0 ? 'by-symbol' : walk?.byYear === 0 ? 'by-year' : 'none';
  const duplicates = order === 'none' ? await findDuplicates(lake, accepted, scratch) : undefined;
  const reason = duplicates === undefined ? ownReason : duplicateReasonSql(ownReason, duplicates.path, DUPLICATE);
  const rejectedTwice = duplicates === undefined ? [] : await duplicateCounts(lake, staged, ownReason, duplicates.path);
  const counts = await validateCounts(lake, job, [...survey, ...rejectedTwice], reason);
  const kept = survey.filter((row) => row.reason === null);
  return {
    counts,
    collapsed: duplicates?.collapsed ?? 0,
    bars: {
      rows: duplicates === undefined ? accepted : uniqueSql(accepted, duplicates.path),
      order,
      jumps: walk?.jumps ?? null,
      withoutVolume: kept.reduce((sum, row) => sum + row.withoutVolume, 0),
      sessions: kept.flatMap(({ session }) => (session === null ? [] : [session])),
    },
  };
}

interface WalkRow {
  readonly bySymbol: number;
  readonly byYear: number;
  readonly jumps: string | null;
}

interface SurveyRow extends ReasonCount {
  readonly session: IsoDate | null;
  readonly withoutVolume: number;
  readonly lowestClose: number | null;
}

function checkSpacing(job: ImportJob, survey: readonly SurveyRow[]): void {
  if (job.sparse) return;
  const problems = new FileProblems();
  const byFile = Map.groupBy(survey, ({ fileIndex }) => fileIndex);
  for (const [index, reading] of job.readings.entries()) {
    const error = wideSpacing(reading, byFile.get(index) ?? []);
    if (error !== undefined) problems.add(reading.file.path, error);
  }
  problems.throwIfAny();
}

interface Duplicates {
  /** A scratch file with the keys that occur more than once. */
  readonly path: string;
  readonly collapsed: number;
}

/**
 * Finds keys that occur more than once in unsorted rows. Equal rows collapse; different rows of one key are rejected.
 */
async function findDuplicates(
  lake: Lake,
  accepted: string,
  scratch: AsyncDisposableStack,
): Promise<Duplicates | undefined> {
  const [crowded] = await lake.rows<{ groups: number }>(crowdedCountSql(accepted));
  if (crowded?.groups === 0) return undefined;
  const { path } = scratch.use(await lake.scratchFile());
  await lake.run(copyScratchSql(duplicatesSql(accepted), path));
  const [counts] = await lake.rows<{ collapsed: number }>(duplicateCountsSql(path));
  return { path, collapsed: defined(counts, 'a count has a row').collapsed };
}

/** Returns corrections of the counts: accepted rows that are rejected as duplicates. */
async function duplicateCounts(lake: Lake, staged: string, ownReason: string, path: string): Promise<ReasonCount[]> {
  const sql = duplicateCountsByFileSql(staged, ownReason, path);
  const counts = await lake.records<{ fileIndex: number; rows: number }>(sql);
  return counts.flatMap(({ fileIndex, rows }) => [
    { fileIndex, reason: null, rows: -rows },
    { fileIndex, reason: DUPLICATE, rows },
  ]);
}

function sessionsReport(
  sessions: ReadonlyMap<IsoDate, { readonly row: { readonly state: string } }>,
  kept: number,
): SessionsReport | undefined {
  const ascending = [...sessions.keys()].sort();
  const [first, last] = [ascending[0], ascending.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const byState: Record<string, number> = {};
  for (const { row } of sessions.values()) byState[row.state] = (byState[row.state] ?? 0) + 1;
  return { count: sessions.size, first, last, byState, kept };
}
