import { createHash } from 'node:crypto';
import type { IsoDate } from '#base/dates.ts';
import { COMMIT_MS_MAX, type LakeView } from '../read/view.ts';
import type { KeptAnswer } from './answer-cache.ts';
import { toJson } from './json.ts';
import { noteHot } from './known-answer.ts';
import { originOf } from './origin.ts';
import { matches, matchesAny, sendKept } from './sending.ts';
import type { Serving, ServingContext } from './serving.ts';

/** How an answer made from the lake is sent: kept, compressed, and revalidated by the versions that it was made from. */

export interface AnswerRequest {
  readonly view: LakeView;
  /** Names of the tables that the answer depends on. */
  readonly uses: readonly string[];
  /** What else it depends on beside the address: the day, the live bars. */
  readonly also?: string;
  /** The day that it is asked on, where that says what a symbol means: on its first one it is another company's no more. */
  readonly day?: IsoDate | undefined;
  /** The body as a JSON value. `requestId`: the same for the same answer, as the vendor's bodies carry one. */
  readonly make: (requestId: string) => Promise<unknown>;
}

/** Answers pinned by `as_of` never change. Others are looked at again within a minute: a split changes settled history. */
const IMMUTABLE = 'max-age=31536000, immutable';
const REVALIDATED = 'max-age=0, s-maxage=30, must-revalidate';

/** How an answer made from the lake is revalidated. */
export interface Caching {
  /** What kept answers are found by. */
  readonly key: string;
  readonly digest: string;
  readonly etag: string;
  readonly headers: Record<string, string>;
  /** The caller has this answer already: 304. */
  readonly isKnown: boolean;
}

/** Which answer this is: its address and the versions it is made from say so, before anything is read. */
export function cachingOf(
  c: ServingContext,
  serving: Serving,
  { view, uses, also = '', day }: Pick<AnswerRequest, 'view' | 'uses' | 'also' | 'day'>,
): Caching {
  const key = `${originOf(c, serving)}${addressOf(c.req.url)} ${view.tag(uses)} ${also}${day === undefined ? '' : ` ${day}`}`;
  // What else answers follow from, and what is the same for as long as this server runs.
  const { version, calendar, intervals } = serving;
  const rules = `${version} ${calendar.hash} ${intervals}`;
  const digest = createHash('sha256').update(`${rules} ${key}`).digest('hex').slice(0, 32);
  const etag = `W/"${digest}"`;
  const nowMs = serving.clock.nowMs();
  const isImmutable = view.asOfMs !== undefined && view.asOfMs < nowMs - COMMIT_MS_MAX && also === '';
  const headers = {
    ...c.get('headers'),
    etag,
    'cache-control': `${serving.isPublic ? 'public' : 'private'}, ${isImmutable ? IMMUTABLE : REVALIDATED}`,
    vary: 'Accept-Encoding, Authorization, Origin',
    'x-request-id': c.get('requestId'),
  };
  return { key, digest, etag, headers, isKnown: matches(c.req.header('if-none-match'), etag) };
}

/** A JSON answer made from the lake. */
export async function answer(c: ServingContext, serving: Serving, request: AnswerRequest): Promise<Response> {
  const { key, digest, etag, headers, isKnown } = cachingOf(c, serving, request);
  c.set('isDressed', true);
  if (isKnown) return new Response(null, { status: 304, headers });
  const kept = await serving.answers.getOrMake(key, () =>
    serving.reads.pass(async () => jsonAnswer(await request.make(digest), etag)),
  );
  const { view, also = '' } = request;
  noteHot(c, serving, {
    view,
    also,
    key,
    etag,
    cacheControl: headers['cache-control'] ?? '',
    vary: headers.vary ?? '',
  });
  if (matchesAny(c.req.header('if-none-match'))) return new Response(null, { status: 304, headers });
  return sendKept(c, serving, { key, kept, headers });
}

/** A JSON answer that is made anew each time and never kept: what the clock or the operational store says. */
export function fresh(c: ServingContext, body: unknown, status: 200 | 201 | 202 = 200): Response {
  c.set('isDressed', true);
  return new Response(toJson(body), {
    status,
    headers: {
      ...c.get('headers'),
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-request-id': c.get('requestId'),
    },
  });
}

function jsonAnswer(body: unknown, etag: string): KeptAnswer {
  const bytes = new TextEncoder().encode(toJson(body));
  return { contentType: 'application/json; charset=utf-8', etag, bytes };
}

/** Path and query without the key, which says who asks and not what. */
function addressOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2);
  const address = url.slice(start);
  if (!address.includes('apiKey=')) return address;
  return address.replaceAll(/([?&])apiKey=[^&]*(&|$)/g, (_, before: string, after: string) =>
    after === '' ? '' : before,
  );
}
