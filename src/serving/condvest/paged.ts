import type { z } from '@hono/zod-openapi';
import type { InstantMs } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import { answer } from '../http/answer.ts';
import { originOf } from '../http/origin.ts';
import { decodeCursor, encodeCursor, viewOfCursor } from '../http/paging.ts';
import type { Serving, ServingContext } from '../http/serving.ts';
import type { LakeView } from '../view.ts';

/** A listing in pages: what a route asks and what it answers. `Query` has a `limit`. */
export interface PagedRequest<Query extends { readonly limit: number }, Item> {
  /** The query as it was read. */
  readonly query: Query;
  /** Reads the texts of a query again, as a cursor carries them. */
  readonly schema: z.ZodType<Query>;
  readonly cursor: string | undefined;
  readonly uses: readonly string[];
  /** What the answer depends on beside the address and the lake. */
  readonly also?: string;
  /** The items from `offset` on, one more than the limit where there are more. The order must be total. */
  readonly read: (page: PageRequest<Query>) => Promise<Item[]>;
}

export interface PageRequest<Query> {
  readonly view: LakeView;
  readonly query: Query;
  readonly offset: number;
  /** When page one was made: the present of all its pages. */
  readonly atMs: InstantMs;
}

/** Deeper than this nobody follows a listing. */
const OFFSET_MAX = 10_000_000;
/** Two servers of one lake may hand out each other's cursors. */
const CLOCKS_APART_MS = 3_600_000;

/** Answers one page, and where the next one is. All pages are of the lake's state at page one. */
export async function pagedAnswer<Query extends { readonly limit: number }, Item>(
  c: ServingContext,
  serving: Serving,
  request: PagedRequest<Query, Item>,
): Promise<Response> {
  const { cursor, schema, uses, also, read } = request;
  const page = cursor === undefined ? undefined : readCursor(c, cursor, { schema, nowMs: serving.clock.nowMs() });
  const { query, offset } = page ?? { query: request.query, offset: 0 };
  const view = page === undefined ? await serving.views.current() : await viewOfCursor(serving.views, page.cursor);
  const texts = page?.texts ?? textsOf(c, request.query);
  const atMs = page?.cursor.atMs ?? serving.clock.nowMs();
  const make = async (): Promise<{ results: Item[]; next_url?: string }> => {
    const items = await read({ view, query, offset, atMs });
    const results = items.slice(0, query.limit);
    if (items.length <= query.limit) return { results };
    const next = encodeCursor({
      versions: view.versions(uses),
      atMs,
      position: { ...texts, ' path': c.req.path, ' offset': String(offset + results.length) },
    });
    return { results, next_url: `${originOf(c, serving)}${c.req.path}?cursor=${next}` };
  };
  return answer(c, serving, { view, uses, ...(also === undefined ? {} : { also }), make });
}

/** The parameters of page one that the following pages need; neither the key nor what nobody knows. */
function textsOf(c: ServingContext, query: object): Record<string, string> {
  return Object.fromEntries(Object.entries(c.req.query()).filter(([name]) => Object.hasOwn(query, name)));
}

/** Names of a cursor's own entries have a space, which no parameter has. */
function readCursor<Query>(
  c: ServingContext,
  text: string,
  { schema, nowMs }: { readonly schema: z.ZodType<Query>; readonly nowMs: InstantMs },
) {
  const cursor = decodeCursor(text);
  const { ' path': path, ' offset': offsetText = '', ...texts } = cursor.position;
  const read = schema.safeParse(texts);
  const offset = /^\d{1,9}$/.test(offsetText) ? Number(offsetText) : Number.NaN;
  const isOurs = path === c.req.path && cursor.atMs > 0 && cursor.atMs <= nowMs + CLOCKS_APART_MS;
  if (isOurs && read.success && offset <= OFFSET_MAX) return { cursor, query: read.data, offset, texts };
  throw new UsageError({
    code: 'cursor-invalid',
    message: 'This cursor belongs to another request',
    action: 'Follow next_url as it was given, or begin again without a cursor',
  });
}
