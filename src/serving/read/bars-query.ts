import { defined } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import { type Adjustment, type AdjustmentPlan, planAdjustment } from '#market/adjust.ts';
import type { DailyBar as DailyRow } from '#market/bar.ts';
import { newYorkAt } from '#market/calendar/new-york.ts';
import type { AppliedDividend, AppliedSplit, HeldEvent } from '#market/corporate-actions.ts';
import type { SymbolSpan } from '#market/security.ts';
import type { SessionSet } from '#market/session-set.ts';
import { checkInterval } from '#market/window.ts';
import { defaultDate } from './default-date.ts';
import { type Pinned, pin } from './pinned.ts';
import type { ReadDeps } from './read-deps.ts';
import type { BarsRequest } from './served-bars.ts';
import { securityOf } from './symbol-lookup.ts';
import type { LakeView } from './view.ts';

/** A request with everything looked up that both grains need. */
export interface BarsQuery {
  readonly deps: ReadDeps;
  readonly request: BarsRequest;
  readonly interval: number;
  readonly adjust: Adjustment;
  readonly pinned: Pinned;
  readonly published: SessionSet;
  readonly lastPublished: IsoDate;
  readonly from: IsoDate | undefined;
  /** Never after the last session published. */
  readonly to: IsoDate;
  readonly securityId: string;
  readonly spans: readonly SymbolSpan[];
  readonly splits: readonly AppliedSplit[];
  /** Empty unless they are asked for. */
  readonly dividends: readonly AppliedDividend[];
  readonly held: readonly HeldEvent[];
}

/**
 * Checks a request, pins the tables it is answered from (those of `view` where one is given), and finds the security that it
 * means.
 */
export async function prepareQuery(deps: ReadDeps, request: BarsRequest, view?: LakeView): Promise<BarsQuery> {
  const { lake, caches } = deps;
  const { symbol, from, asOfMs, adjust = 'split' } = request;
  const interval = request.interval === undefined || request.interval === 1 ? 1 : checkInterval(request.interval);
  checkRange(deps, request);
  // A `total` bar is never stored.
  const stored = adjust === 'total' ? 1 : interval;
  const pinned = view === undefined ? await pin(deps, { asOfMs, interval: stored }) : view.pinned(stored);
  const published = await caches.published(pinned.bars, pinned.until);
  const lastPublished = defined(published.max, 'a table of daily bars holds a session');
  const to = request.to === undefined || request.to > lastPublished ? lastPublished : request.to;
  const listings = await caches.listings(pinned.listings);
  const date = request.at ?? request.to ?? defaultDate(deps.clock, asOfMs ?? view?.asOfMs);
  const session = date < lastPublished ? date : lastPublished;
  const securityId = await securityOf(lake, pinned.bars, listings, { symbol, date, session });
  const spans = listings.spans(securityId);
  const splits = await caches.splits(pinned.splits, pinned.listings);
  const symbols = [...new Set([securityId, ...spans.map((span) => span.symbol)])];
  const dividends = adjust === 'total' ? await caches.dividends(pinned.dividends, pinned.listings, symbols) : undefined;
  const held = [...splits.held, ...(dividends?.held ?? [])].filter(
    (event) => event.securityId === securityId && event.exDate <= lastPublished,
  );
  return {
    deps,
    request,
    interval,
    adjust,
    pinned,
    published,
    lastPublished,
    from,
    to,
    securityId,
    spans,
    held,
    splits: splits.applied.get(securityId) ?? [],
    dividends: dividends?.applied.get(securityId) ?? [],
  };
}

/** `closes`: the security's raw rows, needed only for `total`. */
export function planFor(query: BarsQuery, closes: readonly DailyRow[]): AdjustmentPlan {
  const { adjust, splits, dividends, lastPublished } = query;
  return planAdjustment({ adjustment: adjust, splits, dividends, closes, lastPublished });
}

function checkRange(deps: ReadDeps, request: BarsRequest): void {
  const { from, to } = request;
  if (from !== undefined && to !== undefined && from > to) {
    throw new UsageError({
      code: 'bars-range-empty',
      message: 'The range begins after it ends',
      found: `${from} to ${to}`,
      allowed: 'a first day that is not after the last',
    });
  }
  const today = newYorkAt(deps.clock.nowMs()).date;
  for (const date of [from, to]) {
    if (date === undefined || date <= today) continue;
    throw new UsageError({
      code: 'bars-date-in-future',
      message: 'The range begins in the future',
      found: date,
      allowed: `${deps.calendar.firstSession} to ${today}`,
    });
  }
}
