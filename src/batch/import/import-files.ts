import { defined } from '#base/assert.ts';
import { CondvestError, UsageError } from '#base/errors.ts';
import type { TableDefinition } from '#lake/schema.ts';
import { DAILY_BARS, DIVIDENDS, LISTINGS, QUARANTINE, SPLITS } from '#lake/tables.ts';

import { type UndoPoint, undoPoint } from '../tables/undo.ts';
import { columnNamed, type Dataset, isFlatFile } from './columns.ts';
import { explainCsvError, MalformedFile } from './csv-error.ts';
import { digestFile } from './digest.ts';
import { asFileError, FileProblems } from './file-problems.ts';
import { prepareBars } from './import-bars.ts';
import { DIVIDENDS_IMPORT, prepareEvents, SPLITS_IMPORT } from './import-events.ts';
import { prepareListings } from './import-listings.ts';
import type { ImportJob, PreparedImport } from './job.ts';
import { expandOperands } from './operands.ts';
import type { SourceReading } from './read.sql.ts';
import { planReading } from './reading.ts';
import type { DatasetReport, FileReport, ImportReport } from './report.ts';
import { DEFAULT_SOURCE, FLAT_FILE_SOURCE, type ImportDeps, type ImportRequest, UNADJUSTED_SOURCE } from './request.ts';
import { inspectSource } from './source-file.ts';

/** Listings and splits come before bars, whose jumps they explain. */
const ORDER: readonly Dataset[] = ['listings', 'splits', 'dividends', 'daily_bars'];

/**
 * Imports files into bronze. All files are read and validated before anything is written. Files that cannot be imported are
 * left out and reported; if none can be, or `strict` is set, nothing is written. Idempotent: importing the same files again
 * changes nothing, and after a crash the same import completes what is missing. If a table cannot be written after others
 * were, the error says how to undo those.
 *
 * @throws UsageError for a request that cannot be met, and for a file that cannot be read if no other can; CondvestError
 * `import-over-bound`, `import-files-refused`.
 */
export async function importFiles(deps: ImportDeps, request: ImportRequest): Promise<ImportReport> {
  const { dryRun = false, onStep = () => {} } = request;
  checkRequest(request);
  onStep('reading');
  const { paths, otherFiles } = await expandOperands(deps.files, request.files);
  const problems = new FileProblemList(paths.length, request.strict === true);
  const readings = await readAll(deps, request, paths, problems);
  await using prepared = await prepareAll(deps, request, readings, problems);
  const datasets: DatasetReport[] = [];
  let changed = false;
  for (const { part } of prepared.parts) {
    const committed = await part.commit().catch((cause: unknown) => {
      throw partlyImported(cause, undoPoints(datasets));
    });
    datasets.push(committed.report);
    changed ||= committed.changed;
  }
  const files = prepared.parts.flatMap((part) => fileReports(part, prepared.digests, request));
  return { dryRun, changed, files, refused: problems.report(), otherFiles, datasets, undo: undoPoints(datasets) };
}

