import { CondvestError } from '#base/errors.ts';
import { errorBody, retryAfterSeconds, statusOf } from './http-errors.ts';
import type { ServingContext } from './serving.ts';

/** Errors that are bugs: told to whoever runs the server, never to the caller. */
export type OnBug = (error: unknown, requestId: string) => void;

/** The answer to a request that failed. A bug is told without its words, which may speak of the inside. */
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
    const bug = { code: 'internal', message: `The server has failed on this request; its log knows it as ${id}` };
    return new Response(JSON.stringify(errorBody(bug, 500, id)), { status: 500, headers });
  }
  const status = statusOf(error);
  if (status >= 500 && error.kind !== 'transient' && error.code !== 'lake-empty') onBug(error, id);
  const seconds = retryAfterSeconds(error);
  if (seconds !== undefined) headers['retry-after'] = String(seconds);
  return new Response(JSON.stringify(errorBody(error, status, id)), { status, headers });
}
