import { z } from '@hono/zod-openapi';
import type { IsoDate } from '#base/dates.ts';
import { LISTINGS, SPLITS } from '#lake/tables.ts';
import { newYorkInstant } from '#market/calendar/new-york.ts';
import { answerFromMarket, type MarketAnswerDeps } from '../http/market-answer.ts';
import { asOfParameter, flag } from '../http/parameters.ts';
import { addRoute } from '../http/route.ts';
import type { ServingApp } from '../http/serving.ts';
import { fieldsOf, formatParameter, tableOf } from '../http/table-format.ts';
import { MARKET_TABLES, newestSession, rowsOn } from '../read/market-day.ts';
import { otcListings } from '../read/otc.ts';
import type { LiveReadDeps } from '../read/read-deps.ts';
import { SplitFactors } from '../read/session-rows.ts';
import type { LakeView } from '../read/view.ts';
import { dayParameter } from './day-parameter.ts';
import { type GroupedBar, type GroupedDaily, groupedDaily } from './shapes/grouped-daily.ts';

/** The vendor stamps a grouped bar with 16:00 in New York, on short days too, though a bar of one symbol with midnight. */
const STAMPED_AT_MINUTE = 16 * 60;

/** `GET /v2/aggs/grouped/locale/us/market/stocks/{date}`: every symbol's bar of one day. */
export function addGroupedDaily(app: ServingApp, serving: MarketAnswerDeps): void {
  addRoute(app, 'vendor', {
    path: '/v2/aggs/grouped/locale/us/market/stocks/{date}',
    summary: 'Bars of all symbols on one day',
    params: z.object({ date: dayParameter }),
    query: z.object({ adjusted: flag(true), include_otc: flag(false), as_of: asOfParameter, format: formatParameter }),
    answer: groupedDaily,
    handle: (c, { params, query }) =>
      answerFromMarket(c, serving, {
        asOfMs: query.as_of,
        uses: MARKET_TABLES,
        rendering: tableOf(c.req, query.format, FIELDS, 'results'),
        make: async (view, requestId) => {
          const request = { date: params.date, isAdjusted: query.adjusted, includeOtc: query.include_otc };
          return groupedBody(await groupedBars(serving, view, request), query.adjusted, requestId);
        },
      }),
  });
}

const FIELDS = fieldsOf({
  ...{ T: 'string', o: 'double', h: 'double', l: 'double', c: 'double', v: 'double', vw: 'double' },
  ...{ t: 'long', n: 'long', otc: 'boolean' },
});

/** A day without a bar, a weekend or one in the future, is no error: it has no `results` at all. */
export function groupedBody(bars: readonly GroupedBar[], adjusted: boolean, requestId: string): GroupedDaily {
  const count = bars.length;
  return {
    queryCount: count,
    resultsCount: count,
    adjusted,
    ...(count === 0 ? {} : { results: [...bars] }),
    status: 'OK',
    request_id: requestId,
    count,
  };
}

/** Every symbol's bar of a day, ascending by symbol: as traded, or in the share count of the newest session. */
export async function groupedBars(
  deps: LiveReadDeps,
  view: LakeView,
  request: { readonly date: IsoDate; readonly isAdjusted: boolean; readonly includeOtc: boolean },
): Promise<GroupedBar[]> {
  const { date, isAdjusted, includeOtc } = request;
  if (!deps.calendar.isSession(date)) return [];
  const rows = await rowsOn(deps, view, date);
  const listings = await deps.caches.listings(view.snapshot(LISTINGS));
  const splits = await deps.caches.splits(view.snapshot(SPLITS), view.snapshot(LISTINGS));
  const until = isAdjusted ? await newestSession(deps, view) : date;
  const factors = new SplitFactors(listings, splits, { since: date, until });
  const otc = await otcListings(deps, view);
  const t = newYorkInstant(date, STAMPED_AT_MINUTE);
  const { symbol, open, high, low, close, volume, vwap, trades } = rows;
  const bars: GroupedBar[] = [];
  for (let i = 0; i < symbol.length; i += 1) {
    const T = symbol[i] ?? '';
    const isOtc = otc.has(T, date);
    if (isOtc && !includeOtc) continue;
    const { price, volume: shares } = factors.of(T, date) ?? UNADJUSTED;
    const vw = vwap[i] ?? undefined;
    bars.push({
      T,
      v: (volume[i] ?? 0) * shares,
      vw: vw === undefined ? undefined : vw * price,
      o: (open[i] ?? 0) * price,
      c: (close[i] ?? 0) * price,
      h: (high[i] ?? 0) * price,
      l: (low[i] ?? 0) * price,
      t,
      n: trades[i] ?? undefined,
      otc: isOtc ? true : undefined,
    });
  }
  return bars;
}

const UNADJUSTED = { price: 1, volume: 1 };
