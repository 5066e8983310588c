/** Texts, paths and names in SQL. */

/**
 * A text as an SQL literal, for the few places where a parameter cannot stand (file lists, COPY targets, view bodies).
 */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * A path for DuckDB to read from, as an SQL literal: it takes paths for patterns, so what looks like one is quoted.
 */
export function sqlPath(path: string): string {
  return sqlText(path.replaceAll(/[[*?]/g, '[$&]'));
}

/** A name as an SQL identifier. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
