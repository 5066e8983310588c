import { defined } from '#base/assert.ts';
import { type IsoDate, yearOf } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { SqlValue } from '#lake/engine-values.ts';
import type { DataFile, StatsValue } from '#lake/files.ts';
import type { Lake } from '#lake/lake.ts';
import { isTagged } from '#lake/put.ts';
import type { Column, TableDefinition } from '#lake/schema.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { SessionSet } from '#market/session-set.ts';
import { isOlder } from '../tables/file-age.ts';

import type { Findings } from './findings.ts';
import { brokenKeys, columnsInFiles, type FileSurvey, surveyFile, surveyFiles } from './verify.sql.ts';

/** Keys named for each look. */
const EXAMPLES_MAX = 20;
/** Keys that are looked at together. */
const KEYS_AT_ONCE = 1_000_000;
/** Files that one question is asked of. */
const FILES_AT_ONCE = 64;
/** Files up to this size are looked at together; the order within a larger one is read off as it lies. */
const SMALL_BYTES_MAX = 1 << 20;

/**
 * Looks at every file that a version of a table names: is it there, of the size, with the rows, the statistics, the units and
 * the order that the log promises. Answers how many rows there are.
 */
export async function verifyFiles(
  lake: Lake,
  definition: TableDefinition,
  at: Snapshot,
  findings: Findings,
  sinceMs?: number,
): Promise<number> {
  let rows = 0;
  const readable: DataFile[] = [];
  for (let from = 0; from < at.files.length; from += FILES_AT_ONCE) {
    const some = at.files.slice(from, from + FILES_AT_ONCE);
    const found = new Map<DataFile, number>();
    const young: DataFile[] = [];
    for (const file of some) {
      if (!(await isThere(lake, definition, file, findings))) continue;
      if (isOlder(file, sinceMs)) found.set(file, file.stats?.numRecords ?? 0);
      else young.push(file);
    }
    const surveys = await surveyAll(lake, definition, young);
    for (const file of young) {
      const count = judge(definition, file, surveys.get(file), findings);
      if (count !== undefined) found.set(file, count);
    }
    for (const [file, count] of found) {
      rows += count;
      readable.push(file);
    }
  }
  await verifyKeys(lake, definition, meeting(readable, sinceMs), findings);
  return rows;
}

/** Young files, and the older ones that may hold a key of theirs. */
function meeting(files: readonly DataFile[], sinceMs: number | undefined): readonly DataFile[] {
  const young = files.filter((file) => !isOlder(file, sinceMs));
  if (young.length === files.length) return files;
  if (young.length === 0) return [];
  if (young.some((file) => file.units === undefined)) return files;
  const units = SessionSet.of(young.flatMap((file) => [...(file.units ?? [])]));
  return files.filter((file) => file.units === undefined || file.units.intersects(units));
}

/** Whether a file of that name is there; one of another size is told of, and looked at all the same. */
async function isThere(lake: Lake, definition: TableDefinition, file: DataFile, findings: Findings): Promise<boolean> {
  const sizeBytes = await lake.table(definition).storedSize(file);
  const { name } = definition;
  if (sizeBytes === undefined)
    findings.add(name, 'file-missing', file.path, 'The log names this file, and it is not there');
  else if (sizeBytes !== file.sizeBytes)
    findings.add(name, 'file-size', file.path, `It has ${sizeBytes} bytes; the log says ${file.sizeBytes}`);
  return sizeBytes !== undefined;
}

/** What was found in a file, or why it cannot be read. */
type Survey =
  | { readonly columns: readonly Column[]; readonly values: Readonly<Record<string, SqlValue>> }
  | CondvestError;

/** Small files of the same make are surveyed together: most of what one of them costs is the question itself. */
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
    // One of them cannot be read: each by itself tells which.
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

/** Where files are, and the columns that each of them has. */
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

/** What is asked of a file of these columns. */
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

/** The number of rows, or undefined where the file cannot be read. */
function judge(
  definition: TableDefinition,
  file: DataFile,
  survey: Survey | undefined,
  findings: Findings,
): number | undefined {
  if (survey === undefined || survey instanceof CondvestError) {
    const why = survey?.found ?? survey?.message ?? 'It has no rows to look at';
    findings.add(definition.name, 'file-unreadable', file.path, why);
    return undefined;
  }
  const { columns, values } = survey;
  compareSurvey(definition, file, columns, values, findings);
  if (columns.some((column) => column.name === definition.unitColumn))
    compareUnits(definition, file, values['units'] ?? null, findings);
  return Number(values['rows']);
}

