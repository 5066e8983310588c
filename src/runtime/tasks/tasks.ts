import { type ConsolidateReport, type ConsolidateRequest, consolidate } from '#batch/consolidate.ts';
import { importFiles } from '#batch/import/import-files.ts';
import type { ImportReport } from '#batch/import/report.ts';
import type { ImportRequest } from '#batch/import/request.ts';
import { type DamageReport, removeDamage } from '#batch/repair-damaged.ts';
import { isInput } from '#batch/resample/inputs.ts';
import { type ResampleReport, resample } from '#batch/resample/resample.ts';
import { deriveRestatements, type RestatementsReport } from '#batch/restatements/restatements.ts';
import { type RestoreReport, type RestoreRequest, restoreTable } from '#batch/restore.ts';
import { type VacuumLakeReport, type VacuumRequest, vacuumLake } from '#batch/vacuum.ts';
import { type VerifyReport, verifyLake } from '#batch/verify/verify.ts';
import type { Compaction } from '#lake/compact.ts';
import type { HistoryEntry } from '#lake/history.ts';
import { readBars } from '#serving/read/bars.ts';
import { MarketCaches } from '#serving/read/market-caches.ts';
import { type RunningQuery, runQuery } from '#serving/read/query.ts';
import type { BarsRequest, BarsResult } from '#serving/read/served-bars.ts';
import { listSymbols, listTables, type SymbolSummary, type TableSummary, tableHistory } from '#serving/read/tables.ts';
import type { AppContext } from '../app.ts';
import { acquireWorkLease } from '../runs/work-lease.ts';

/**
 * Use cases on a lake, with the ports each needs taken from the context. The command line and the library both go
 * through here.
 */

export type Notify<T> = (progress: T) => void;

export type ImportTaskRequest = Omit<ImportRequest, 'quarantineBound'> & {
  readonly quarantineBound?: number | undefined;
};

export function importTask(app: AppContext, request: ImportTaskRequest): Promise<ImportReport> {
  const { lake, calendar, clock, files, config } = app;
  const { sourceRanks, partialShare, intervals } = config;
  const rules = { sourceRanks, partialShare, longestInterval: Math.max(1, ...intervals) };
  const quarantineBound = request.quarantineBound ?? config.quarantineBound;
  return importFiles({ lake, calendar, clock, files, rules }, { ...request, quarantineBound });
}

export interface ResampleTaskReport {
  readonly bars: ResampleReport;
  readonly restatements: RestatementsReport;
}

/** Derives everything that is derived: N-session bars and restatements. */
export async function resampleTask(
  app: AppContext,
  request: { readonly intervals?: readonly number[] | undefined; readonly full?: boolean | undefined },
  onProgress?: Notify<{ readonly year: number; readonly done: number; readonly total: number }>,
): Promise<ResampleTaskReport> {
  const { lake, calendar, clock, config } = app;
  const bars = await resample(
    { lake, calendar, clock, ...(onProgress === undefined ? {} : { onProgress }) },
    { intervals: request.intervals ?? config.intervals, full: request.full === true },
  );
  const restatements = await deriveRestatements({ lake, calendar });
  return { bars, restatements };
}

export interface RestoreTaskReport {
  readonly restore: RestoreReport;
  /** Undefined in a dry run, and for a table from which nothing is derived. */
  readonly derived: ResampleTaskReport | undefined;
}

/**
 * Restores a table to an earlier version and derives again what depends on it, under the lease of the pipeline. Throws
 * `pipeline-busy` (transient) while a run is in progress; a dry run needs no lease.
 */
export async function restoreTask(
  app: AppContext,
  request: RestoreRequest & { readonly signal?: AbortSignal },
  onProgress?: Notify<{ readonly year: number; readonly done: number; readonly total: number }>,
): Promise<RestoreTaskReport> {
  const { lake, calendar, config } = app;
  const deps = { lake, calendar, rules: { partialShare: config.partialShare } };
  if (request.dryRun === true) return { restore: await restoreTable(deps, request), derived: undefined };
  const lease = await acquireWorkLease(app, request);
  try {
    const restore = await restoreTable(deps, request);
    lease.signal.throwIfAborted();
    return { restore, derived: isInput(restore.table) ? await resampleTask(app, {}, onProgress) : undefined };
  } finally {
    await lease.release();
  }
}

/** Removes damaged files under the lease of the pipeline, and derives again what was in them or came from them. */
export async function removeDamageTask(
  app: AppContext,
  request: { readonly dryRun: boolean; readonly signal?: AbortSignal },
): Promise<DamageReport> {
  const { lake, calendar, config } = app;
  const deps = { lake, calendar, rules: { partialShare: config.partialShare } };
  if (request.dryRun) return removeDamage(deps, request);
  const lease = await acquireWorkLease(app, request);
  try {
    const report = await removeDamage(deps);
    lease.signal.throwIfAborted();
    // Where a log is lost, nothing can be derived: the report says so.
    if (report.tables.length > 0 && report.unreadable.length === 0) await resampleTask(app, {});
    return report;
  } finally {
    await lease.release();
  }
}

export function consolidateTask(
  app: AppContext,
  request: Omit<ConsolidateRequest, 'intervals'>,
  onProgress?: Notify<Compaction>,
): Promise<ConsolidateReport> {
  const { lake, calendar, clock, config } = app;
  const deps = { lake, calendar, clock, ...(onProgress === undefined ? {} : { onProgress }) };
  return consolidate(deps, { ...request, intervals: config.intervals });
}

export function vacuumTask(app: AppContext, request: VacuumRequest): Promise<VacuumLakeReport> {
  const { lake, calendar, config } = app;
  return vacuumLake(
    { lake, calendar, intervals: config.intervals },
    { retentionDays: config.retentionDays, ...request },
  );
}

export function verifyTask(
  app: AppContext,
  request: { readonly deep: boolean },
  onProgress?: Notify<{ readonly table: string; readonly done: number; readonly total: number }>,
): Promise<VerifyReport> {
  const { lake, calendar, clock, config } = app;
  return verifyLake(
    { lake, calendar, clock, intervals: config.intervals, ...(onProgress === undefined ? {} : { onProgress }) },
    request,
  );
}

export function barsTask(
  app: AppContext,
  request: BarsRequest,
  caches: MarketCaches = new MarketCaches(app.lake),
): Promise<BarsResult> {
  const { lake, calendar, clock } = app;
  return readBars({ lake, caches, calendar, clock }, request);
}

export function queryTask(app: AppContext, statement: string, asOfMs: number | undefined): Promise<RunningQuery> {
  return runQuery(app, { statement, asOfMs, intervals: app.config.intervals });
}

export function tablesTask(app: AppContext): Promise<TableSummary[]> {
  return listTables(app.lake, app.config.intervals);
}

export function symbolsTask(app: AppContext, search: string | undefined, limit: number): Promise<SymbolSummary[]> {
  return listSymbols(app.lake, { search, limit });
}

export function historyTask(app: AppContext, table: string, limit: number): Promise<HistoryEntry[]> {
  return tableHistory(app.lake, { table, limit, intervals: app.config.intervals });
}
