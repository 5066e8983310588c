import { sqlText } from '#lake/engine.ts';

/** Refused rows as rows of `bronze/quarantine`. */
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
    SELECT ${sqlText(of.dataset)} AS dataset, row, reason, ${digest}, row_number,
      ${sqlText(of.source)} AS source, make_timestamp(${of.seenAtMs} * 1000)::TIMESTAMPTZ AS seen_at
    FROM (${rejected})`;
}

/**
 * Refused rows of a reply (row_number, reason, row). A vendor changes other rows of a session from one look to the next, and gives
 * every reply an id, so a row is known by its own text and its session, and by which of its equals it is.
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

/** Rows that are not stored yet, by their key. */
export function unknownRowsSql(rows: string, stored: string): string {
  return `SELECT * FROM (${rows}) ANTI JOIN (SELECT source_digest, row_number FROM (${stored})) USING (source_digest, row_number)`;
}

export function firstRejectedSql(rejected: string): string {
  return `SELECT row_number, reason, row FROM (${rejected}) ORDER BY row_number LIMIT 1`;
}
