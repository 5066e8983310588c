import { signal } from '@preact/signals';
import { accessKey, isKeyRequired } from '../state/access-key.ts';

/** HTTP client of the page: access key, errors and retries in one place. */

/** True while the server is unreachable. Any response, even an error, resets it. */
export const isOffline = signal(false);

const ATTEMPTS_MAX = 3;
const RETRY_DELAY_MS_MAX = 5000;

/** Error response of the server, or the reason a request never got one. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string | undefined;
  constructor(status: number, code: string, message: string, requestId?: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }
}

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** URL of a route with the query parameters that have a value. */
export function urlFor(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

export function getJson<T>(path: string, query: Query, signal: AbortSignal): Promise<T> {
  return request<T>(urlFor(path, query), { method: 'GET', signal });
}

/** Sends a state-changing request, which is never retried automatically. */
export function postJson<T>(path: string, body: object): Promise<T> {
  return request<T>(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
}

/** Opens a response whose body is read as it arrives. Throws an `ApiError` if the request fails. */
export async function openStream(path: string, signal: AbortSignal): Promise<Response> {
  const response = await send(path, { signal, headers: { accept: 'text/event-stream' } });
  if (!response.ok) throw await errorFrom(response);
  return response;
}

async function request<T>(url: string, init: RequestInit): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const response = await send(url, init);
    if (response.ok) return (await response.json()) as T;
    const error = await errorFrom(response);
    const isRetryable = init.method === 'GET' && response.status === 503 && error.code === 'server-busy';
    if (!isRetryable || attempt >= ATTEMPTS_MAX) throw error;
    const seconds = Number(response.headers.get('retry-after') ?? 1);
    await delay(Math.min(RETRY_DELAY_MS_MAX, seconds * 1000), init.signal ?? undefined);
  }
}

async function send(url: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  if (accessKey.value !== '') headers.set('authorization', `Bearer ${accessKey.value}`);
  try {
    const response = await fetch(url, { ...init, headers });
    isOffline.value = false;
    return response;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    isOffline.value = true;
    throw new ApiError(0, 'unreachable', "Couldn't reach the server");
  }
}

interface ErrorBody {
  readonly message?: string;
  readonly error?: string;
  readonly code?: string;
  readonly request_id?: string;
}

async function errorFrom(response: Response): Promise<ApiError> {
  const text = await response.text();
  let body: ErrorBody = {};
  try {
    body = JSON.parse(text) as ErrorBody;
  } catch {
    // A proxy in front may respond with HTML; only its status is used then.
  }
  if (response.status === 401) isKeyRequired.value = true;
  const message = body.message ?? body.error ?? `The server returned ${response.status} ${response.statusText}`.trim();
  return new ApiError(response.status, body.code ?? `http-${response.status}`, message, body.request_id);
}

/** Resolves after `ms`. Rejects with an `AbortError` if the signal is aborted first. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(new DOMException('Aborted', 'AbortError'));
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(new DOMException('Aborted', 'AbortError'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** True for requests that the page aborted itself; those are not reported. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}
