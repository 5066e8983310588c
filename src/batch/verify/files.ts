import { defined } from '#base/assert.ts';
import { type IsoDate, yearOf } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { SqlValue } from '#lake/engine-values.ts';
import type { DataFile, StatsValue } from '#lake/files.ts';
import type { Lake } from '#lake/lake.ts';
import { isTagged } from '#lake/put.ts';
import type { Column, TableDefinition } from '#lake/schema.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import type { Table } from '#lake/table.ts';
import { SessionSet } from '#market/session-set.ts';
import { isOlder } from '../tables/file-age.ts';
import { type BrokenKey, brokenKeys } from '../tables/keys.sql.ts';

import type { Findings, Report } from './findings.ts';
import { columnsInFiles, type FileSurvey, surveyFile, surveyFiles } from './verify.sql.ts';

/** The remedy of rows that another program has written twice. */
const UNDO = 'Restore the version before they came: "condvest history" lists the versions';
/** The remedy of a damaged file, without its full stop. */
const REPAIR = 'Run "condvest repair --damaged"';
/** Keys reported per query: the first of each kind, with the number of all. */
const EXAMPLES_MAX = 1;
/** Keys checked by one query. */
const KEYS_AT_ONCE = 1_000_000;
/** Files surveyed by one query. */
const FILES_AT_ONCE = 64;
/** Files up to this size are surveyed together. The row order of a larger file is read from the file alone. */
const SMALL_BYTES_MAX = 1 << 20;

/**
 * Checks every file of one version of a table against its log: existence, size, checksum, rows, statistics, units and row
 * order. Returns the number of rows.
 */
export async function verifyFiles(
  lake: Lake,
  { def: definition }: Table,
  at: Snapshot,
  findings: Findings,
  sinceMs?: number,
): Promise<number> {
  const report = findings.of(definition);
  let rows = 0;
  const readable: DataFile[] = [];
  const changed = new Set<DataFile>();
  for (let from = 0; from < at.files.length; from += FILES_AT_ONCE) {
    const some = at.files.slice(from, from + FILES_AT_ONCE);
    const found = new Map<DataFile, number>();
    const young: DataFile[] = [];
    for (const file of some) {
      const isYoung = !isOlder(file, sinceMs);
      const presence = await presenceOf(lake, definition, file, isYoung, report);
      if (presence === 'gone') continue;
      if (presence === 'changed') changed.add(file);
      if (isYoung) young.push(file);
      else found.set(file, file.stats?.numRecords ?? 0);
    }
    const surveys = await surveyAll(lake, definition, young);
    for (const file of young) {
      const count = checkFile(definition, file, surveys.get(file), report);
      if (count !== undefined) found.set(file, count);
    }
    for (const [file, count] of found) {
      rows += count;
      // It may be any file, whose columns are not even those of the table.
      if (!changed.has(file)) readable.push(file);
    }
  }
  await verifyKeys(lake, definition, meeting(readable, sinceMs), report);
  return rows;
}

/** Returns the young files, and the older ones that may hold one of their keys. */
function meeting(files: readonly DataFile[], sinceMs: number | undefined): readonly DataFile[] {
  const young = files.filter((file) => !isOlder(file, sinceMs));
  if (young.length === files.length) return files;
  if (young.length === 0) return [];
  if (young.some((file) => file.units === undefined)) return files;
  const units = SessionSet.of(young.flatMap((file) => [...(file.units ?? [])]));
  return files.filter((file) => file.units === undefined || file.units.intersects(units));
}

/**
 * Returns whether the store has a file as it was written. One of another size or checksum is reported, and surveyed all the
 * same. Only the checksum tells if a value has become another valid one.
 */
async function presenceOf(
  lake: Lake,
  definition: TableDefinition,
  file: DataFile,
  hashes: boolean,
  report: Report,
): Promise<'whole' | 'changed' | 'gone'> {
  const table = lake.table(definition);
  const { path, sha256 } = file;
  const sizeBytes = await table.storedSize(file);
  if (sizeBytes === undefined) {
    report('file-missing', path, `The log lists ${path}, but the store does not have it. ${REPAIR}`);
    return 'gone';
  }
  if (sizeBytes !== file.sizeBytes) {
    report('file-size', path, `${path} has ${sizeBytes} bytes; the log says ${file.sizeBytes}. ${REPAIR}`);
    return 'changed';
  }
  if (!hashes || sha256 === undefined || (await table.storedSha256(file)) === sha256) return 'whole';
  report('file-checksum', path, `${path} has other bytes than were written. ${REPAIR}`);
  return 'changed';
}

