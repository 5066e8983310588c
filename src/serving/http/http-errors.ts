import { type CondvestError, type ErrorKind, RetryLater, UsageError } from '#base/errors.ts';

/** The one table of what an error is over HTTP. A code that is not listed goes by the kind of its error. */

export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 414 | 415 | 421 | 429 | 499 | 500 | 503;

const BY_CODE: Readonly<Record<string, ErrorStatus>> = {
  'key-missing': 401,
  'key-unknown': 401,
  'scope-missing': 403,
  'not-entitled': 403,
  'origin-refused': 403,
  'request-not-simple': 403,
  'sql-disabled': 403,
  'host-refused': 421,
  'route-unknown': 404,
  'not-found': 404,
  'symbol-unknown': 404,
  'table-unknown': 404,
  'table-absent': 404,
  'pipeline-run-unknown': 404,
  'method-not-allowed': 405,
  'pipeline-busy': 409,
  'pipeline-not-here': 409,
  'body-too-large': 413,
  'url-too-long': 414,
  'body-not-json': 415,
  'rate-limited': 429,
  // Only appears in the log: nginx's status for it.
  'client-gone': 499,
  'server-busy': 503,
  'lake-empty': 503,
};

const BY_KIND: Readonly<Record<ErrorKind, ErrorStatus>> = { transient: 503, permanent: 500, corrupt: 500 };

/** `status` of the vendor's envelope. */
const MASSIVE_STATUS: Readonly<Partial<Record<ErrorStatus, string>>> = { 403: 'NOT_AUTHORIZED', 404: 'NOT_FOUND' };

export function statusOf(error: CondvestError): ErrorStatus {
  return BY_CODE[error.code] ?? (error instanceof UsageError ? 400 : BY_KIND[error.kind]);
}

/** Body of every error response: both names that clients look for, and our own code. */
export interface ErrorBody {
  readonly status: string;
  readonly request_id: string;
  readonly error: string;
  readonly message: string;
  readonly code: string;
}

export function errorBody(error: { readonly code: string; readonly message: string }, status: ErrorStatus, id: string) {
  const body: ErrorBody = {
    status: MASSIVE_STATUS[status] ?? 'ERROR',
    request_id: id,
    error: error.message,
    message: error.message,
    code: error.code,
  };
  return body;
}

/** Seconds after which the same request may do better; undefined where it will not. */
export function retryAfterSeconds(error: CondvestError): number | undefined {
  if (error instanceof RetryLater) return error.afterSeconds;
  return statusOf(error) === 503 ? RETRY_SECONDS : undefined;
}

const RETRY_SECONDS = 5;

/** A path without anything behind it. */
export function notFound(message: string, found?: string): UsageError {
  return new UsageError({ code: 'not-found', message, found });
}

/** Data that the vendor sells and this server does not have: clients tell it from a wrong path by this answer. */
export function notEntitled(what: string): UsageError {
  return new UsageError({
    code: 'not-entitled',
    message: `You are not entitled to this data: this server does not have ${what}`,
  });
}
