import type { InstantMs } from '#base/dates.ts';
import type { Trade } from './trade.ts';
import { partAt, type SessionParts } from './trade-date.ts';

/** Values of a bar that a trade under a condition may move. `first`: only as the first trade of the day that may. */
export interface ConditionRule {
  readonly highLow: boolean;
  readonly openClose: 'yes' | 'first' | 'no';
  readonly volume: boolean;
}

export interface TradeCondition {
  /** The vendor's number. Those of quotes mean something else: 1 and 41 are both. */
  readonly id: number;
  readonly name: string;
  readonly type: 'sale_condition' | 'trade_thru_exempt';
  /** Its letter on the tapes 1 and 2; empty where it does not occur. */
  readonly cta: string;
  /** Its letter on tape 3. */
  readonly utp: string;
  /** The rule for bars of all exchanges. */
  readonly consolidated: ConditionRule;
  /** The rule for bars of one exchange, which are not built here. */
  readonly marketCenter: ConditionRule;
}

const RULES = {
  all: { highLow: true, openClose: 'yes', volume: true },
  first: { highLow: true, openClose: 'first', volume: true },
  range: { highLow: true, openClose: 'no', volume: true },
  volume: { highLow: false, openClose: 'no', volume: true },
  prices: { highLow: true, openClose: 'yes', volume: false },
  'high-low': { highLow: true, openClose: 'no', volume: false },
  nothing: { highLow: false, openClose: 'no', volume: false },
} as const satisfies Readonly<Record<string, ConditionRule>>;

const FORM_T = 12;
const SOLD_LAST = 30;
const AUCTIONS: readonly number[] = [8, 17, 18, 19, 25, 28];

/**
 * Conditions of trades in US stocks.
 *
 * Sources: the vendor's documentation of `/v3/reference/conditions` for ids and names; for letters and rules the
 * specifications of the tapes, CTS Pillar Output 2.11b (CTA) and UTP Trade Data Feed 4.1 section 3.14 (UTP).
 *
 * One rule of the tapes is not here: on the tapes 1 and 2, Sold Last closes only if it comes from the listing market or
 * from where the last trade came from. The vendor lets it close always, and so do we.
 */
export const TRADE_CONDITIONS: readonly TradeCondition[] = [
  condition(0, 'Regular Sale', '@', '@', 'all'),
  condition(1, 'Acquisition', '', 'A', 'all'),
  condition(2, 'Average Price Trade', 'B', 'W', 'volume'),
  condition(3, 'Automatic Execution', 'E', '', 'all'),
  condition(4, 'Bunched Trade', '', 'B', 'all'),
  condition(5, 'Bunched Sold Trade', '', 'G', 'first'),
  condition(7, 'Cash Sale', 'C', 'C', 'volume'),
  condition(8, 'Closing Prints', '6', '6', 'all'),
  condition(9, 'Cross Trade', 'X', 'X', 'all'),
  condition(10, 'Derivatively Priced', '4', '4', 'first'),
  condition(11, 'Distribution', '', 'D', 'all'),
  condition(FORM_T, 'Form T/Extended Hours', 'T', 'T', 'volume'),
  condition(13, 'Extended Hours (Sold Out Of Sequence)', 'U', 'U', 'volume'),
  condition(14, 'Intermarket Sweep', 'F', 'F', 'all'),
  condition(15, 'Market Center Official Close', 'M', 'M', 'nothing', 'prices'),
  condition(16, 'Market Center Official Open', 'Q', 'Q', 'nothing', 'high-low'),
  condition(17, 'Market Center Opening Trade', 'O', 'O', 'all'),
  condition(18, 'Market Center Reopening Trade', '5', '5', 'all'),
  condition(19, 'Market Center Closing Trade', '6', '6', 'all'),
  condition(20, 'Next Day', 'N', 'N', 'volume'),
  condition(21, 'Price Variation Trade', 'H', 'H', 'volume'),
  condition(22, 'Prior Reference Price', 'P', 'P', 'first'),
  condition(23, 'Rule 155 Trade (AMEX)', 'K', 'K', 'all'),
  condition(25, 'Opening Prints', 'O', 'O', 'all'),
  condition(27, 'Stopped Stock (Regular Trade)', '', '1', 'all'),
  condition(28, 'Re-Opening Prints', '5', '5', 'all'),
  condition(29, 'Seller', 'R', 'R', 'volume'),
  condition(SOLD_LAST, 'Sold Last', 'L', 'L', 'all'),
  condition(33, 'Sold (Out Of Sequence)', 'Z', 'Z', 'first'),
  condition(34, 'Split Trade', '', 'S', 'all'),
  condition(36, 'Yellow Flag Regular Trade', '', 'Y', 'all'),
  condition(37, 'Odd Lot Trade', 'I', 'I', 'volume'),
  condition(38, 'Corrected Consolidated Close (per listing market)', '9', '9', 'prices', 'nothing'),
  { ...condition(41, 'Trade Thru Exempt', 'X', 'X', 'all'), type: 'trade_thru_exempt' },
  condition(52, 'Contingent Trade', 'V', 'V', 'volume'),
  condition(53, 'Qualified Contingent Trade', '7', '7', 'volume'),
];