/** Contents of a file, or the error that kept it from being read. */
type Survey =
  | { readonly columns: readonly Column[]; readonly values: Readonly<Record<string, SqlValue>> }
  | CondvestError;

/** Surveys files. Small files with the same columns share one query, which costs more than reading them. */
async function surveyAll(
  lake: Lake,
  definition: TableDefinition,
  files: readonly DataFile[],
): Promise<Map<DataFile, Survey>> {
  const surveys = new Map<DataFile, Survey>();
  const small = files.filter(({ sizeBytes }) => sizeBytes <= SMALL_BYTES_MAX);
  try {
    for (const [file, survey] of await surveyTogether(lake, definition, small)) surveys.set(file, survey);
  } catch (cause) {
    // One of them is unreadable: surveying each alone tells which.
    if (!(cause instanceof CondvestError)) throw cause;
  }
  for (const file of files) {
    if (!surveys.has(file)) surveys.set(file, await surveyAlone(lake, definition, file));
  }
  return surveys;
}

async function surveyTogether(
  lake: Lake,
  definition: TableDefinition,
  files: readonly DataFile[],
): Promise<Map<DataFile, Survey>> {
  const surveys = new Map<DataFile, Survey>();
  if (files.length < 2) return surveys;
  const makes = new Map<string, { make: FileSurvey; files: Map<string, DataFile> }>();
  for (const { file, localPath, columns } of await locate(lake, definition, files)) {
    const make = makeOf(definition, file, columns);
    const key = JSON.stringify([make, columns]);
    const alike = makes.get(key) ?? { make, files: new Map() };
    makes.set(key, alike);
    alike.files.set(localPath, file);
  }
  for (const { make, files: alike } of makes.values()) {
    const sql = surveyFiles([...alike.keys()], make);
    for (const { file: localPath, ...values } of await lake.rows<Record<string, SqlValue>>(sql)) {
      const file = alike.get(String(localPath));
      if (file !== undefined) surveys.set(file, { columns: make.columns, values });
    }
  }
  return surveys;
}

async function surveyAlone(lake: Lake, definition: TableDefinition, file: DataFile): Promise<Survey> {
  try {
    const [located] = await locate(lake, definition, [file]);
    const { localPath, columns } = defined(located, 'a file has columns');
    const make = makeOf(definition, file, columns);
    const [values] = await lake.rows<Record<string, SqlValue>>(surveyFile(localPath, make));
    return { columns: make.columns, values: defined(values, 'an aggregate has a row') };
  } catch (cause) {
    if (!(cause instanceof CondvestError)) throw cause;
    return cause;
  }
}

/** Returns the local path of each file, and the columns it has. */
async function locate(
  lake: Lake,
  definition: TableDefinition,
  files: readonly DataFile[],
): Promise<{ file: DataFile; localPath: string; columns: readonly string[] }[]> {
  const table = lake.table(definition);
  const paths = new Map<string, DataFile>();
  for (const file of files) paths.set(await table.localPath(file), file);
  const rows = await lake.rows<{ file: string; columns: string }>(columnsInFiles([...paths.keys()]));
  const columnsOf = new Map(rows.map(({ file, columns }) => [file, JSON.parse(columns) as string[]]));
  return [...paths].map(([localPath, file]) => ({ file, localPath, columns: columnsOf.get(localPath) ?? [] }));
}

/** Returns the survey for a file with these columns. */
function makeOf(definition: TableDefinition, file: DataFile, held: readonly string[]): FileSurvey {
  const columns = definition.columns.filter((column) => held.includes(column.name));
  const order = isTagged(file) || definition.unitColumn === undefined ? definition.sortBy : [];
  return {
    columns,
    bounded: columns.map((column) => column.name).filter((column) => file.stats?.minValues?.[column] !== undefined),
    sortBy: order.every((column) => held.includes(column)) ? order : [],
    unitColumn: columns.find((column) => column.name === definition.unitColumn)?.name,
  };
}

/** Returns the number of rows; undefined for a file that cannot be read. */
function checkFile(
  definition: TableDefinition,
  file: DataFile,
  survey: Survey | undefined,
  report: Report,
): number | undefined {
  if (survey === undefined || survey instanceof CondvestError) {
    report(
      'file-unreadable',
      file.path,
      `${file.path} cannot be read: ${survey?.found ?? survey?.message ?? 'no rows'}. ${REPAIR}`,
    );
    return undefined;
  }
  const { columns, values } = survey;
  compareSurvey(definition, file, columns, values, report);
  if (columns.some((column) => column.name === definition.unitColumn))
    compareUnits(definition, file, values['units'] ?? null, report);
  return Number(values['rows']);
}

