import { UsageError } from '#base/errors.ts';
import { isSoundText, SOUND_TEXT } from '#base/sound-text.ts';

/** Texts, paths and names in SQL. Each function throws `text-invalid` for what a statement cannot hold. */

/**
 * A text as an SQL literal, for the few places where a parameter cannot stand (file lists, COPY targets, view bodies).
 */
export function sqlText(text: string): string {
  return `'${sound(text).replaceAll("'", "''")}'`;
}

/**
 * A path for DuckDB to read from, as an SQL literal: it takes paths for patterns, so what looks like one is quoted.
 */
export function sqlPath(path: string): string {
  return sqlText(path.replaceAll(/[[*?]/g, '[$&]'));
}

/** A name as an SQL identifier. */
export function sqlName(name: string): string {
  return `"${sound(name).replaceAll('"', '""')}"`;
}

function sound(text: string): string {
  if (isSoundText(text)) return text;
  throw new UsageError({
    code: 'text-invalid',
    message: 'A statement cannot hold this text',
    found: text,
    allowed: SOUND_TEXT,
  });
}
