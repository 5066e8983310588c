import { type CondvestError, UsageError } from '#base/errors.ts';

/** Files of an import that cannot be imported, each with its reason. The others can. */
export class FileProblems extends Error {
  readonly #found: { readonly path: string; readonly error: CondvestError }[] = [];

  get found(): readonly { readonly path: string; readonly error: CondvestError }[] {
    return this.#found;
  }

  add(path: string, error: CondvestError): void {
    this.#found.push({ path, error });
  }

  throwIfAny(): void {
    if (this.#found.length > 0) throw this;
  }

  /** Throws if a problem is of one of these files: others may have been left out already. */
  throwIfAnyOf(readings: readonly { readonly file: { readonly path: string } }[]): void {
    if (readings.some(({ file }) => this.#found.some(({ path }) => path === file.path))) throw this;
  }
}

export function emptyFile(path: string): UsageError {
  return new UsageError({ code: 'import-file-empty', message: 'The file has no rows', found: path });
}

/** Returns the error if it concerns a single file; throws any other. */
export function asFileError(cause: unknown): CondvestError {
  if (cause instanceof UsageError && cause.code.startsWith('import-')) return cause;
  throw cause;
}
