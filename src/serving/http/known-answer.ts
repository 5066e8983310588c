import type { KeptAnswer } from './answer-cache.ts';
import { HOT_MS, type HotAnswer } from './hot-answers.ts';
import { matches, matchesAny, sendKept } from './sending.ts';
import type { Serving, ServingContext } from './serving.ts';

/** Remembers that this address was answered so, where nothing but versions decides the answer. */
export function noteHot(
  c: ServingContext,
  serving: Serving,
  answer: Omit<HotAnswer, 'route' | 'revision' | 'untilMs'> & { readonly also: string },
): void {
  const { also, ...rest } = answer;
  if (also !== '' || answer.view.asOfMs !== undefined || c.req.method !== 'GET' || !isByAddress(serving)) return;
  const untilMs = serving.clock.nowMs() + HOT_MS;
  const route = c.get('route') ?? 'none';
  serving.hot.note(c.req.url, { ...rest, route, revision: serving.live.revision(), untilMs });
}

/** The address alone says what is answered: not where a proxy's headers say by which origin the caller came. */
function isByAddress({ trustProxy, publicUrl }: Serving): boolean {
  return !trustProxy || publicUrl !== undefined;
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
  const asked = c.req.header('if-none-match');
  if (matches(asked, known.etag) || matchesAny(asked)) return new Response(null, { status: 304, headers });
  return sendKept(c, serving, { key: known.key, kept: known.kept, headers });
}
