/**
 * Expected failures. A bug trips an assertion (`assert.ts`) and crashes. Everything that a user or the outside world
 * can cause is a `CondvestError` with a stable code, so that callers decide by code and kind, never by parsing the
 * message.
 */

/**
 * - `transient`: the same call may succeed later; the caller's retry policy applies.
 * - `permanent`: the same call will fail again until somebody changes something.
 * - `corrupt`: stored data contradicts itself; stop, and do not repair silently.
 */
export type ErrorKind = 'transient' | 'permanent' | 'corrupt';

export interface ErrorParts {
  /** Stable, kebab-case, prefixed by area: `lake-protocol-too-new`, `import-file-missing`. */
  readonly code: string;
  readonly kind: ErrorKind;
  /** The failure, as a sentence without a period. */
  readonly message: string;
  /** The value found, as a user would recognize it. */
  readonly found?: string | undefined;
  /** The allowed values. */
  readonly allowed?: string | undefined;
  /** The remedy, as a sentence without a period, or as a question with its mark. */
  readonly action?: string | undefined;
  readonly cause?: unknown;
}

export class CondvestError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly found: string | undefined;
  readonly allowed: string | undefined;
  readonly action: string | undefined;

  constructor(parts: ErrorParts) {
    const found = parts.found === undefined ? '' : `: ${parts.found}`;
    const allowed = parts.allowed === undefined ? '' : ` Allowed: ${parts.allowed}.`;
    const action = parts.action === undefined ? '' : ` ${parts.action}${parts.action.endsWith('?') ? '' : '.'}`;
    super(`${parts.message}${found}.${allowed}${action}`, parts.cause === undefined ? {} : { cause: parts.cause });
    this.name = new.target.name;
    this.code = parts.code;
    this.kind = parts.kind;
    this.found = parts.found;
    this.allowed = parts.allowed;
    this.action = parts.action;
  }
}

/** Invalid usage or configuration: the command line exits with 2, an HTTP route responds with 400. Never retried. */
export class UsageError extends CondvestError {
  constructor(parts: Omit<ErrorParts, 'kind'>) {
    super({ ...parts, kind: 'permanent' });
  }
}

/** Too many requests, or too much at once. The same request is welcome later. */
export class RetryLater extends CondvestError {
  readonly afterSeconds: number;
  constructor(parts: {
    readonly code: 'rate-limited' | 'server-busy';
    readonly message: string;
    readonly allowed?: string;
    readonly afterSeconds: number;
  }) {
    const { afterSeconds, ...rest } = parts;
    super({ ...rest, kind: 'transient', action: `Try again in ${afterSeconds} s` });
    this.afterSeconds = afterSeconds;
  }
}

/** Returns why a request over the network failed, in the words of the innermost cause: `ECONNREFUSED`, or its message. */
export function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  if (inner instanceof Error && 'code' in inner) return String(inner.code);
  return inner instanceof Error ? inner.message : String(inner);
}
