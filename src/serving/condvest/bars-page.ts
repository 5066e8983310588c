import type { z } from '@hono/zod-openapi';
import { addDays, type IsoDate, isoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import type { MarketAnswerDeps } from '../http/market-answer.ts';
import { originOf } from '../http/origin.ts';
import { decodeCursor, encodeCursor, viewOfCursor } from '../http/paging.ts';
import { type Serving, type ServingContext, viewAt } from '../http/serving.ts';
import { defaultDate } from '../read/default-date.ts';
import type { LakeView } from '../read/view.ts';
import type { BarsAnswer } from './shapes/bars.ts';

/** Pages of bars: the newest ones first, then those before them, all made from the versions of the newest. */

interface PagedQuery {
  readonly at?: IsoDate | undefined;
  readonly to?: IsoDate | undefined;
  readonly as_of?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface BarsPage<Query> {
  readonly query: Query;
  readonly view: LakeView;
  /** The day on which the symbol is looked up. */
  readonly day: IsoDate;
  /** The query of the newest bars, as it was written. */
  readonly asked: string;
}

/** Opens the page that a query asks for. Throws `cursor-invalid` and `cursor-expired`. */
export async function openBarsPage<Query extends PagedQuery>(
  c: ServingContext,
  serving: MarketAnswerDeps,
  { schema, query }: { readonly schema: z.ZodObject & z.ZodType<Query>; readonly query: Query },
): Promise<BarsPage<Query>> {
  if (query.cursor === undefined) {
    const known = Object.entries(c.req.query()).filter(([name]) => Object.hasOwn(schema.shape, name));
    const view = await viewAt(c, serving, query.as_of);
    return { query, view, day: dayOf(serving, query), asked: new URLSearchParams(known).toString() };
  }
  const cursor = decodeCursor(query.cursor);
  const { path, asked = '', day = '', to = '' } = cursor.position;
  const read = schema.safeParse({ ...Object.fromEntries(new URLSearchParams(asked)), at: day, to });
  if (path !== c.req.path || !read.success || read.data.at === undefined || read.data.to === undefined) {
    throw new UsageError({
      code: 'cursor-invalid',
      message: 'This cursor belongs to another request',
      found: query.cursor.slice(0, 80),
      action: 'Follow previous_url unchanged, or start over without a cursor',
    });
  }
  return { query: read.data, view: await viewOfCursor(c, serving, cursor), day: read.data.at, asked };
}

/** A later day than the present one means the present one: nobody has a symbol in the future. */
export function dayOf({ clock }: Pick<Serving, 'clock'>, { at, to, as_of: asOfMs }: PagedQuery): IsoDate {
  const today = defaultDate(clock, asOfMs);
  const day = at ?? to ?? today;
  return day < today ? day : today;
}

/** URL of the bars before those of an answer. */
export function previousUrl(
  c: ServingContext,
  serving: MarketAnswerDeps,
  { view, day, asked }: BarsPage<unknown>,
  uses: readonly string[],
  { bars }: BarsAnswer,
): string {
  const [first] = bars;
  const start = first === undefined ? day : 'session' in first ? first.session : first.first_session;
  const position = { path: c.req.path, asked, day, to: addDays(isoDate(start), -1) };
  const cursor = encodeCursor({ versions: view.versions(uses), atMs: serving.clock.nowMs(), position });
  return `${originOf(c.req, serving)}${c.req.path}?cursor=${cursor}`;
}
