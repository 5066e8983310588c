import { sqlText } from './engine.ts';

/** The Parquet form of a checkpoint (protocol, "Checkpoint Schema"): one action a row, in the column of its kind. */

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

/** Parameters: position of the first line, lines of JSON joined by a line feed. */
export const INSERT_LINES = `
  INSERT INTO checkpoint_lines
  SELECT ?::BIGINT + generate_subscripts(lines, 1), unnest(lines)
  FROM (SELECT string_split(?, chr(10)) AS lines)`;

/** Snappy, because it is what every reader of checkpoints has. */
export function copyCheckpoint(localPath: string): string {
  return `
    COPY (
      SELECT unnest(json_transform(line, '${STRUCTURE}'))
      FROM checkpoint_lines ORDER BY position
    ) TO ${sqlText(localPath)} (FORMAT parquet, COMPRESSION snappy)`;
}

/** Between rows, and between the fields of a row: JSON text and URI-encoded paths cannot hold these characters. */
export const ROW_END = '\u001e';
export const FIELD_END = '\u001f';

/** In the order in which `readActions` puts them. */
export const ADD_FIELDS = ['path', 'size', 'modificationTime', 'partitionValues', 'tags', 'stats'] as const;

export function readCheckpointSchema(localPath: string): string {
  return `SELECT name, coalesce(num_children, 0)::INTEGER AS children FROM parquet_schema(${sqlText(localPath)})`;
}

/**
 * All actions of a checkpoint as a few long texts: a value at a time through the driver would take three times as long.
 * `fields` says what the writer of this checkpoint has given; the protocol lets it leave out and add some.
 */
export function readActions(
  localPaths: readonly string[],
  fields: ReadonlyMap<string, ReadonlySet<string>>,
  options: { readonly tombstones: boolean },
): string {
  const adds = ADD_FIELDS.map((field) => {
    if (fields.get('add')?.has(field) !== true) return "''";
    const isMap = field === 'partitionValues' || field === 'tags';
    return `coalesce(${isMap ? `to_json(add.${field})` : `add.${field}`}::VARCHAR, '')`;
  });
  const kinds = ['protocol', 'metaData', 'txn', ...(options.tombstones ? ['remove'] : [])];
  const others = kinds
    .filter((kind) => fields.has(kind))
    .map((kind) => `WHEN "${kind}" IS NOT NULL THEN '{"${kind}":' || to_json("${kind}")::VARCHAR || '}'`);
  return `
    SELECT
      string_agg(concat_ws(chr(31), ${adds.join(', ')}), chr(30)) FILTER (add IS NOT NULL) AS adds,
      string_agg(CASE ${others.join(' ')} END, chr(10)) AS others
    FROM read_parquet([${localPaths.map(sqlText).join(', ')}])`;
}
