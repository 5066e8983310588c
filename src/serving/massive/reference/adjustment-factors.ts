import type { IsoDate } from '#base/dates.ts';
import { DAILY_BARS, DIVIDENDS, LISTINGS, SPLITS } from '#lake/tables.ts';
import { type AdjustmentEvent, planAdjustment } from '#market/adjust.ts';
import { type AppliedDividend, type AppliedSplit, securityOfEvent } from '#market/corporate-actions.ts';
import type { Listings } from '#market/security.ts';
import type { SessionSet } from '#market/session-set.ts';
import type { MarketAnswerDeps } from '../../http/market-answer.ts';
import type { Serving } from '../../http/serving.ts';
import type { LakeView } from '../../read/view.ts';
import { readClosesBefore } from './closes-before.ts';

/** An event as a list of them has it. */
interface Filed {
  readonly symbol: string;
  readonly exDate: IsoDate;
}

/** The tables that factors are made from. */
export const FACTOR_TABLES = [SPLITS.name, DIVIDENDS.name, LISTINGS.name, DAILY_BARS.name];

/**
 * Cumulative factors for prices before an event: the event and all later ones of its kind, by `market/adjust.ts`.
 * Events that do not count (announced for after the last published session, or held back) change nothing, so the
 * vendor's rule, "take the factor of the first event after the price", is correct whichever event comes first.
 */
export interface EventFactors {
  splitFactor(event: Filed): number;
  dividendFactor(event: Filed): number;
}

/** Undefined where no bars are published: then no event counts, and no close measures a dividend. */
export async function readSplitFactors(serving: MarketAnswerDeps, view: LakeView): Promise<EventFactors | undefined> {
  const base = await baseOf(serving, view);
  return base === undefined ? undefined : factorsFrom(base, new Map());
}

/** The factors of dividends too: `events` are those that will be asked for. */
export async function readFactors(
  serving: MarketAnswerDeps,
  view: LakeView,
  events: readonly Filed[],
): Promise<EventFactors | undefined> {
  const base = await baseOf(serving, view);
  if (base === undefined) return undefined;
  const securities = [...new Set(events.map((event) => securityOfEvent(base.listings, event)))];
  const spans = securities.map((id) => base.listings.spans(id));
  const symbols = [...new Set([...securities, ...spans.flat().map(({ symbol }) => symbol)])];
  if (symbols.length === 0) return factorsFrom(base, new Map());
  const dividends = await serving.caches.dividends(view.snapshot(DIVIDENDS), view.snapshot(LISTINGS), symbols);
  const wanted = securities.map((id) =>
    // There is no close before the first bar, and no event counts yet after the last one.
    (dividends.applied.get(id) ?? [])
      .map(({ exDate }) => exDate)
      .filter((date) => date > base.firstPublished && date <= base.lastPublished),
  );
  const closes = await readClosesBefore(serving, view, { spans, wanted, published: base.published });
  const planned = new Map(
    securities.map((id, i): [string, readonly AdjustmentEvent[]] => {
      const plan = planAdjustment({
        adjustment: 'total',
        splits: base.splits.get(id) ?? [],
        dividends: dividends.applied.get(id) ?? ([] as AppliedDividend[]),
        closes: closes[i] ?? [],
        lastPublished: base.lastPublished,
      });
      return [id, plan.events.filter(({ kind }) => kind === 'dividend')];
    }),
  );
  return factorsFrom(base, planned);
}

interface Base {
  readonly listings: Listings;
  readonly splits: ReadonlyMap<string, readonly AppliedSplit[]>;
  readonly published: SessionSet;
  readonly firstPublished: IsoDate;
  readonly lastPublished: IsoDate;
}

async function baseOf({ caches }: Pick<Serving, 'caches'>, view: LakeView): Promise<Base | undefined> {
  const bars = view.snapshot(DAILY_BARS);
  if (bars === undefined) return undefined;
  const published = await caches.published(bars, view.until);
  const { min: firstPublished, max: lastPublished } = published;
  if (firstPublished === undefined || lastPublished === undefined) return undefined;
  const listings = await caches.listings(view.snapshot(LISTINGS));
  const { applied } = await caches.splits(view.snapshot(SPLITS), view.snapshot(LISTINGS));
  return { listings, splits: applied, published, firstPublished, lastPublished };
}

function factorsFrom(base: Base, dividends: ReadonlyMap<string, readonly AdjustmentEvent[]>): EventFactors {
  const { listings, splits, lastPublished } = base;
  return {
    splitFactor: (event) => {
      let factor = 1;
      for (const { exDate, splitFrom, splitTo } of splits.get(securityOfEvent(listings, event)) ?? [])
        if (exDate >= event.exDate && exDate <= lastPublished) factor *= splitFrom / splitTo;
      return factor;
    },
    dividendFactor: (event) => {
      let factor = 1;
      for (const { exDate, priceFactor } of dividends.get(securityOfEvent(listings, event)) ?? [])
        if (exDate >= event.exDate) factor *= priceFactor;
      return factor;
    },
  };
}
