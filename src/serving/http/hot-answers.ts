import type { InstantMs } from '#base/dates.ts';
import type { LakeView } from '../view.ts';
import type { KeptAnswer } from './answer-cache.ts';
import { matches, sendKept } from './sending.ts';
import type { Serving, ServingContext } from './serving.ts';

/** How long an address is known by heart: what depends on the clock, such as a day that begins, is seen after it. */
const HOT_MS = 1000;
/** Addresses known at once. Each is some hundred bytes: the answers themselves lie in the cache. */
const ADDRESSES_MAX = 2000;

interface HotAnswer {
  readonly view: LakeView;
  /** The pattern of its route. */
  readonly route: string;
  readonly revision: number;
  readonly untilMs: InstantMs;
  readonly key: string;
  readonly etag: string;
  readonly cacheControl: string;
  readonly vary: string;
}

/**
 * Addresses that were just answered from the newest versions, by their whole text: asked again within a second, and no table
 * having changed, they are answered without being parsed again.
 */
export class HotAnswers {
  readonly #known = new Map<string, HotAnswer>();

  note(url: string, answer: HotAnswer): void {
    if (this.#known.size >= ADDRESSES_MAX) this.#known.clear();
    this.#known.set(url, answer);
  }

  get(url: string): HotAnswer | undefined {
    return this.#known.get(url);
  }
}

/** Remembers that this address was answered so, where nothing but versions decides the answer. */
export function noteHot(
  c: ServingContext,
  serving: Serving,
  answer: Omit<HotAnswer, 'route' | 'revision' | 'untilMs'> & { readonly also: string },
): void {
  const { also, ...rest } = answer;
  if (also !== '' || answer.view.asOfMs !== undefined || c.req.method !== 'GET') return;
  const untilMs = serving.clock.nowMs() + HOT_MS;
  const route = c.get('route') ?? 'none';
  serving.hot.note(c.req.url, { ...rest, route, revision: serving.live.revision(), untilMs });
}

export interface KnownAnswer {
  readonly route: string;
  readonly key: string;
  readonly kept: KeptAnswer;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The answer to an address that is known by heart, without waiting for anything; undefined where it must be worked out. */
export function knownAnswer(url: string, serving: Serving): KnownAnswer | undefined {
  const hot = serving.hot.get(url);
  if (hot === undefined) return undefined;
  const nowMs = serving.clock.nowMs();
  if (nowMs >= hot.untilMs || nowMs < hot.untilMs - HOT_MS || hot.revision !== serving.live.revision())
    return undefined;
  if (serving.views.known() !== hot.view) return undefined;
  const kept = serving.answers.find(hot.key);
  if (kept === undefined) return undefined;
  const { route, key, etag, cacheControl, vary } = hot;
  return { route, key, kept, etag, headers: { etag, 'cache-control': cacheControl, vary } };
}

/** Sends what is known by heart behind the gate; undefined where it must be worked out. */
export async function hotAnswer(c: ServingContext, serving: Serving): Promise<Response | undefined> {
  const known = knownAnswer(c.req.url, serving);
  if (known === undefined) return undefined;
  c.set('isDressed', true);
  const headers = { ...c.get('headers'), ...known.headers, 'x-request-id': c.get('requestId') };
  if (matches(c.req.header('if-none-match'), known.etag)) return new Response(null, { status: 304, headers });
  return sendKept(c, serving, { key: known.key, kept: known.kept, headers });
}
