import { CondvestError } from '#base/errors.ts';
import { errorBody, retryAfterSeconds, statusOf } from './http-errors.ts';
import type { ServingContext } from './serving.ts';

/** Reports a bug to whoever runs the server. The caller never sees its details. */
export type OnBug = (error: unknown, requestId: string) => void;

/** Returns the response to a request that failed. That to a bug contains none of its text, which may be confidential. */
export function refusal(c: ServingContext, error: unknown, onBug: OnBug): Response {
  const id = c.get('requestId') ?? '';
  c.set('isDressed', false);
  const headers: Record<string, string> = {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-request-id': id,
  };
  if (!(error instanceof CondvestError)) {
    onBug(error, id);
    const bug = {
      code: 'internal',
      message: `Internal error. The server's log has the details under request ID ${id}`,
    };
    return new Response(JSON.stringify(errorBody(bug, 500, id)), { status: 500, headers });
  }
  const status = statusOf(error);
  if (status >= 500 && error.kind !== 'transient' && error.code !== 'lake-empty') onBug(error, id);
  const seconds = retryAfterSeconds(error);
  if (seconds !== undefined) headers['retry-after'] = String(seconds);
  return new Response(JSON.stringify(errorBody(error, status, id)), { status, headers });
}
