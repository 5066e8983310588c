import type { z } from '@hono/zod-openapi';
import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { CalendarUnit } from '#market/calendar-windows.ts';
import { checkInterval } from '#market/window.ts';
import { notEntitled } from '../http/http-errors.ts';
import { type Cursor, encodeCursor, readCursor, viewOfCursor } from '../http/paging.ts';
import { type Serving, type ServingContext, viewAt } from '../http/serving.ts';
import type { Grain, Series, SeriesRequest } from '../read/bar-series.ts';
import { defaultDate } from '../read/default-date.ts';
import type { LakeView } from '../read/view.ts';
import { tablesOf } from './series-answer.ts';

/** Pages made from one symbol's series. Later ones are read from the versions and up to the session of page one. */

export interface SeriesPage extends SeriesRequest {
  readonly view: LakeView;
  /** When page one was made. */
  readonly atMs: InstantMs;
}

type Seam = Pick<SeriesPage, 'view' | 'at' | 'liveUntil' | 'splitsUntil' | 'atMs'>;

/** Returns what a first page is read from. `last`: the last day that it asks for; today by default. */
export async function firstPage(
  c: ServingContext,
  serving: Pick<Serving, 'views' | 'clock'>,
  asOfMs: InstantMs | undefined,
  last?: IsoDate,
): Promise<Seam> {
  const view = await viewAt(c, serving, asOfMs);
  const today = defaultDate(serving.clock, asOfMs);
  const at = last !== undefined && last < today ? last : today;
  const liveUntil = asOfMs === undefined ? today : undefined;
  return { view, at, liveUntil, splitsUntil: undefined, atMs: asOfMs ?? serving.clock.nowMs() };
}

/** Returns what a later page is read from, and the rest of its position. Throws `cursor-invalid`, `cursor-expired`. */
export async function laterPage<Position extends { readonly at: IsoDate; readonly until: IsoDate }>(
  c: ServingContext,
  serving: Pick<Serving, 'views'>,
  text: string,
  schema: z.ZodType<Position>,
): Promise<{ readonly seam: Seam; readonly position: Position }> {
  const { cursor, position } = readCursor(text, schema);
  const { at, until } = position;
  const view = await viewOfCursor(c, serving, cursor);
  return { seam: { view, at, liveUntil: until, splitsUntil: until, atMs: cursor.atMs }, position };
}

/** Returns the part of a position that pins the series: the security, and how far live bars and splits count. */
export function pinOf({ at }: SeriesPage, { lastSession }: Series): { readonly at: IsoDate; readonly until: IsoDate } {
  return { at: at < lastSession ? at : lastSession, until: lastSession };
}

export function cursorOf({ view, grain, atMs }: SeriesPage, position: Cursor['position']): string {
  return encodeCursor({ versions: view.versions(tablesOf(grain)), atMs, position });
}

export const DAILY: Grain = { unit: 'day', multiplier: 1 };

/** Returns the grain of a timespan. Throws `not-entitled` for those within a day, which the lake does not have. */
export function grainOf(
  timespan: CalendarUnit | 'second' | 'minute' | 'hour' | 'session',
  multiplier: number,
  includePartial: boolean,
): Grain {
  if (timespan === 'second' || timespan === 'minute' || timespan === 'hour') throw notEntitled(`bars of a ${timespan}`);
  if (timespan !== 'session') return { unit: timespan, multiplier };
  return { unit: 'session', multiplier: multiplier === 1 ? 1 : checkInterval(multiplier), includePartial };
}

/** Returns the path of a range of bars. */
export function rangePath({ symbol, grain }: SeriesPage, from: string | number, to: string | number): string {
  const parts = [symbol, 'range', grain.multiplier, grain.unit, from, to];
  return `/v2/aggs/ticker/${parts.map((part) => encodeURIComponent(part)).join('/')}`;
}
