import { CondvestError, UsageError } from '#base/errors.ts';

/**
 * Translates DuckDB's error about a malformed CSV line into a usage error; returns other errors as they are. DuckDB has
 * no error codes, so its text decides.
 */
export function explainCsvError(error: unknown): unknown {
  if (!(error instanceof CondvestError) || !(error.cause instanceof Error)) return error;
  const text = error.cause.message;
  const line = /CSV Error on Line: (\d+)/.exec(text)?.[1];
  if (line === undefined) return error;
  const file = /^\s*file = (.*)$/m.exec(text)?.[1] ?? 'the file';
  const original = /Original Line: (.*)/.exec(text)?.[1] ?? '';
  const counts = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(text);
  return new UsageError({
    code: 'import-line-malformed',
    message: `Line ${line} of ${file} ${reasonOf(text, counts)}`,
    found: original.slice(0, LINE_CHARS_MAX),
    action: 'Fix or remove the line; nothing was written',
    cause: error,
  });
}

const LINE_CHARS_MAX = 200;

function reasonOf(text: string, counts: RegExpExecArray | null): string {
  if (counts !== null) return `has ${counts[2]} values where the header has ${counts[1]} columns`;
  if (text.includes('unterminated quote')) return 'has an unterminated quote';
  if (text.includes('not utf-8')) return 'is not UTF-8 text';
  return 'is not CSV';
}
