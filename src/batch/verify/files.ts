import { type IsoDate, yearOf } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { SqlValue } from '#lake/engine-values.ts';
import type { DataFile, StatsValue } from '#lake/files.ts';
import type { Lake } from '#lake/lake.ts';
import { isTagged } from '#lake/put.ts';
import { scanSql } from '#lake/scan.ts';
import type { Column, TableDefinition } from '#lake/schema.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { SessionSet } from '#market/session-set.ts';

import type { Findings } from './findings.ts';
import { brokenKeys, columnsInFile, surveyFile } from './verify.sql.ts';

/** Keys named for each partition of a table. */
const EXAMPLES_MAX = 20;

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
  for (const file of at.files) {
    const found = isOlder(file, sinceMs)
      ? await verifyPresence(lake, definition, file, findings)
      : await verifyFile(lake, definition, file, findings);
    if (found === undefined) continue;
    rows += found;
    readable.push(file);
  }
  await verifyKeys(lake, definition, meeting(readable, sinceMs), findings);
  return rows;
}

/** The file, or those that it was proved to hold the rows of, were looked at before. */
export function isOlder(file: DataFile, sinceMs: number | undefined): boolean {
  return sinceMs !== undefined && (file.modifiedMs < sinceMs || file.isProved);
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

/** The number of rows by the log, or undefined where the file is not what the log says. */
async function verifyPresence(
  lake: Lake,
  { name }: TableDefinition,
  file: DataFile,
  findings: Findings,
): Promise<number | undefined> {
  const info = await lake.deps.store.head(`${name}/${file.path}`);
  if (info?.sizeBytes === file.sizeBytes) return file.stats?.numRecords ?? 0;
  if (info === undefined) findings.add(name, 'file-missing', file.path, 'The log names this file, and it is not there');
  else findings.add(name, 'file-size', file.path, `It has ${info.sizeBytes} bytes; the log says ${file.sizeBytes}`);
  return undefined;
}

/** The number of rows, or undefined where the file cannot be read. */
async function verifyFile(
  lake: Lake,
  definition: TableDefinition,
  file: DataFile,
  findings: Findings,
): Promise<number | undefined> {
  const { store, engine } = lake.deps;
  const { name } = definition;
  const key = `${name}/${file.path}`;
  const info = await store.head(key);
  if (info === undefined) {
    findings.add(name, 'file-missing', file.path, 'The log names this file, and it is not there');
    return undefined;
  }
  if (info.sizeBytes !== file.sizeBytes) {
    findings.add(name, 'file-size', file.path, `It has ${info.sizeBytes} bytes; the log says ${file.sizeBytes}`);
  }
  try {
    const localPath = await store.localPath(key);
    const inFile = await engine.rows<{ name: string }>(columnsInFile(localPath));
    const held = new Set(inFile.map((column) => column.name));
    const columns = definition.columns.filter((column) => held.has(column.name));
    const bounded = Object.keys(file.stats?.minValues ?? {});
    const order = isTagged(file) || definition.unitColumn === undefined ? definition.sortBy : [];
    const sortBy = order.every((column) => held.has(column)) ? order : [];
    const unitColumn = columns.find((column) => column.name === definition.unitColumn)?.name;
    const sql = surveyFile(localPath, { columns, bounded, sortBy, unitColumn });
    const [survey] = await engine.rows<Record<string, SqlValue>>(sql);
    if (survey === undefined) return undefined;
    compareSurvey(definition, file, columns, survey, findings);
    if (unitColumn !== undefined) compareUnits(definition, file, survey.units ?? null, findings);
    return Number(survey.rows);
  } catch (cause) {
    if (!(cause instanceof CondvestError)) throw cause;
    findings.add(name, 'file-unreadable', file.path, cause.found ?? cause.message);
    return undefined;
  }
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

/** No key occurs twice in a version. Partitions are looked at one by one: a row's key tells its year. */
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
  for (const ofPartition of byPartition.values()) {
    const scan = await scanSql(lake.deps, definition, ofPartition);
    const sql = brokenKeys(scan, definition.key, EXAMPLES_MAX);
    const broken = await lake.deps.engine.rows<{ key: string; rows: number; incomplete: boolean; broken: number }>(sql);
    const named = definition.key.join(', ');
    for (const { key, rows, incomplete, broken: count } of broken) {
      const more = count > EXAMPLES_MAX ? ` (one of ${count} such keys)` : '';
      if (incomplete) findings.add(definition.name, 'key-missing', key, `A row has no ${named}${more}`);
      else findings.add(definition.name, 'key-duplicate', key, `${rows} rows have the same ${named}${more}`);
    }
  }
}
