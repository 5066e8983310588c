import { DAILY_BARS, LISTINGS, SESSIONS, SPLITS, silverBars } from '#lake/tables.ts';
import { answer } from '../http/answer.ts';
import type { MarketAnswerDeps } from '../http/market-answer.ts';
import type { ServingContext } from '../http/serving.ts';
import type { Rendering } from '../http/table-format.ts';
import { type Grain, liveTagOf, openSeries, type Series, type SeriesRequest } from '../read/bar-series.ts';
import { liveTag } from '../read/live-part.ts';
import type { LakeView } from '../read/view.ts';

/** Answers that are made from one symbol's series. */

export interface SeriesAnswer {
  readonly request: SeriesRequest & { readonly view: LakeView };
  /** Tag of the live bars that the response depends on; default: all of them. */
  readonly tag?: (series: Series) => string;
  readonly rendering?: Rendering | undefined;
  readonly make: (series: Series, requestId: string) => Promise<unknown>;
}

/** Kept bytes, or new ones. Of a kept answer nothing is looked up, unless somebody listens to the market. */
export async function answerFromSeries(
  c: ServingContext,
  serving: MarketAnswerDeps,
  parts: SeriesAnswer,
): Promise<Response> {
  const { request, tag = (series: Series) => liveTagOf(series), make } = parts;
  const { view } = request;
  const isLive = request.liveUntil !== undefined && (await liveTag(serving, view)) !== '';
  const opened = isLive ? await openSeries(serving, view, request) : undefined;
  // Also as of a date that has not ended yet.
  const isOfToday = request.liveUntil === request.at || (view.asOfMs ?? 0) > serving.clock.nowMs();
  return answer(c, serving, {
    view,
    uses: tablesOf(request.grain),
    rendering: parts.rendering,
    also: opened === undefined ? '' : tag(opened),
    day: isOfToday ? request.at : undefined,
    make: async (requestId) => make(opened ?? (await openSeries(serving, view, request)), requestId),
  });
}

const DAILY_TABLES: readonly string[] = [DAILY_BARS, SPLITS, LISTINGS, SESSIONS].map(({ name }) => name);

/** The tables that a series of this grain is made from, whose versions a cursor carries. */
export function tablesOf(grain: Grain): readonly string[] {
  return grain.unit === 'session' ? [...DAILY_TABLES, silverBars(grain.multiplier).name] : DAILY_TABLES;
}
