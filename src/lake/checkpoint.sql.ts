import { sqlPath, sqlText } from './sql-text.ts';

/** The Parquet form of a checkpoint (protocol, "Checkpoint Schema"): one action per row, in the column of its kind. */

const STRING_MAP = 'MAP(VARCHAR, VARCHAR)';

const STRUCTURE = JSON.stringify({
  txn: { appId: 'VARCHAR', version: 'BIGINT', lastUpdated: 'BIGINT' },
  add: {
    path: 'VARCHAR',
    partitionValues: STRING_MAP,
    size: 'BIGINT',
    modificationTime: 'BIGINT',
    dataChange: 'BOOLEAN',
    tags: STRING_MAP,
    stats: 'VARCHAR',
  },
  remove: {
    path: 'VARCHAR',
    deletionTimestamp: 'BIGINT',
    dataChange: 'BOOLEAN',
    extendedFileMetadata: 'BOOLEAN',
    partitionValues: STRING_MAP,
    size: 'BIGINT',
    tags: STRING_MAP,
  },
  metaData: {
    id: 'VARCHAR',
    name: 'VARCHAR',
    description: 'VARCHAR',
    format: { provider: 'VARCHAR', options: STRING_MAP },
    schemaString: 'VARCHAR',
    partitionColumns: ['VARCHAR'],
    configuration: STRING_MAP,
    createdTime: 'BIGINT',
  },
  protocol: {
    minReaderVersion: 'INTEGER',
    minWriterVersion: 'INTEGER',
    readerFeatures: ['VARCHAR'],
    writerFeatures: ['VARCHAR'],
  },
});

export const CREATE_LINES = 'CREATE OR REPLACE TEMP TABLE checkpoint_lines (position BIGINT, line VARCHAR)';

/** Parameters: position of the first line, lines of JSON joined by line feeds. */
export const INSERT_LINES = `
  INSERT INTO checkpoint_lines
  SELECT ?::BIGINT + generate_subscripts(lines, 1), unnest(lines)
  FROM (SELECT string_split(?, chr(10)) AS lines)`;

/** Snappy, because every reader of checkpoints supports it. */
export function copyCheckpoint(localPath: string): string {
  return `
    COPY (
      SELECT unnest(json_transform(line, '${STRUCTURE}'))
      FROM checkpoint_lines ORDER BY position
    ) TO ${sqlText(localPath)} (FORMAT parquet, COMPRESSION snappy)`;
}

/** Separators between rows and between fields: JSON text and URI-encoded paths cannot contain these characters. */
export const ROW_END = '\u001e';
export const FIELD_END = '\u001f';

export function readCheckpointSchema(localPath: string): string {
  return `SELECT name, coalesce(num_children, 0)::INTEGER AS children FROM parquet_schema(${sqlPath(localPath)})`;
}

/**
 * The fields of each top-level column that the checkpoint's writer provided; the protocol allows it to omit and add
 * some.
 */
export type CheckpointFields = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * All add actions as one string, each with its path, size, modification time, partition values, tags and statistics.
 * Individual values through the driver would take three times as long.
 */
export function readAdds(localPaths: readonly string[], fields: CheckpointFields): string {
  const given = (field: string, sql: string): string =>
    fields.get('add')?.has(field) === true ? `coalesce(${sql}::VARCHAR, '')` : "''";
  return `
    SELECT string_agg(concat_ws(chr(31),
      add.path,
      ${given('size', 'add.size')},
      ${given('modificationTime', 'add.modificationTime')},
      ${given('partitionValues', 'to_json(add.partitionValues)')},
      ${given('tags', 'to_json(add.tags)')},
      ${given('stats', 'add.stats')}
    ), chr(30)) AS text
    FROM ${filesOf(localPaths)} WHERE add.path IS NOT NULL`;
}

/** All other actions, as lines of a commit file. */
export function readOthers(
  localPaths: readonly string[],
  fields: CheckpointFields,
  options: { readonly tombstones: boolean },
): string {
  const kinds = ['protocol', 'metaData', 'txn', ...(options.tombstones ? ['remove'] : [])].filter((kind) =>
    fields.has(kind),
  );
  const lines = kinds.map(
    (kind) => `WHEN "${kind}" IS NOT NULL THEN '{"${kind}":' || to_json("${kind}")::VARCHAR || '}'`,
  );
  return `
    SELECT string_agg(CASE ${lines.join(' ')} END, chr(10)) AS text
    FROM ${filesOf(localPaths)} WHERE ${kinds.map((kind) => `"${kind}" IS NOT NULL`).join(' OR ')}`;
}

function filesOf(localPaths: readonly string[]): string {
  return `read_parquet([${localPaths.map(sqlPath).join(', ')}])`;
}
