import type { z } from 'zod';
import { CondvestError, reasonOf, UsageError } from '#base/errors.ts';
import type { Clock } from '#ports/clock.ts';
import type { Random } from '#ports/random.ts';

import { CircuitBreaker } from './circuit-breaker.ts';
import { type Grants, RequestBudget } from './request-budget.ts';
import { errorReply } from './wire.ts';

export interface RestClientOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly clock: Clock;
  readonly random: Random;
  /** 0 means no limit. */
  readonly requestsPerMinute: number;
  /** Grants shared with other users of the key; default: none. */
  readonly grants?: Grants;
  readonly timeoutMs?: number;
  readonly attemptsMax?: number;
}

/** The vendor's response to a request. */
export interface Reply {
  readonly status: number;
  readonly text: string;
  /** The body as JSON; undefined if there is none. */
  readonly body: unknown;
}

const TIMEOUT_MS = 30_000;
const ATTEMPTS_MAX = 4;
const BACK_OFF_MS = 1000;
const BACK_OFF_MAX_MS = 60_000;
/** The vendor counts by the minute: after a 429 without `Retry-After`, the first wait is part of a minute. */
const TOO_MANY_BACK_OFF_MS = 15_000;
/** A request that must wait longer is abandoned and left to the next run. */
const RETRY_AFTER_MAX_MS = 300_000;
/** One day of the whole market is about 2 MB. */
const BODY_BYTES_MAX = 64 * 2 ** 20;
/** Maximum pages of one list; beyond it, the list must be circular. */
const PAGES_MAX = 500;

/** Sends requests to the vendor within the budget, and retries where that may help. No other code retries. */
export class RestClient {
  readonly #options: RestClientOptions;
  readonly #budget: RequestBudget;
  readonly #breaker = new CircuitBreaker();
  #requests = 0;
  /** End of the pause that the vendor requested. All calls wait, not only the one that got the response. */
  #pausedUntilMs = 0;
  #lastFailure = '';
  #keyError: CondvestError | undefined;

  constructor(options: RestClientOptions) {
    this.#options = options;
    this.#budget = new RequestBudget(options.clock, options.requestsPerMinute, options.grants);
  }

  /** Requests made so far, including retries. */
  get requests(): number {
    return this.#requests;
  }

  /**
   * Returns the response to a path with its query: any status below 500 except 401 and 429, which are handled here.
   * @throws CondvestError `massive-key-wrong`, `massive-unavailable`, `massive-reply-invalid`.
   */
  async get(path: string, signal?: AbortSignal): Promise<Reply> {
    const { clock, random, attemptsMax = ATTEMPTS_MAX } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      // A wrong key stays wrong.
      if (this.#keyError !== undefined) throw this.#keyError;
      const openUntil = this.#breaker.openUntil(clock.nowMs());
      if (openUntil !== undefined)
        throw unavailable(path, `${this.#lastFailure}, repeatedly; no requests for a minute`);
      await this.#turn(path, signal);
      if (this.#keyError !== undefined) throw this.#keyError;
      const outcome = await this.#ask(path, signal);
      if ('reply' in outcome) {
        this.#breaker.succeeded();
        return outcome.reply;
      }
      // A 429 is a response: the vendor is up.
      if (outcome.isDown) {
        this.#breaker.failed(clock.nowMs());
        this.#lastFailure = outcome.failure;
      }
      const firstMs = outcome.isDown ? BACK_OFF_MS : TOO_MANY_BACK_OFF_MS;
      const backOff = Math.min(BACK_OFF_MAX_MS, firstMs * 2 ** (attempt - 1));
      const jitter = outcome.isDown ? random.next() : (1 + random.next()) / 2;
      const waitMs = outcome.waitMs ?? Math.ceil(backOff * jitter);
      if (outcome.waitMs !== undefined || !outcome.isDown)
        this.#pausedUntilMs = Math.max(this.#pausedUntilMs, clock.nowMs() + waitMs);
      if (attempt >= attemptsMax) throw unavailable(path, outcome.failure, outcome.cause);
      if (waitMs > RETRY_AFTER_MAX_MS) throw rateLimited(path, waitMs);
      await clock.sleep(waitMs, signal);
    }
  }

  /**
   * Waits until a request may be made. If the vendor requests a pause while this call waits for the budget, the grant
   * is discarded; otherwise all waiting calls would fire at once when the pause ends.
   */
  async #turn(path: string, signal: AbortSignal | undefined): Promise<void> {
    do {
      await this.#pause(path, signal);
      await this.#budget.take(signal);
    } while (this.#leftMs() > 0);
  }

  async #pause(path: string, signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.#options;
    for (let leftMs = this.#leftMs(); leftMs > 0; leftMs = this.#leftMs()) {
      if (leftMs > RETRY_AFTER_MAX_MS) throw rateLimited(path, leftMs);
      await clock.sleep(leftMs, signal);
    }
  }

