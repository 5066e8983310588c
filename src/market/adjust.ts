import { compare } from '#base/compare.ts';
import type { IsoDate } from '#base/dates.ts';
import {
  type AppliedDividend,
  type AppliedSplit,
  dividendTerms,
  type HeldEvent,
  splitTerms,
} from './corporate-actions.ts';

/**
 * Adjusts bars for later events. Formulas, from the data model:
 *
 * - `split`: a price before `exDate` × splitFrom / splitTo, a volume × splitTo / splitFrom, over all later splits;
 * - `total`: prices also × (1 − cash / previous close) for each later ex-dividend date. The previous close is that of the last
 *   bar before the ex-date, on the share basis of the ex-date.
 *
 * An event counts from its ex-date, which must not be later than the last published session.
 */
export type Adjustment = 'raw' | 'split' | 'total';

/**
 * Cash of at least this fraction of the previous close is held back: it would bring earlier prices to zero or below.
 */
const CASH_SHARE_MAX = 0.9;

/** The effect of one event on earlier bars. */
export interface AdjustmentEvent {
  readonly kind: 'split' | 'dividend';
  /** Bars of sessions before this date are adjusted. */
  readonly exDate: IsoDate;
  /** `4 for 1`, or the cash in dollars and its kind. */
  readonly terms: string;
  readonly priceFactor: number;
  readonly volumeFactor: number;
  readonly source: string | null;
}

export interface Factors {
  readonly price: number;
  readonly volume: number;
}

const UNADJUSTED: Factors = { price: 1, volume: 1 };

/** The factors of one security under one adjustment, for any session. Immutable. */
export class AdjustmentPlan {
  static readonly raw = new AdjustmentPlan([], []);

  /** Ascending by ex-date; a split before a dividend of the same date. */
  readonly events: readonly AdjustmentEvent[];
  /** Dividends of this security that were held back, with the reason. */
  readonly held: readonly HeldEvent[];
  /** By event: the product of its factors and those of all later events, multiplied in ex-date order. */
  readonly #from: readonly Factors[];
  /** By event: the event and all later ones. One list, shared by all sessions. */
  readonly #after: (readonly AdjustmentEvent[])[] = [];

  constructor(events: readonly AdjustmentEvent[], held: readonly HeldEvent[]) {
    this.events = events;
    this.held = held;
    this.#from = events.map((_, first) => {
      let price = 1;
      let volume = 1;
      for (let i = first; i < events.length; i += 1) {
        price *= events[i]?.priceFactor ?? 1;
        volume *= events[i]?.volumeFactor ?? 1;
      }
      return { price, volume };
    });
  }

  /** Returns the factors that apply to a session's values. */
  factorsOf(session: IsoDate): Factors {
    return this.#from[this.#firstAfter(session)] ?? UNADJUSTED;
  }

  /** Returns the events behind `factorsOf(session)`. */
  eventsAfter(session: IsoDate): readonly AdjustmentEvent[] {
    const first = this.#firstAfter(session);
    this.#after[first] ??= this.events.slice(first);
    return this.#after[first];
  }

  #firstAfter(session: IsoDate): number {
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.events[middle]?.exDate ?? '') > session) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

export interface AdjustmentInputs {
  readonly adjustment: Adjustment;
  /** Ascending by ex-date, of one security. */
  readonly splits: readonly AppliedSplit[];
  /** Ascending by ex-date, of one security. Used only for `total`. */
  readonly dividends?: readonly AppliedDividend[];
  /**
   * All raw closes of the security up to the last session needed, ascending, as previous closes. Used only for `total`.
   */
  readonly closes?: readonly { readonly session: IsoDate; readonly close: number }[];
  /** Events after this date do not count yet. */
  readonly lastPublished: IsoDate;
}

export function planAdjustment(inputs: AdjustmentInputs): AdjustmentPlan {
  if (inputs.adjustment === 'raw') return AdjustmentPlan.raw;
  const splits = inputs.splits.filter((split) => split.exDate <= inputs.lastPublished);
  const events: AdjustmentEvent[] = splits.map((split) => ({
    kind: 'split',
    exDate: split.exDate,
    terms: splitTerms(split),
    priceFactor: split.splitFrom / split.splitTo,
    volumeFactor: split.splitTo / split.splitFrom,
    source: split.source,
  }));
  const held: HeldEvent[] = [];
  if (inputs.adjustment === 'total') {
    for (const date of byDate((inputs.dividends ?? []).filter((d) => d.exDate <= inputs.lastPublished))) {
      const [first] = date;
      if (first === undefined) continue;
      const outcome = dividendFactor(date, inputs.closes ?? [], splits);
      const terms = date.map(dividendTerms).join(' + ');
      if (typeof outcome === 'string') {
        held.push({ kind: 'dividend', securityId: first.securityId, exDate: first.exDate, terms, reason: outcome });
        continue;
      }
      events.push({
        kind: 'dividend',
        exDate: first.exDate,
        terms,
        priceFactor: outcome,
        volumeFactor: 1,
        source: first.source,
      });
    }
    events.sort((a, b) => compare(a.exDate, b.exDate) || compare(b.kind, a.kind));
  }
  return new AdjustmentPlan(events, held);
}

/** Returns the factor of all cash on one ex-date, or the reason why it is held back. */
function dividendFactor(
  sameDate: readonly AppliedDividend[],
  closes: readonly { readonly session: IsoDate; readonly close: number }[],
  splits: readonly AppliedSplit[],
): number | string {
  const exDate = sameDate[0]?.exDate ?? '';
  let low = 0;
  let high = closes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((closes[middle]?.session ?? '') >= exDate) high = middle;
    else low = middle + 1;
  }
  const previous = closes[low - 1];
  if (previous === undefined) return 'no close before the ex-date';
  let close = previous.close;
  for (const split of splits) {
    if (split.exDate > previous.session && split.exDate <= exDate) close *= split.splitFrom / split.splitTo;
  }
  let cash = 0;
  for (const dividend of sameDate) cash += dividend.cashAmount;
  if (cash >= CASH_SHARE_MAX * close) return `cash of ${cash} is 90 % or more of the previous close ${close}`;
  return 1 - cash / close;
}

function byDate(dividends: readonly AppliedDividend[]): AppliedDividend[][] {
  const groups: AppliedDividend[][] = [];
  for (const dividend of dividends) {
    const group = groups.at(-1);
    if (group?.[0]?.exDate === dividend.exDate) group.push(dividend);
    else groups.push([dividend]);
  }
  return groups;
}
