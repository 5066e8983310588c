import { CondvestError, UsageError } from '#base/errors.ts';

/** A text file with a line that cannot be parsed. */
export class MalformedFile extends UsageError {
  readonly path: string;

  constructor(path: string, parts: ConstructorParameters<typeof UsageError>[0]) {
    super(parts);
    this.path = path;
  }
}

/**
 * Translates DuckDB's error about a malformed CSV line into a usage error; returns other errors as they are. DuckDB has
 * no error codes, so its text decides.
 */
export function explainCsvError(error: unknown): unknown {
  if (!(error instanceof CondvestError) || !(error.cause instanceof Error)) return error;
  const text = error.cause.message;
  const file = /^\s*file = (.*)$/m.exec(text)?.[1];
  if (file === undefined) return error;
  const line = /CSV Error on Line: (\d+)/.exec(text)?.[1];
  if (line === undefined) {
    return new MalformedFile(file, {
      code: 'import-line-malformed',
      message: `${file} is not CSV throughout: its lines may end in different ways, or have stray quotes`,
      action: 'Write the file again',
      cause: error,
    });
  }
  const original = /Original Line: (.*)/.exec(text)?.[1] ?? '';
  const counts = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(text);
  return new MalformedFile(file, {
    code: 'import-line-malformed',
    message: `Line ${line} of ${file} ${reasonOf(text, counts)}`,
    found: original.slice(0, LINE_CHARS_MAX),
    action: 'Fix or remove the line',
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