function compareSurvey(
  definition: TableDefinition,
  file: DataFile,
  columns: readonly Column[],
  survey: Readonly<Record<string, SqlValue>>,
  findings: Findings,
): void {
  const { stats, path } = file;
  const { name: table } = definition;
  if (stats === undefined && isTagged(file)) {
    findings.add(table, 'file-statistics', path, 'The log has no statistics of it');
  }
  if (stats?.numRecords !== undefined && stats.numRecords !== survey.rows) {
    findings.add(table, 'file-rows', path, `It has ${String(survey.rows)} rows; the log says ${stats.numRecords}`);
  }
  if (survey.unordered !== 0) {
    const order = definition.sortBy.join(', ');
    findings.add(table, 'file-order', path, `${String(survey.unordered)} rows are not in the order ${order}`);
  }
  for (const [index, column] of columns.entries()) {
    const said = stats?.nullCount?.[column.name];
    const nulls = survey[`nulls_${index}`];
    if (said !== undefined && said !== nulls) {
      findings.add(
        table,
        'file-statistics',
        path,
        `Column ${column.name} has ${String(nulls)} nulls; the log says ${said}`,
      );
    }
    const least = stats?.minValues?.[column.name];
    const most = stats?.maxValues?.[column.name];
    const [min, max] = [survey[`min_${index}`], survey[`max_${index}`]];
    // Statistics may be wider than the values (a foreign writer cuts long texts off), never narrower.
    if (isBelow(min, least) || isBelow(most, max)) {
      const range = `${String(min)} to ${String(max)}`;
      const message = `Column ${column.name} goes from ${range}; the log says ${String(least)} to ${String(most)}`;
      findings.add(table, 'file-statistics', path, message);
    }
  }
}

/** True where both values are known, comparable, and the first is the smaller. */
function isBelow(a: SqlValue | StatsValue | undefined, b: SqlValue | StatsValue | undefined): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  return typeof a === 'string' && typeof b === 'string' && a < b;
}

/** `found`: the distinct units of the file's rows, with a space between. */
function compareUnits(definition: TableDefinition, file: DataFile, found: SqlValue, findings: Findings): void {
  const { name, unitColumn = '' } = definition;
  const units = SessionSet.of(found === null ? [] : (String(found).split(' ') as IsoDate[]));
  const beyond = isTagged(file) && file.units !== undefined ? units.difference(file.units) : SessionSet.empty;
  if (beyond.size > 0) {
    findings.add(
      name,
      'file-units',
      file.path,
      `It has rows of ${unitColumn} ${beyond.toString()}, which its tag does not name`,
    );
  }
  const { year } = file.partitionValues;
  const strays = year === undefined ? SessionSet.empty : units.filter((unit) => String(yearOf(unit)) !== year);
  if (strays.size > 0) {
    findings.add(
      name,
      'file-partition',
      file.path,
      `It lies in year ${year ?? 'null'} and has rows of ${strays.toString()}`,
    );
  }
}

/**
 * No key occurs twice in a version. A row's key tells its partition, so partitions are looked at one by one, or several small ones
 * at once: it bounds memory.
 */
async function verifyKeys(
  lake: Lake,
  definition: TableDefinition,
  files: readonly DataFile[],
  findings: Findings,
): Promise<void> {
  if (definition.key.length === 0) return;
  const byPartition = new Map<string, DataFile[]>();
  for (const file of files) {
    const partition = definition.partitionBy.map((name) => file.partitionValues[name] ?? '').join('/');
    byPartition.set(partition, [...(byPartition.get(partition) ?? []), file]);
  }
  for (const some of inRows([...byPartition.values()], KEYS_AT_ONCE)) {
    const scan = await lake.table(definition).scanSql(some);
    const sql = brokenKeys(scan, definition.key, EXAMPLES_MAX);
    const broken = await lake.rows<{ key: string; rows: number; incomplete: boolean; broken: number }>(sql);
    const named = definition.key.join(', ');
    for (const { key, rows, incomplete, broken: count } of broken) {
      const more = count > EXAMPLES_MAX ? ` (one of ${count} such keys)` : '';
      if (incomplete) findings.add(definition.name, 'key-missing', key, `A row has no ${named}${more}`);
      else findings.add(definition.name, 'key-duplicate', key, `${rows} rows have the same ${named}${more}`);
    }
  }
}

/** Lists of files put together up to a number of rows; a list that has more by itself stays whole. */
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
