/**
 * Expected failures. A bug trips an assertion (`assert.ts`) and crashes. Everything that a user or the outside world
 * can cause is a `CondvestError` with a stable code, so that callers decide by code and kind, never by parsing the
 * message.
 */

import { printable } from './printable.ts';

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
  /** The value found, as a user would recognize it. Foreign text is welcome: it is made printable here. */
  readonly found?: string | undefined;
  /** The allowed values. */
  readonly allowed?: string | undefined;
  /** The remedy, as a sentence without a period, or as a question with its mark. */
  readonly action?: string | undefined;
  readonly cause?: unknown;
}

/** A message may name several values, such as all invalid settings. */
const MESSAGE_CHARACTERS_MAX = 2000;

export class CondvestError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly found: string | undefined;
  readonly allowed: string | undefined;
  readonly action: string | undefined;

  constructor(parts: ErrorParts) {
    const value = parts.found === undefined ? undefined : printable(parts.found);
    const found = value === undefined ? '' : `: ${value}`;
    const allowed = parts.allowed === undefined ? '' : ` Allowed: ${parts.allowed}.`;
    const action = parts.action === undefined ? '' : ` ${parts.action}${parts.action.endsWith('?') ? '' : '.'}`;
    super(
      `${printable(parts.message, MESSAGE_CHARACTERS_MAX)}${found}.${allowed}${action}`,
      parts.cause === undefined ? {} : { cause: parts.cause },
    );
    this.name = new.target.name;
    this.code = parts.code;
    this.kind = parts.kind;
    this.found = value;
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
  if (inner instanceof Error && 'code' in inner) return printable(String(inner.code));
  return printable(inner instanceof Error ? inner.message : String(inner));
}

/** Returns the message of whatever was thrown, printable. */
export function errorText(cause: unknown): string {
  if (cause instanceof CondvestError) return cause.message;
  return printable(cause instanceof Error ? cause.message : String(cause));
}
