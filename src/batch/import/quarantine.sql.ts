import { PRINTABLE_CHARACTERS_MAX } from '#base/printable.ts';
import { sqlText } from '#lake/sql-text.ts';

/** Selects rejected rows as rows of `bronze/quarantine`. */
export function quarantineRowsSql(
  rejected: string,
  of: {
    readonly dataset: string;
    readonly digest?: string | undefined;
    readonly source: string;
    readonly seenAtMs: number;
  },
): string {
  const digest = of.digest === undefined ? 'source_digest' : `${sqlText(of.digest)} AS source_digest`;
  return `
    SELECT ${sqlText(of.dataset)} AS dataset, ${shortSql('row')} AS row, reason, ${digest}, row_number,
      ${sqlText(of.source)} AS source, make_timestamp(${of.seenAtMs} * 1000)::TIMESTAMPTZ AS seen_at
    FROM (${rejected})`;
}

/**
 * Selects rejected rows of a reply (row_number, reason, row). Other rows of a session change between fetches, and every reply
 * has its own id, so a row is identified by its text, its session and its number among equal rows.
 */
export function rowsOfReplySql(
  rejected: string,
  of: { readonly dataset: string; readonly source: string; readonly session: string },
): string {
  const known = [of.dataset, of.source, of.session].map(sqlText).join(', ');
  return `
    SELECT row, reason, sha256(concat_ws(chr(10), ${known}, row)) AS source_digest,
      row_number() OVER (PARTITION BY row ORDER BY row_number) AS row_number
    FROM (${rejected})`;
}

/** Selects the rows whose key is not stored yet. */
export function unknownRowsSql(rows: string, stored: string): string {
  return `SELECT * FROM (${rows}) ANTI JOIN (SELECT source_digest, row_number FROM (${stored})) USING (source_digest, row_number)`;
}

export function firstRejectedSql(rejected: string): string {
  return `SELECT row_number, reason, row FROM (${rejected}) ORDER BY row_number LIMIT 1`;
}

/** Selects a text cut like foreign text anywhere else. A row is JSON, so its control characters are escaped already. */
function shortSql(column: string): string {
  const max = PRINTABLE_CHARACTERS_MAX;
  return `CASE WHEN length(${column}) > ${max} THEN left(${column}, ${max - 1}) || '…' ELSE ${column} END`;
}