function condition(
  id: number,
  name: string,
  cta: string,
  utp: string,
  consolidated: keyof typeof RULES,
  marketCenter: keyof typeof RULES = consolidated,
): TradeCondition {
  const [rule, ofExchange] = [RULES[consolidated], RULES[marketCenter]];
  return { id, name, type: 'sale_condition', cta, utp, consolidated: rule, marketCenter: ofExchange };
}

/** Values that a trade updates, as bits of one number: it is found for every trade. */
export const VOLUME = 1;
export const HIGH_LOW = 2;
/** Open and close, if it is the first trade of the day that may. Set wherever `OPEN_CLOSE` is. */
export const IF_FIRST = 4;
export const OPEN_CLOSE = 8;
/** It is an opening, closing or reopening print. */
export const AUCTION = 16;
/** Its prices count in seconds, minutes and windows outside of regular trading hours, and not for the day. */
export const EXTENDED = 32;
/** It has a condition that is not in the table. Its volume counts, its price does not. */
export const UNKNOWN = 64;

const ALL = VOLUME | HIGH_LOW | IF_FIRST | OPEN_CLOSE;
const MARKS = AUCTION | EXTENDED | UNKNOWN;
/** Sold Last closes on tape 3 for that long after the close. */
const SOLD_LAST_CLOSES_FOR_MS = 10_000;

/** By id: the values that a condition allows, with its mark. Form T allows all: where it counts, it does not. */
const BITS: readonly (number | undefined)[] = Array.from(
  { length: Math.max(...TRADE_CONDITIONS.map(({ id }) => id)) + 1 },
  (_, id) => {
    if (id === FORM_T) return ALL | EXTENDED;
    const rule = TRADE_CONDITIONS.find((row) => row.id === id)?.consolidated;
    return rule === undefined ? undefined : bitsOf(rule) | (AUCTIONS.includes(id) ? AUCTION : 0);
  },
);

function bitsOf({ highLow, openClose, volume }: ConditionRule): number {
  const openCloseBits = { yes: OPEN_CLOSE | IF_FIRST, first: IF_FIRST, no: 0 }[openClose];
  return openCloseBits | (highLow ? HIGH_LOW : 0) | (volume ? VOLUME : 0);
}

/**
 * Returns the values that a trade updates. Every condition must allow a value, so the strictest decides. Form T, which
 * marks trades outside of regular trading hours, keeps prices from the day and from bars within those hours, and allows
 * them in all other bars.
 */
export function updatesOf(trade: Trade, parts: SessionParts): number {
  let allowed = ALL;
  let marks = 0;
  for (const id of trade.conditions) {
    const bits = BITS[id] ?? VOLUME | UNKNOWN;
    allowed &= bits;
    marks |= bits & MARKS;
    if (id === SOLD_LAST && isTooLate(trade, parts.closeMs)) allowed &= ~(OPEN_CLOSE | IF_FIRST);
  }
  if ((marks & EXTENDED) === 0) return allowed | marks;
  if (partAt(parts, trade.atMs) === 'rth') return (allowed & VOLUME) | (marks & UNKNOWN);
  // It is never the first trade of the day, and does not move with the auctions.
  const decided = (allowed & OPEN_CLOSE) === 0 ? allowed & ~IF_FIRST : allowed;
  return decided | (marks & ~AUCTION);
}

function isTooLate({ tape, atMs }: Trade, closeMs: InstantMs): boolean {
  return tape === 3 && atMs >= closeMs + SOLD_LAST_CLOSES_FOR_MS;
}

/** Returns the ids that are not in the table, to be reported once each. */
export function unknownConditions(conditions: readonly number[]): number[] {
  return conditions.filter((id) => BITS[id] === undefined);
}
