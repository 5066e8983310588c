import { sqlText } from '#lake/sql-text.ts';

/** Escapes `*`, `?` and `[` in a path, which DuckDB would take for a pattern. */
export function sqlPath(path: string): string {
  return sqlText(path.replaceAll(/[*?[]/g, (char) => `[${char}]`));
}

/** Describes the columns of a Parquet file with the names and types that DuckDB gives them. */
export function describeParquetSql(path: string): string {
  return `DESCRIBE SELECT * FROM read_parquet(${sqlPath(path)}, hive_partitioning = false)`;
}

/** Selects the elements of a Parquet schema, depth first from its root. */
export function parquetElementsSql(path: string): string {
  return `SELECT name, num_children::INTEGER AS num_children FROM parquet_schema(${sqlPath(path)})`;
}

/** Largest JSON value: a response that holds all symbols of a session takes a few megabytes. */
const JSON_BYTES_MAX = 256 * 1024 * 1024;

function jsonObjectsSql(path: string): string {
  return `read_json_objects(${sqlPath(path)}, format = 'auto', maximum_object_size = ${JSON_BYTES_MAX})`;
}

/** Selects the first value of a JSON file, or the first element of its array: its type, and its text. */
export function firstJsonSql(path: string): string {
  return `SELECT json_type(json) AS type, json::VARCHAR AS json FROM ${jsonObjectsSql(path)} LIMIT 1`;
}

/** Selects the records of a JSON file as JSON. */
export function jsonRecordsSql(path: string, recordsIn: string | undefined): string {
  if (recordsIn === undefined) return `SELECT json FROM ${jsonObjectsSql(path)}`;
  const records = `from_json(json_extract(json, ${sqlText(jsonPointer(recordsIn))}), '["JSON"]')`;
  return `SELECT unnest(${records}) AS json FROM ${jsonObjectsSql(path)}`;
}

const KEYS_SAMPLE_ROWS = 1000;

/** Selects the names of the fields of the first records, in the order in which they occur. */
export function jsonKeysSql(path: string, recordsIn: string | undefined): string {
  const sample = `SELECT json FROM (${jsonRecordsSql(path, recordsIn)}) WHERE json_type(json) = 'OBJECT' LIMIT ${KEYS_SAMPLE_ROWS}`;
  return `
    SELECT name FROM (
      SELECT unnest(keys) AS name, generate_subscripts(keys, 1) AS place FROM (SELECT json_keys(json) AS keys FROM (${sample}))
    ) GROUP BY name ORDER BY min(place), name`;
}

export function jsonPointer(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