function compareSurvey(
  definition: TableDefinition,
  file: DataFile,
  columns: readonly Column[],
  survey: Readonly<Record<string, SqlValue>>,
  report: Report,
): void {
  const { stats, path } = file;
  if (stats === undefined && isTagged(file)) report('file-statistics', path, 'The log has no statistics for this file');
  if (stats?.numRecords !== undefined && stats.numRecords !== survey.rows)
    report('file-rows', path, `The file has ${String(survey.rows)} rows; the log says ${stats.numRecords}`);
  if (survey.unordered !== 0)
    report('file-order', path, `${String(survey.unordered)} rows are not sorted by ${definition.sortBy.join(', ')}`);
  for (const [index, { name }] of columns.entries()) {
    const logged = stats?.nullCount?.[name];
    const nulls = survey[`nulls_${index}`];
    if (logged !== undefined && logged !== nulls)
      report('file-statistics', path, `Column ${name} has ${String(nulls)} nulls; the log says ${logged}`);
    const least = stats?.minValues?.[name];
    const most = stats?.maxValues?.[name];
    const [min, max] = [survey[`min_${index}`], survey[`max_${index}`]];
    // Statistics may be wider than the values (a foreign writer truncates long strings), never narrower.
    if (isBelow(min, least) || isBelow(most, max)) {
      const [found, said] = [`${String(min)} to ${String(max)}`, `${String(least)} to ${String(most)}`];
      report('file-statistics', path, `Column ${name} ranges from ${found}; the log says ${said}`);
    }
  }
}

/** Returns whether both values are known and comparable, and the first is smaller. */
function isBelow(a: SqlValue | StatsValue | undefined, b: SqlValue | StatsValue | undefined): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  return typeof a === 'string' && typeof b === 'string' && a < b;
}

/** `found`: the distinct units of the file's rows, separated by spaces. */
function compareUnits({ unitColumn = '' }: TableDefinition, file: DataFile, found: SqlValue, report: Report): void {
  const units = SessionSet.of(found === null ? [] : (String(found).split(' ') as IsoDate[]));
  const beyond = isTagged(file) && file.units !== undefined ? units.difference(file.units) : SessionSet.empty;
  if (beyond.size > 0)
    report('file-units', file.path, `The file has rows of ${unitColumn} ${beyond.toString()}, which its tag omits`);
  const { year } = file.partitionValues;
  const strays = year === undefined ? SessionSet.empty : units.filter((unit) => String(yearOf(unit)) !== year);
  if (strays.size > 0)
    report('file-partition', file.path, `The file is in year ${year ?? 'null'} and has rows of ${strays.toString()}`);
}

/**
 * Checks that no key occurs twice in a version. A key determines its partition, so that partitions are checked one at a
 * time, or a few small ones together: that bounds memory.
 */
async function verifyKeys(
  lake: Lake,
  definition: TableDefinition,
  files: readonly DataFile[],
  report: Report,
): Promise<void> {
  if (definition.key.length === 0) return;
  const partitionOf = (file: DataFile): string =>
    definition.partitionBy.map((name) => file.partitionValues[name] ?? '').join('/');
  const named = definition.key.join(', ');
  for (const some of inRows([...Map.groupBy(files, partitionOf).values()], KEYS_AT_ONCE)) {
    const sql = brokenKeys(await lake.table(definition).scanSql(some), definition.key, EXAMPLES_MAX);
    const broken = await lake.rows<BrokenKey>(sql);
    for (const { key, rows, incomplete, broken: count } of broken) {
      const more = count > 1 ? `, the first of ${count} such keys` : '';
      if (incomplete) report('key-missing', key, `A row has no ${named}${more}`);
      else report('key-duplicate', key, `${rows} rows have the same ${named}: ${key}${more}. ${UNDO}`);
    }
  }
}

/** Joins lists of files up to a number of rows. A list that has more by itself stays whole. */
function inRows(lists: readonly (readonly DataFile[])[], rowsMax: number): DataFile[][] {
  const groups: DataFile[][] = [];
  let rows = Number.POSITIVE_INFINITY;
  for (const list of lists) {
    const own = list.reduce((sum, { stats }) => sum + (stats?.numRecords ?? rowsMax), 0);
    if (rows + own > rowsMax) {
      groups.push([]);
      rows = 0;
    }
    groups.at(-1)?.push(...list);
    rows += own;
  }
  return groups;
}
