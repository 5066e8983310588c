import { signal } from '@preact/signals';
import { accessKey, isKeyWanted } from '../state/access-key.ts';

/** Asks the server. One place for the key, for what failed and why, and for how often something is tried. */

/** The server cannot be reached at all; ends with the next answer of any kind. */
export const isOffline = signal(false);

const TRIES = 3;
const WAIT_MS_MAX = 5000;

/** What the server said no with, or why it could not be asked. */
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

/** The address of a route with what is given of the query. */
export function addressOf(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

export function getJson<T>(path: string, query: Query, signal: AbortSignal): Promise<T> {
  return request<T>(addressOf(path, query), { method: 'GET', signal });
}

/** A call that changes something: never sent twice by itself. */
export function postJson<T>(path: string, body: object): Promise<T> {
  return request<T>(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
}

/** The answer to a request whose body is read as it comes. Throws an `ApiError` where there is none. */
export async function openStream(path: string, signal: AbortSignal): Promise<Response> {
  const response = await send(path, { signal, headers: { accept: 'text/event-stream' } });
  if (!response.ok) throw await refusalOf(response);
  return response;
}

async function request<T>(address: string, init: RequestInit): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const response = await send(address, init);
    if (response.ok) return (await response.json()) as T;
    const error = await refusalOf(response);
    const isWorthAnother = init.method === 'GET' && response.status === 503 && error.code === 'server-busy';
    if (!isWorthAnother || attempt >= TRIES) throw error;
    const seconds = Number(response.headers.get('retry-after') ?? 1);
    await pause(Math.min(WAIT_MS_MAX, seconds * 1000), init.signal ?? undefined);
  }
}

async function send(address: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  if (accessKey.value !== '') headers.set('authorization', `Bearer ${accessKey.value}`);
  try {
    const response = await fetch(address, { ...init, headers });
    isOffline.value = false;
    return response;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    isOffline.value = true;
    throw new ApiError(0, 'unreachable', 'The server does not answer');
  }
}

interface Refusal {
  readonly message?: string;
  readonly error?: string;
  readonly code?: string;
  readonly request_id?: string;
}

async function refusalOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  let body: Refusal = {};
  try {
    body = JSON.parse(text) as Refusal;
  } catch {
    // A proxy in front speaks HTML; its status has to do.
  }
  if (response.status === 401) isKeyWanted.value = true;
  const message = body.message ?? body.error ?? `The server answered ${response.status} ${response.statusText}`.trim();
  return new ApiError(response.status, body.code ?? `http-${response.status}`, message, body.request_id);
}

export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(new DOMException('given up', 'AbortError'));
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(new DOMException('given up', 'AbortError'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Whether a request was given up by ourselves, which nobody needs to hear of. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}
