import type { z } from '@hono/zod-openapi';
import type { InstantMs } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import { newYorkAt } from '#market/calendar/new-york.ts';
import { answer } from '../../http/answer.ts';
import { originOf } from '../../http/origin.ts';
import { CURSOR_LENGTH_MAX, type Cursor, decodeCursor, encodeCursor, viewOfCursor } from '../../http/paging.ts';
import type { Serving, ServingContext } from '../../http/serving.ts';
import type { LakeView } from '../../view.ts';

/** What every list is asked with. */
export interface PagedQuery {
  readonly limit: number;
  readonly as_of?: InstantMs | undefined;
}

/** A list that is served page by page. All pages are made from the versions of the first one, so that they agree. */
export interface PagedList<Query extends PagedQuery> {
  /** What the first page is called with; the later ones are called with a cursor that holds it. */
  readonly schema: z.ZodObject & z.ZodType<Query>;
  /** Tables that the list is made from. */
  readonly uses: readonly string[];
  /** The rows from `offset` on: one more than `limit` where there are more. In an order that leaves nothing to chance. */
  readonly rows: (request: PageRequest<Query>) => Promise<readonly unknown[]>;
  /** The answer carries `count`. */
  readonly hasCount: boolean;
  /** What is listed depends on the day on which it is asked for. */
  readonly isOfDay: (query: Query) => boolean;
}

export interface PageRequest<Query> {
  readonly query: Query;
  readonly view: LakeView;
  /** New York's date when the first page was made, or of the instant that it was asked for as of. */
  readonly today: string;
  readonly offset: number;
  readonly limit: number;
}

const OFFSET_MAX = 1_000_000_000;

export async function pageAnswer<Query extends PagedQuery>(
  c: ServingContext,
  serving: Serving,
  list: PagedList<Query>,
): Promise<Response> {
  const given = c.req.query();
  const page =
    given.cursor === undefined ? await firstPage(c, serving, list) : await laterPage(c, serving, list, given.cursor);
  const { query, view, today, offset, atMs, asked } = page;
  return answer(c, serving, {
    view,
    uses: list.uses,
    ...(list.isOfDay(query) ? { also: today } : {}),
    make: async (requestId) => {
      const found = await list.rows({ query, view, today, offset, limit: query.limit });
      const results = found.slice(0, query.limit);
      const next =
        found.length > query.limit
          ? {
              next_url: nextUrl(c, serving, {
                asked,
                today,
                offset: offset + query.limit,
                atMs,
                view,
                uses: list.uses,
              }),
            }
          : {};
      const count = list.hasCount ? { count: results.length } : {};
      return { status: 'OK', request_id: requestId, ...count, results, ...next };
    },
  });
}

interface Page<Query> {
  readonly query: Query;
  /** The query of the first page, as it was written. */
  readonly asked: string;
  readonly view: LakeView;
  readonly today: string;
  readonly offset: number;
  readonly atMs: number;
}

async function firstPage<Query extends PagedQuery>(
  c: ServingContext,
  serving: Serving,
  list: PagedList<Query>,
): Promise<Page<Query>> {
  const given = c.req.query();
  const known = Object.keys(list.schema.shape).filter((name) => given[name] !== undefined);
  const asked = new URLSearchParams(Object.fromEntries(known.map((name) => [name, given[name] ?? '']))).toString();
  const query = list.schema.parse(given);
  const nowMs = serving.clock.nowMs();
  const atMs = query.as_of === undefined || query.as_of > nowMs ? nowMs : query.as_of;
  const view = await (query.as_of === undefined ? serving.views.current() : serving.views.asOf(query.as_of));
  return { query, asked, view, today: newYorkAt(atMs).date, offset: 0, atMs };
}

async function laterPage<Query extends PagedQuery>(
  c: ServingContext,
  serving: Serving,
  list: PagedList<Query>,
  text: string,
): Promise<Page<Query>> {
  const cursor = decodeCursor(text);
  const { path, asked = '', today = '', offset: offsetText = '' } = cursor.position;
  const parsed = list.schema.safeParse(Object.fromEntries(new URLSearchParams(asked)));
  const offset = Number(offsetText);
  const isOurs =
    path === c.req.path && /^\d{4}-\d\d-\d\d$/.test(today) && /^\d+$/.test(offsetText) && offset <= OFFSET_MAX;
  if (!parsed.success || !isOurs) throw notOfThisList(text);
  return {
    query: parsed.data,
    asked,
    view: await viewOfCursor(serving.views, cursor),
    today,
    offset,
    atMs: cursor.atMs,
  };
}

function notOfThisList(text: string): UsageError {
  return new UsageError({
    code: 'cursor-invalid',
    message: 'This is not a cursor of this list',
    found: text.slice(0, 80),
    action: 'Follow next_url as it was given, or begin again without a cursor',
  });
}

function nextUrl(
  c: ServingContext,
  serving: Serving,
  next: Pick<Page<unknown>, 'asked' | 'today' | 'offset' | 'atMs' | 'view'> & { readonly uses: readonly string[] },
): string {
  const { asked, today, offset, atMs, view, uses } = next;
  const position = { path: c.req.path, asked, today, offset: String(offset) };
  const cursor: Cursor = { versions: view.versions(uses), atMs, position };
  const text = encodeCursor(cursor);
  if (text.length > CURSOR_LENGTH_MAX) {
    throw new UsageError({
      code: 'parameter-invalid',
      message: 'The answer has more than one page, and its filters are too long to be carried to the next one',
      found: `${asked.length} characters`,
      action: 'Ask for fewer values at once, or for a larger limit',
    });
  }
  return `${originOf(c, serving)}${c.req.path}?cursor=${text}`;
}
