import { type Column, SQL_TYPES } from './schema.ts';
import { sqlName, sqlPath, sqlText } from './sql-text.ts';

/** Files that are read by one `read_parquet`, all having the same columns. */
export interface ScanGroup {
  readonly localPaths: readonly string[];
  /** Names of the columns that these files hold. */
  readonly held: ReadonlySet<string>;
  /** Values of the partition columns, where they are the same in all files; undefined: each file's path says it. */
  readonly partition: Readonly<Record<string, string | null>> | undefined;
  /** The files' physical types may differ: other programs wrote them. */
  readonly mixed: boolean;
}

/** The columns, in order, of all rows of the groups. A column that a group lacks is null there. */
export function selectGroups(
  columns: readonly Column[],
  partitionBy: readonly string[],
  groups: readonly ScanGroup[],
): string {
  if (groups.length === 0) {
    const nulls = columns.map(({ name, type }) => `CAST(NULL AS ${SQL_TYPES[type]}) AS ${sqlName(name)}`);
    return `SELECT ${nulls.join(', ')} WHERE false`;
  }
  return groups.map((group) => selectGroup(columns, partitionBy, group)).join('\nUNION ALL\n');
}

function selectGroup(columns: readonly Column[], partitionBy: readonly string[], group: ScanGroup): string {
  const { partition, held, localPaths, mixed } = group;
  const selected = columns.map(({ name, type }) => {
    const sqlType = SQL_TYPES[type];
    if (partitionBy.includes(name)) {
      if (partition === undefined) return sqlName(name);
      const value = partition[name] ?? null;
      return `CAST(${value === null ? 'NULL' : sqlText(value)} AS ${sqlType}) AS ${sqlName(name)}`;
    }
    if (!held.has(name)) return `CAST(NULL AS ${sqlType}) AS ${sqlName(name)}`;
    return mixed ? `CAST(${sqlName(name)} AS ${sqlType}) AS ${sqlName(name)}` : sqlName(name);
  });
  const types = partitionBy.map((name) => {
    const column = columns.find((other) => other.name === name);
    return `${sqlText(name)}: ${column === undefined ? 'VARCHAR' : SQL_TYPES[column.type]}`;
  });
  const options = [
    partition === undefined
      ? `hive_partitioning = true, hive_types = {${types.join(', ')}}`
      : 'hive_partitioning = false',
    ...(mixed ? ['union_by_name = true'] : []),
  ];
  const list = localPaths.map(sqlPath).join(', ');
  return `SELECT ${selected.join(', ')} FROM read_parquet([${list}], ${options.join(', ')})`;
}

/** Which columns each of some Parquet files holds. */
export function readFileColumns(localPaths: readonly string[]): string {
  return `
    SELECT file_name AS path, list(name) AS columns
    FROM parquet_schema([${localPaths.map(sqlPath).join(', ')}])
    GROUP BY file_name`;
}

export function selectInOrder(select: string, sortBy: readonly string[]): string {
  return `SELECT * FROM (${select}) ORDER BY ${sortBy.map(sqlName).join(', ')}`;
}