/** Returns the error of an import that failed after it had committed: what it says, and the way on or back. */
function partlyImported(cause: unknown, undo: readonly UndoPoint[]): unknown {
  if (undo.length === 0 || !(cause instanceof CondvestError)) return cause;
  const { code, kind, message } = cause;
  return new CondvestError({
    code,
    kind,
    message: `The import failed after it had stored ${undo.map(({ table }) => table).join(', ')}`,
    found: message,
    action: `Import the same files again for the rest, or undo with: ${undo.map(({ command }) => command).join('; ')}`,
    cause,
  });
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

/** The files of an import that are left out. The import goes on as long as others are left. */
class FileProblemList {
  readonly #files: number;
  readonly #strict: boolean;
  readonly #errors = new Map<string, CondvestError>();

  constructor(files: number, strict: boolean) {
    this.#files = files;
    this.#strict = strict;
  }

  add(path: string, error: CondvestError): void {
    this.#errors.set(path, error);
  }

  /** Throws if no file is left, or if all were required. */
  check(): void {
    const [first] = this.#errors.values();
    if (first === undefined || (this.#errors.size < this.#files && !this.#strict)) return;
    if (this.#files === 1) throw first;
    throw new UsageError({
      code: 'import-files-refused',
      message: `${this.#errors.size} of ${this.#files} files cannot be imported, so nothing was`,
      found: this.#list(),
      action: this.#strict ? 'Correct them, or leave out --strict to import the others' : 'Correct them',
    });
  }

  report(): ImportReport['refused'] {
    return [...this.#errors].map(([path, { code, message }]) => ({ path, code, reason: message }));
  }

  #list(): string {
    const shown = [...this.#errors.values()].slice(0, PROBLEMS_SHOWN).map(({ message }) => message);
    const more = this.#errors.size - shown.length;
    return `${shown.join(' ')}${more > 0 ? ` And ${more} more` : ''}`;
  }
}

const PROBLEMS_SHOWN = 5;

async function readAll(
  deps: ImportDeps,
  request: ImportRequest,
  paths: readonly string[],
  problems: FileProblemList,
): Promise<SourceReading[]> {
  const readings: SourceReading[] = [];
  for (const path of paths) {
    try {
      const reading = await planReading(deps.lake, await inspectSource(deps, path), request);
      // Thousands of samples would take more memory than the rest of the import.
      readings.push({ ...reading, file: { ...reading.file, sample: undefined } });
    } catch (cause) {
      problems.add(path, asFileError(explainCsvError(cause)));
    }
  }
  problems.check();
  return readings;
}

interface PreparedPart {
  readonly readings: readonly SourceReading[];
  readonly part: PreparedImport;
}

interface PreparedAll extends AsyncDisposable {
  readonly parts: readonly PreparedPart[];
  /** SHA-256 by path. */
  readonly digests: ReadonlyMap<string, string>;
}

/** Reads and validates all rows. Files that turn out to be wrong are left out, and the others are prepared again. */
async function prepareAll(
  deps: ImportDeps,
  request: ImportRequest,
  readings: readonly SourceReading[],
  problems: FileProblemList,
): Promise<PreparedAll> {
  // Digesting bytes and reading rows wait on different resources. A failure is reported when awaited.
  const digesting = digestAll(deps, readings);
  digesting.catch(() => undefined);
  for (let left = readings; ; ) {
    try {
      return await prepareOnce(deps, request, left, digesting);
    } catch (cause) {
      const wrong = problemsOf(explainCsvError(cause));
      for (const { path, error } of wrong.found) problems.add(path, error);
      problems.check();
      const paths = new Set(wrong.found.map(({ path }) => path));
      left = left.filter(({ file }) => !paths.has(file.path));
    }
  }
}

async function prepareOnce(
  deps: ImportDeps,
  request: ImportRequest,
  readings: readonly SourceReading[],
  digesting: Promise<Digests>,
): Promise<PreparedAll> {
  const parts: PreparedPart[] = [];
  await using undone = new AsyncDisposableStack();
  let known: ReadonlyMap<string, string> = new Map();
  for (const [dataset, source, ofDataset] of groups(readings, request.source)) {
    const job: ImportJob = {
      dataset,
      readings: ofDataset,
      digestOf: (reading) => defined(known.get(reading.file.path), 'digests come before commits'),
      source,
      seenAtMs: deps.clock.nowMs(),
      replace: request.replace === true,
      dryRun: request.dryRun === true,
      quarantineBound: request.quarantineBound,
      sparse: request.sparse === true,
      adjusted: request.adjusted,
      adjustedThrough: request.adjustedThrough,
      splitsFrom: request.splitsFrom,
      splits: parts.find(({ part }) => part.splits !== undefined)?.part.splits,
      onStep: request.onStep ?? (() => {}),
    };
    parts.push({ readings: ofDataset, part: undone.use(await prepare(deps, job, dataset)) });
  }
  const { digests, damaged } = await digesting;
  damaged.throwIfAnyOf(readings);
  known = digests;
  const kept = undone.move();
  return { parts, digests, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function problemsOf(cause: unknown): FileProblems {
  if (cause instanceof FileProblems) return cause;
  if (!(cause instanceof MalformedFile)) throw cause;
  const problems = new FileProblems();
  problems.add(cause.path, cause);
  return problems;
}

interface Digests {
  /** SHA-256 by path. */
  readonly digests: ReadonlyMap<string, string>;
  readonly damaged: FileProblems;
}

async function digestAll(deps: ImportDeps, readings: readonly SourceReading[]): Promise<Digests> {
  const digests = new Map<string, string>();
  const damaged = new FileProblems();
  for (const { file } of readings) {
    try {
      digests.set(file.path, await digestFile(deps.files, file.path, { gzip: file.gzip }));
    } catch (cause) {
      damaged.add(file.path, asFileError(cause));
    }
  }
  return { digests, damaged };
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
      const source = given ?? sourceOf(reading);
      const key = `${dataset} ${source}`;
      const group = found.get(key);
      if (group === undefined) found.set(key, [dataset, source, [reading]]);
      else group[2].push(reading);
    }
  }
  return [...found.values()];
}

function sourceOf({ dataset, file, adjustment }: SourceReading): string {
  if (dataset !== 'daily_bars') return DEFAULT_SOURCE;
  if (adjustment === 'split') return UNADJUSTED_SOURCE;
  return isFlatFile(file.header) ? FLAT_FILE_SOURCE : DEFAULT_SOURCE;
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

function fileReports(
  { readings, part }: PreparedPart,
  digests: ReadonlyMap<string, string>,
  request: ImportRequest,
): FileReport[] {
  return readings.map((reading, index) => {
    const { file, dataset, columns } = reading;
    const used = new Set(columns.values());
    const counts = defined(part.fileCounts[index], 'each file is counted');
    return {
      path: file.path,
      dataset,
      guessed: request.dataset === undefined,
      sizeBytes: file.sizeBytes,
      digest: digests.get(file.path) ?? '',
      rows: counts.rows,
      quarantined: counts.rejected,
      padded: counts.padded,
      ignoredColumns: file.header.filter((_, column) => !used.has(column)),
      notes: notesOf(reading),
    };
  });
}

/** Returns what was assumed in reading a file, since its columns do not say it. */
function notesOf({ file, dataset, columns, dates, adjustment }: SourceReading): string[] {
  const notes: string[] = [];
  const session = columns.get('session');
  const encoding = dates.get('session');
  if (encoding?.kind === 'text' && (encoding.style === 'mdy' || encoding.style === 'dmy')) {
    notes.push(`dates read with the ${encoding.style === 'mdy' ? 'month' : 'day'} first`);
  }
  const name = session === undefined ? undefined : file.header[session]?.trim();
  if (name !== undefined && /^(|index|unnamed: 0|__index_level_0__)$/i.test(name)) {
    notes.push(`dates taken from the ${name === '' ? 'column without a name' : `column ${name}`}`);
  }
  const hasAdjustedClose = columnNamed(file.header, ['adj_close', 'adjclose', 'adjusted_close']) !== undefined;
  if (dataset === 'daily_bars' && adjustment === 'none' && hasAdjustedClose) {
    notes.push("prices taken as traded; if they are adjusted for splits, as Yahoo's are, add --adjusted split");
  }
  return notes;
}
