import { defined } from '#base/assert.ts';
import { UsageError } from '#base/errors.ts';
import type { TableDefinition } from '#lake/schema.ts';
import { DAILY_BARS, DIVIDENDS, LISTINGS, QUARANTINE, SPLITS } from '#lake/tables.ts';

import { type UndoPoint, undoPoint } from '../tables/undo.ts';
import { type Dataset, isFlatFile } from './columns.ts';
import { explainCsvError } from './csv-error.ts';
import { digestFile } from './digest.ts';
import { prepareBars } from './import-bars.ts';
import { DIVIDENDS_IMPORT, prepareEvents, SPLITS_IMPORT } from './import-events.ts';
import { prepareListings } from './import-listings.ts';
import type { ImportJob, PreparedImport } from './job.ts';
import type { SourceReading } from './read.sql.ts';
import { planReading } from './reading.ts';
import type { DatasetReport, FileReport, ImportReport } from './report.ts';
import { DEFAULT_SOURCE, FLAT_FILE_SOURCE, type ImportDeps, type ImportRequest } from './request.ts';
import { inspectSource } from './source-file.ts';

/** Listings and splits come before bars, whose jumps they explain. */
const ORDER: readonly Dataset[] = ['listings', 'splits', 'dividends', 'daily_bars'];

/**
 * Imports files into bronze. All files are read and validated before anything is written: an unreadable file, or too many
 * rejected rows, and nothing is. Idempotent: importing the same files again changes nothing, and after a crash the same
 * import completes what is missing.
 *
 * @throws UsageError for files and columns that cannot be read as requested; CondvestError `import-over-bound`.
 */
export async function importFiles(deps: ImportDeps, request: ImportRequest): Promise<ImportReport> {
  const { dryRun = false, replace = false, onStep = () => {} } = request;
  checkRequest(request);
  onStep('reading');
  const readings = await readAll(deps, request);
  // Digesting bytes and reading rows wait on different resources.
  const digests = digestAll(deps, readings);
  const prepared: { readonly readings: readonly SourceReading[]; readonly import: PreparedImport }[] = [];
  try {
    // A failure is reported when awaited, possibly after one of the other.
    digests.catch(() => undefined);
    for (const [dataset, source, ofDataset] of groups(readings, request.source)) {
      const job: ImportJob = {
        dataset,
        readings: ofDataset,
        digestOf: (reading) => defined(digestsByPath.get(reading.file.path), 'digests come before commits'),
        source,
        seenAtMs: deps.clock.nowMs(),
        replace,
        dryRun,
        quarantineBound: request.quarantineBound,
        onStep,
      };
      const part = await prepare(deps, job, dataset);
      prepared.push({ readings: ofDataset, import: part });
      checkNotEmpty(ofDataset, part);
    }
    const digestsByPath = await digests;
    const datasets: DatasetReport[] = [];
    let changed = false;
    for (const { import: part } of prepared) {
      const committed = await part.commit();
      datasets.push(committed.report);
      changed ||= committed.changed;
    }
    const files = prepared.flatMap((part) => fileReports(part.readings, part.import, digestsByPath, request));
    return { dryRun, changed, files, datasets, undo: undoPoints(datasets) };
  } catch (cause) {
    await digests.catch(() => undefined);
    throw explainCsvError(cause);
  } finally {
    for (const part of prepared) await part.import[Symbol.asyncDispose]();
  }
}

/** Returns the way back for each table that the import has written, to the version before its first commit there. */
function undoPoints(datasets: readonly DatasetReport[]): UndoPoint[] {
  const first = new Map<TableDefinition, number>();
  const note = (table: TableDefinition, version: number | undefined): void => {
    if (version !== undefined) first.set(table, Math.min(version, first.get(table) ?? version));
  };
  for (const { dataset, version, quarantineVersion } of datasets) {
    note(TABLES[dataset], version);
    note(QUARANTINE, quarantineVersion);
  }
  return [...first].map(([table, version]) => undoPoint(table, version - 1));
}

const TABLES: Readonly<Record<Dataset, TableDefinition>> = {
  daily_bars: DAILY_BARS,
  splits: SPLITS,
  dividends: DIVIDENDS,
  listings: LISTINGS,
};

function checkRequest(request: ImportRequest): void {
  const { files, quarantineBound } = request;
  if (files.length === 0) {
    throw new UsageError({ code: 'import-no-files', message: 'No files given', action: 'Name one or more files' });
  }
  if (!(quarantineBound >= 0 && quarantineBound <= 1)) {
    throw new UsageError({
      code: 'import-bound-invalid',
      message: 'The quarantine bound must be a share of the rows',
      found: String(quarantineBound),
      allowed: '0 to 1',
    });
  }
}

async function readAll(deps: ImportDeps, request: ImportRequest): Promise<SourceReading[]> {
  const readings: SourceReading[] = [];
  for (const path of new Set(request.files)) {
    const file = await inspectSource(deps, path);
    try {
      readings.push(await planReading(deps.lake, file, request.dataset));
    } catch (cause) {
      throw explainCsvError(cause);
    }
  }
  return readings;
}

/** Returns the SHA-256 of each file by path. */
async function digestAll(deps: ImportDeps, readings: readonly SourceReading[]): Promise<ReadonlyMap<string, string>> {
  const digests = new Map<string, string>();
  for (const { file } of readings) digests.set(file.path, await digestFile(deps.files, file.path, { gzip: file.gzip }));
  return digests;
}

/** Groups readings by dataset and source, in import order. */
function groups(
  readings: readonly SourceReading[],
  given: string | undefined,
): [Dataset, string, readonly SourceReading[]][] {
  const found = new Map<string, [Dataset, string, SourceReading[]]>();
  for (const dataset of ORDER) {
    for (const reading of readings) {
      if (reading.dataset !== dataset) continue;
      const isFlat = dataset === 'daily_bars' && isFlatFile(reading.file.header);
      const source = given ?? (isFlat ? FLAT_FILE_SOURCE : DEFAULT_SOURCE);
      const key = `${dataset} ${source}`;
      const group = found.get(key);
      if (group === undefined) found.set(key, [dataset, source, [reading]]);
      else group[2].push(reading);
    }
  }
  return [...found.values()];
}

function prepare(deps: ImportDeps, job: ImportJob, dataset: Dataset): Promise<PreparedImport> {
  switch (dataset) {
    case 'daily_bars':
      return prepareBars(deps, job);
    case 'splits':
      return prepareEvents(deps, job, SPLITS_IMPORT);
    case 'dividends':
      return prepareEvents(deps, job, DIVIDENDS_IMPORT);
    case 'listings':
      return prepareListings(deps, job);
  }
}

function checkNotEmpty(readings: readonly SourceReading[], part: PreparedImport): void {
  const empty = readings.find((_, index) => part.fileCounts[index]?.rows === 0);
  if (empty === undefined) return;
  throw new UsageError({ code: 'import-file-empty', message: 'The file has no rows', found: empty.file.path });
}

function fileReports(
  readings: readonly SourceReading[],
  part: PreparedImport,
  digests: ReadonlyMap<string, string>,
  request: ImportRequest,
): FileReport[] {
  return readings.map(({ file, dataset, columns }, index) => {
    const used = new Set(columns.values());
    return {
      path: file.path,
      dataset,
      guessed: request.dataset === undefined,
      sizeBytes: file.sizeBytes,
      digest: digests.get(file.path) ?? '',
      rows: part.fileCounts[index]?.rows ?? 0,
      quarantined: part.fileCounts[index]?.rejected ?? 0,
      ignoredColumns: file.header.filter((_, column) => !used.has(column)),
    };
  });
}
