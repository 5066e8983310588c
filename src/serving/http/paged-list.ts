import type { z } from '@hono/zod-openapi';
import type { InstantMs, IsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import { newYorkAt } from '#market/calendar/new-york.ts';
import type { Field } from '../export/table-stream.ts';
import type { LakeView } from '../read/view.ts';
import { type AnswerDeps, answer } from './answer.ts';
import { originOf } from './origin.ts';
import { CURSOR_LENGTH_MAX, decodeCursor, encodeCursor, viewOfCursor } from './paging.ts';
import { type Serving, type ServingContext, viewAt } from './serving.ts';
import { type TableFormat, tableOf } from './table-format.ts';

/** Parts of the server that a page of a list needs, besides those that read its items. */
export type ListDeps = AnswerDeps & Pick<Serving, 'views'>;

/** Parameters of every list. */
export interface ListQuery {
  readonly limit: number;
  readonly as_of?: InstantMs | undefined;
  readonly format?: TableFormat | undefined;
}

/** A list that is served page by page. All pages are made from the versions of the first one, so that they agree. */
export interface PagedList<Query extends ListQuery, Item> {
  /** Parameters of the first page; later pages use a cursor that contains them. */
  readonly schema: z.ZodObject & z.ZodType<Query>;
  /** Tables that the list is made from. */
  readonly uses: readonly string[];
  /** Other dependencies of the list besides the address and the lake, such as the day of the request. */
  readonly also?: (page: ListPage<Query>) => string | undefined;
  /** The items from `offset` on, one more than the limit where there are more. The order must be total. */
  readonly read: (page: ListPage<Query>) => Promise<readonly Item[]>;
  /** The table of a page, if its query has a format. */
  readonly table?: readonly Field[];
  /** The answer around the items of a page; nothing but `results` unless given. */
  readonly envelope?: (results: readonly Item[], requestId: string) => object;
}

export interface ListPage<Query> {
  readonly query: Query;
  readonly view: LakeView;
  readonly offset: number;
  /** When page one was made, or the instant that it was asked for as of: the present of all pages. */
  readonly atMs: InstantMs;
  /** New York's date at that instant. */
  readonly today: IsoDate;
}

/** Deeper than this nobody follows a list. */
const OFFSET_MAX = 10_000_000;
/** Two servers of one lake may hand out each other's cursors. */
const CLOCKS_APART_MS = 3_600_000;

/** Answers one page, and where the next one is. */
export async function pageAnswer<Query extends ListQuery, Item>(
  c: ServingContext,
  serving: ListDeps,
  list: PagedList<Query, Item>,
): Promise<Response> {
  const cursor = c.req.query('cursor') ?? '';
  const { asked, ...page } =
    cursor === '' ? await firstPage(c, serving, list) : await laterPage(c, serving, list, cursor);
  const { query, view } = page;
  const also = list.also?.(page);
  return answer(c, serving, {
    view,
    uses: list.uses,
    rendering: list.table && tableOf(c.req, query.format, list.table, 'results'),
    ...(also === undefined ? {} : { also }),
    make: async (requestId) => {
      const found = await list.read(page);
      const results = found.slice(0, query.limit);
      return {
        ...(list.envelope?.(results, requestId) ?? { results }),
        ...(found.length > query.limit ? { next_url: nextUrl(c, serving, { ...page, asked }, list.uses) } : {}),
      };
    },
  });
}

interface AskedPage<Query> extends ListPage<Query> {
  /** The query of page one as it was written, without the key and what nobody knows. */
  readonly asked: string;
}

async function firstPage<Query extends ListQuery>(
  c: ServingContext,
  serving: ListDeps,
  { schema }: Pick<PagedList<Query, never>, 'schema'>,
): Promise<AskedPage<Query>> {
  const given = c.req.query();
  const known = Object.entries(given).filter(([name]) => Object.hasOwn(schema.shape, name));
  const query = schema.parse(given);
  const nowMs = serving.clock.nowMs();
  const atMs = query.as_of === undefined || query.as_of > nowMs ? nowMs : query.as_of;
  const view = await viewAt(c, serving, query.as_of);
  return { query, view, offset: 0, atMs, today: newYorkAt(atMs).date, asked: new URLSearchParams(known).toString() };
}

/** Clients can write what they like into a cursor, so it is read like any parameter. */
async function laterPage<Query extends ListQuery>(
  c: ServingContext,
  serving: ListDeps,
  { schema }: Pick<PagedList<Query, never>, 'schema'>,
  text: string,
): Promise<AskedPage<Query>> {
  const cursor = decodeCursor(text);
  const { atMs } = cursor;
  const { path, asked = '', offset: offsetText = '' } = cursor.position;
  const read = schema.safeParse(Object.fromEntries(new URLSearchParams(asked)));
  const offset = /^\d{1,9}$/.test(offsetText) ? Number(offsetText) : Number.NaN;
  const isOurs =
    path === c.req.path && atMs > 0 && atMs <= serving.clock.nowMs() + CLOCKS_APART_MS && offset <= OFFSET_MAX;
  if (!isOurs || !read.success) {
    throw new UsageError({
      code: 'cursor-invalid',
      message: 'This cursor belongs to another request',
      found: text.slice(0, 80),
      action: 'Follow next_url unchanged, or start over without a cursor',
    });
  }
  const view = await viewOfCursor(c, serving, cursor);
  return { query: read.data, view, offset, atMs, today: newYorkAt(atMs).date, asked };
}

function nextUrl(
  c: ServingContext,
  serving: ListDeps,
  { asked, query, offset, atMs, view }: AskedPage<ListQuery>,
  uses: readonly string[],
): string {
  const position = { path: c.req.path, asked, offset: String(offset + query.limit) };
  const text = encodeCursor({ versions: view.versions(uses), atMs, position });
  if (text.length > CURSOR_LENGTH_MAX) {
    throw new UsageError({
      code: 'parameter-invalid',
      message: 'The filters are too long for a cursor to the next page',
      found: `${asked.length} characters`,
      action: 'Request fewer values at once, or a larger limit',
    });
  }
  return `${originOf(c.req, serving)}${c.req.path}?cursor=${text}`;
}
