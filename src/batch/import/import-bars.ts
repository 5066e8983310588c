import { defined } from '#base/assert.ts';
import { compare } from '#base/compare.ts';
import { addDays, type IsoDate } from '#base/dates.ts';
import { inUnits } from '#lake/put.sql.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { type DailyRowRules, isOffMedian, type QuarantineReason } from '#market/quality.ts';
import { SessionSet } from '#market/session-set.ts';

import { putBars, sumOutcomes } from '../put/put-bars.ts';
import { copyScratchSql } from '../tables/scratch.sql.ts';
import { barWarnings, JUMPS_MAX, type ValidatedRows } from './bar-warnings.ts';
import { type ImportJob, type PreparedImport, type ReasonCount, rejectedRows, validateCounts } from './job.ts';
import { barReasonSql } from './quality.sql.ts';
import { quarantine } from './quarantine.ts';
import type { DatasetReport, SessionsReport } from './report.ts';
import type { ImportDeps } from './request.ts';
import { type Staged, stageReadings } from './stage.ts';
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

const DUPLICATE: QuarantineReason = 'duplicate with other values';

/** Reads and judges daily bars. What is returned writes them. */
export async function prepareBars(deps: ImportDeps, job: ImportJob): Promise<PreparedImport> {
  await using scratch = new AsyncDisposableStack();
  const stagedFiles = scratch.use(await stageReadings(deps.lake, job.readings));
  const validated = await judge(deps, job, stagedFiles, scratch);
  const kept = scratch.move();
  return {
    fileCounts: validated.fileCounts,
    commit: async () => {
      job.onStep('writing');
      const newlyQuarantined = job.dryRun
        ? 0
        : await quarantine(deps.lake, rejectedRows(job, validated.fileCounts, validated.reason), job.seenAtMs);
      // After the splits of the same import, which explain jumps.
      const odd = await barWarnings(deps, await besideStored(deps, validated));
      const put = await putBars(deps, {
        rows: validated.rows,
        ordered: validated.order !== 'none',
        source: job.source,
        fetchedAtMs: job.seenAtMs,
        replace: job.replace,
        dryRun: job.dryRun,
      });
      const { kept: rowsKept, conflict, ...counts } = sumOutcomes(put.outcomes);
      const short = [...put.sessions.values()].filter(
        ({ row, settledShort }) => row.state === 'partial' || settledShort,
      );
      const warnings = { ...odd.counts };
      if (short.length > 0) warnings['few-rows'] = short.length;
      const crowded = [...put.sessions.values()].filter(
        ({ row, median }) => row.rows > (median ?? row.rows) && isOffMedian(row.rows, median),
      );
      if (crowded.length > 0) warnings['many-rows'] = crowded.length;
      const crowdedExamples = crowded.slice(0, CROWDED_EXAMPLES_MAX).map(({ row, median }) => ({
        kind: 'many-rows',
        symbol: '',
        date: row.session,
        detail: `${row.rows} bars, while its neighbours have ${median}`,
      }));
      const sessions = sessionsReport(put.sessions, rowsKept);
      const report: DatasetReport = {
        dataset: 'daily_bars',
        source: job.source,
        rows: validated.total,
        ...counts,
        conflicts: conflict,
        conflictExamples: put.conflicts.map(({ session: date, ...example }) => ({ ...example, date })),
        duplicates: validated.collapsed,
        quarantined: Object.values(validated.byReason).reduce((sum, rows) => sum + rows, 0),
        quarantinedByReason: validated.byReason,
        newlyQuarantined,
        warnings,
        warningExamples: [...odd.examples, ...crowdedExamples],
        ...(sessions === undefined ? {} : { sessions }),
        ...(put.version === undefined ? {} : { version: put.version }),
      };
      return { report, changed: put.version !== undefined || put.ledgerChanged || newlyQuarantined > 0 };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/**
 * With more sessions than this, nearly all steps are inside the import, and looking at what is stored beside it takes
 * long.
 */
const BESIDE_SESSIONS_MAX = 60;
/** Stored bars that a step into the import may start from, or one out of it may end at. */
const BESIDE_DAYS = 90;
const CROWDED_EXAMPLES_MAX = 10;

/** A few sessions have hardly a step among them: their rows are judged together with the stored ones around them. */
async function besideStored(deps: ImportDeps, validated: ValidatedBars): Promise<ValidatedRows> {
  const { lake, calendar } = deps;
  const ascending = validated.sessions.toSorted(compare);
  const [first, last] = [ascending[0], ascending.at(-1)];
  const head = await lake.table(DAILY_BARS).head();
  const isMany = validated.sessions.length > BESIDE_SESSIONS_MAX;
  if (head === undefined || first === undefined || last === undefined || isMany) return validated;
  const around = SessionSet.of(calendar.range(addDays(first, -BESIDE_DAYS), addDays(last, BESIDE_DAYS)));
  const files = head.filesTouching(around);
  if (files.length === 0) return validated;
  const stored = `SELECT * FROM (${await lake.table(DAILY_BARS).scanSql(files)}) WHERE ${inUnits('session', around)}`;
  return {
    ...validated,
    rows: besideStoredSql(validated.rows, stored),
    order: 'none',
    jumps: null,
    sessions: [...around],
    own: validated.rows,
    from: first,
  };
}

interface ValidatedBars extends ValidatedRows {
  readonly fileCounts: readonly { readonly rows: number; readonly rejected: number }[];
  readonly byReason: Readonly<Record<string, number>>;
  readonly total: number;
  readonly collapsed: number;
  /** SQL of the reason for which a typed row is refused. */
  readonly reason: string;
}

async function judge(
  deps: ImportDeps,
  job: ImportJob,
  staged: Staged,
  scratch: AsyncDisposableStack,
): Promise<ValidatedBars> {
  const { lake, calendar, clock } = deps;
  job.onStep('checking');
  const rules: DailyRowRules = { calendar, lastSession: calendar.lastClosedSession(clock.nowMs()) };
  const occurring = await lake.rows<{ session: IsoDate }>(occurringSessionsSql(staged.rows));
  const sessionsAreValid = occurring.every(
    ({ session }) => session <= rules.lastSession && calendar.isSession(session),
  );
  const ownReason = barReasonSql(rules, sessionsAreValid);
  const survey = await lake.rows<SurveyRow>(surveySql(staged.rows, ownReason));
  // The bound is judged before any more work is done, and once more when duplicates are known.
  await validateCounts(lake, job, survey, ownReason);
  const hasRejected = survey.some((row) => row.reason !== null);
  const accepted = acceptedSql(staged.rows, hasRejected ? ownReason : undefined);
  const [walk] = await lake.rows<WalkRow>(walkSql(accepted, JUMPS_MAX));
  const order = walk?.by_symbol === 0 ? 'by-symbol' : walk?.by_year === 0 ? 'by-year' : 'none';
  const duplicates = order === 'none' ? await findDuplicates(deps, accepted, scratch) : undefined;
  const reason = duplicates === undefined ? ownReason : duplicateReasonSql(ownReason, duplicates.path, DUPLICATE);
  const rejectedTwice = duplicates === undefined ? [] : await duplicateCounts(deps, staged, ownReason, duplicates.path);
  const counts = await validateCounts(lake, job, [...survey, ...rejectedTwice], reason);
  const rows = duplicates === undefined ? accepted : uniqueSql(accepted, duplicates.path);
  const kept = survey.filter((row) => row.reason === null);
  return {
    fileCounts: counts.fileCounts,
    byReason: counts.byReason,
    total: counts.rows,
    collapsed: duplicates?.collapsed ?? 0,
    reason,
    rows,
    order,
    jumps: walk?.jumps ?? null,
    withoutVolume: kept.reduce((sum, row) => sum + row.without_volume, 0),
    sessions: kept.flatMap(({ session }) => (session === null ? [] : [session])),
  };
}

interface WalkRow {
  readonly by_symbol: number;
  readonly by_year: number;
  readonly jumps: string | null;
}

interface SurveyRow extends ReasonCount {
  readonly session: IsoDate | null;
  readonly without_volume: number;
}

interface Duplicates {
  /** A scratch file with the keys that occur more than once. */
  readonly path: string;
  readonly collapsed: number;
}

/**
 * Rows that are not sorted may hold a key twice. Equal rows collapse; different values for one key are all refused.
 */
async function findDuplicates(
  deps: ImportDeps,
  accepted: string,
  scratch: AsyncDisposableStack,
): Promise<Duplicates | undefined> {
  const { lake } = deps;
  const [crowded] = await lake.rows<{ groups: number }>(crowdedCountSql(accepted));
  if (crowded?.groups === 0) return undefined;
  const { path } = scratch.use(await lake.scratchFile());
  await lake.run(copyScratchSql(duplicatesSql(accepted), path));
  const [counts] = await lake.rows<{ collapsed: number }>(duplicateCountsSql(path));
  return { path, collapsed: defined(counts, 'a count has a row').collapsed };
}

/** Returns the correction of the counts for duplicates: accepted rows that are rejected after all. */
async function duplicateCounts(
  deps: ImportDeps,
  staged: Staged,
  ownReason: string,
  path: string,
): Promise<ReasonCount[]> {
  const rows = await deps.lake.rows<{ file_index: number; rows: number }>(
    duplicateCountsByFileSql(staged.rows, ownReason, path),
  );
  return rows.flatMap(({ file_index, rows: count }) => [
    { file_index, reason: null, rows: -count },
    { file_index, reason: DUPLICATE, rows: count },
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