  #leftMs(): number {
    return this.#pausedUntilMs - this.#options.clock.nowMs();
  }

  /**
   * Returns a response of a known shape. An invalid one is requested once more, then rejected with the offending field.
   */
  async getShaped<T>(path: string, shape: z.ZodType<T>, signal?: AbortSignal): Promise<{ value: T; text: string }> {
    for (let attempt = 1; ; attempt += 1) {
      const reply = await this.get(path, signal);
      if (reply.status !== 200) throw refused(path, reply);
      const parsed = shape.safeParse(reply.body);
      if (parsed.success) return { value: parsed.data, text: reply.text };
      if (attempt > 1) throw invalid(path, parsed.error);
    }
  }

  /** Returns every row of a paged list. The key is sent in a header, so a page's address never contains it. */
  async getPages<Row>(
    path: string,
    shape: z.ZodType<{ readonly next_url?: string | null | undefined; readonly results?: Row[] | null | undefined }>,
    signal?: AbortSignal,
  ): Promise<Row[]> {
    const rows: Row[] = [];
    const seen = new Set<string>();
    let next: string | undefined = path;
    while (next !== undefined) {
      if (seen.has(next) || seen.size >= PAGES_MAX) throw circular(path, seen.size);
      seen.add(next);
      const page: { next_url?: string | null | undefined; results?: Row[] | null | undefined } = (
        await this.getShaped(next, shape, signal)
      ).value;
      rows.push(...(page.results ?? []));
      next =
        typeof page.next_url === 'string' && page.next_url !== ''
          ? nextPath(page.next_url, this.#options.baseUrl)
          : undefined;
    }
    return rows;
  }

  async #ask(path: string, signal: AbortSignal | undefined): Promise<Outcome> {
    const { baseUrl, apiKey, timeoutMs = TIMEOUT_MS } = this.#options;
    const limit = AbortSignal.timeout(timeoutMs);
    this.#requests += 1;
    let status: number;
    let text: string;
    let retryAfter: string | null;
    let location: string | null;
    try {
      const response = await fetch(addressOf(path, baseUrl), {
        headers: { Authorization: `Bearer ${apiKey}`, Accept: 'application/json' },
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
        // The key is for the configured address and no other.
        redirect: 'manual',
      });
      status = response.status;
      retryAfter = response.headers.get('retry-after');
      location = response.headers.get('location');
      text = await bounded(response);
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof CondvestError) throw cause;
      return {
        failure: limit.aborted ? `no answer within ${timeoutMs / 1000} s` : reasonOf(cause),
        isDown: true,
        cause,
      };
    }
    if (status >= 300 && status < 400) throw movedTo(location, baseUrl);
    if (status === 401) {
      this.#keyError = keyWrong(text);
      throw this.#keyError;
    }
    if (status === 429)
      return { failure: 'too many requests (429)', isDown: false, waitMs: waitOf(retryAfter, this.#options.clock) };
    if (status >= 500)
      return { failure: `status ${status}`, isDown: true, waitMs: waitOf(retryAfter, this.#options.clock) };
    const body = parsed(text);
    if (status === 200 && body === undefined) return { failure: 'a reply that is no JSON', isDown: true };
    return { reply: { status, text, body } };
  }
}

type Outcome =
  | { readonly reply: Reply }
  | {
      readonly failure: string;
      readonly isDown: boolean;
      readonly waitMs?: number | undefined;
      readonly cause?: unknown;
    };

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > BODY_BYTES_MAX) {
      throw new CondvestError({
        code: 'massive-reply-too-large',
        kind: 'permanent',
        message: 'The vendor sent a response that is too large',
        found: `over ${BODY_BYTES_MAX} bytes`,
        action: 'Check CONDVEST_MASSIVE_URL',
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `Retry-After`: seconds, or a date. */
function waitOf(header: string | null, clock: Clock): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - clock.nowMs();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** Returns the address of a path on the vendor's server. A path that leaves it would take the key along. */
function addressOf(path: string, baseUrl: string): string {
  const address = `${baseUrl.replace(/\/+$/, '')}${path}`;
  if (!path.startsWith('/') || new URL(address).origin !== new URL(baseUrl).origin)
    throw foreignPage(address, new URL(baseUrl).origin);
  return address;
}

/** Origins under which the vendor names its own pages, whatever address it was asked at. */
const VENDOR_ORIGINS: ReadonlySet<string> = new Set(['https://api.massive.com', 'https://api.polygon.io']);

/**
 * Returns path and query of the next page, relative to the base URL, which is where it is requested. The vendor's own
 * origins stand for it, so that a proxy may pass responses on as they are.
 * @throws CondvestError `massive-next-url-foreign` for any other origin: the key is not sent there.
 */
export function nextPath(address: string, baseUrl: string): string {
  const base = new URL(baseUrl);
  const next = URL.canParse(address, baseUrl) ? new URL(address, base) : undefined;
  const isOurs = next?.origin === base.origin;
  if (next === undefined || !(isOurs || VENDOR_ORIGINS.has(next.origin))) throw foreignPage(address, base.origin);
  next.searchParams.delete('apiKey');
  const prefix = base.pathname.replace(/\/+$/, '');
  const path = isOurs && next.pathname.startsWith(`${prefix}/`) ? next.pathname.slice(prefix.length) : next.pathname;
  return `${path}${next.search}`;
}

/** Returns the vendor's own message about a failure. */
export function messageOf(reply: Reply): string {
  const body = errorReply.safeParse(reply.body);
  const words = body.success ? (body.data.error ?? body.data.message) : undefined;
  return words ?? `status ${reply.status}`;
}

export function refused(path: string, reply: Reply): CondvestError {
  const codes: Readonly<Record<number, string>> = { 403: 'massive-not-entitled', 404: 'massive-not-found' };
  return new CondvestError({
    code: codes[reply.status] ?? 'massive-refused',
    kind: 'permanent',
    message: 'The vendor rejected a request',
    found: `${path}: ${reply.status}, ${messageOf(reply)}`,
    action: reply.status === 403 ? 'Your plan does not cover it' : 'Check CONDVEST_MASSIVE_URL',
  });
}

function keyWrong(text: string): UsageError {
  const body = errorReply.safeParse(parsed(text));
  return new UsageError({
    code: 'massive-key-wrong',
    message: 'The vendor does not recognize the API key',
    found: (body.success ? (body.data.error ?? body.data.message) : undefined) ?? 'status 401',
    action: 'Set MASSIVE_API_KEY to a key from your dashboard at massive.com',
  });
}

function movedTo(location: string | null, baseUrl: string): CondvestError {
  const to = URL.canParse(location ?? '', baseUrl) ? new URL(location ?? '', baseUrl).origin : 'an invalid address';
  return new CondvestError({
    code: 'massive-moved',
    kind: 'permanent',
    message: 'The vendor redirects every request to another address',
    found: `${new URL(baseUrl).origin} redirects to ${to}`,
    action: 'Set CONDVEST_MASSIVE_URL to the address of its REST API',
  });
}

function foreignPage(found: string, origin: string): CondvestError {
  return new CondvestError({
    code: 'massive-next-url-foreign',
    kind: 'permanent',
    message: 'The vendor names a next page on another server, to which the API key is not sent',
    found,
    allowed: `addresses on ${origin}`,
    action: 'None of the list was stored. Check CONDVEST_MASSIVE_URL',
  });
}

function unavailable(path: string, found: string, cause?: unknown): CondvestError {
  return new CondvestError({
    code: 'massive-unavailable',
    kind: 'transient',
    message: 'The vendor is unavailable',
    found: `${path}: ${found}`,
    action: 'The next run retries it',
    cause,
  });
}

function rateLimited(path: string, waitMs: number): CondvestError {
  return unavailable(path, `rate-limited; retry after ${Math.ceil(waitMs / 1000)} s`);
}

function invalid(path: string, error: z.ZodError): CondvestError {
  const [issue] = error.issues;
  return new CondvestError({
    code: 'massive-reply-invalid',
    kind: 'corrupt',
    message: 'The vendor sent a response that does not match its documentation',
    found: `${path}: ${issue?.path.join('.') || 'the whole response'}: ${issue?.message ?? ''}`,
    action: 'None of it was stored. If this persists, a newer release may know the new shape',
  });
}

function circular(path: string, pages: number): CondvestError {
  return new CondvestError({
    code: 'massive-pages-circular',
    kind: 'transient',
    message: 'The pages of a list never end',
    found: `${path}: ${pages} pages`,
    action: 'None of it was stored; the next run retries it',
  });
}
