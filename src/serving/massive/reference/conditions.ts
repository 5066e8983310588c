import type { ConditionShape } from '../shapes/reference.ts';

/** Values that a trade may update: high and low, open and close, volume. */
const MOVES = {
  all: rules(true, true, true),
  range: rules(true, false, true),
  prices: rules(true, true, false),
  'high-low': rules(true, false, false),
  volume: rules(false, false, true),
  nothing: rules(false, false, false),
};

/**
 * Conditions of trades in US stocks, and which values of a bar a trade under each may move. Ids are the vendor's.
 *
 * Sources: the vendor's glossary "Conditions & Indicators" and its documentation of `/v3/reference/conditions`; the
 * letters and the rules by the specifications of the tapes, "Consolidated Tape System Multicast Output" (CTA) and "UTP
 * Trade Data Feed" (UTP). A condition under which the tapes count only the first trade of a day as its open counts as
 * one that does not move it.
 */
export const CONDITIONS: readonly ConditionShape[] = [
  condition(0, 'Regular Sale', '@', '@', 'all'),
  condition(1, 'Acquisition', '', 'A', 'all'),
  condition(2, 'Average Price Trade', 'B', 'W', 'volume'),
  condition(3, 'Automatic Execution', 'E', '', 'all'),
  condition(4, 'Bunched Trade', '', 'B', 'all'),
  condition(5, 'Bunched Sold Trade', '', 'G', 'range'),
  condition(7, 'Cash Sale', 'C', 'C', 'volume'),
  condition(8, 'Closing Prints', '6', '6', 'all'),
  condition(9, 'Cross Trade', 'X', 'X', 'all'),
  condition(10, 'Derivatively Priced', '4', '4', 'range'),
  condition(11, 'Distribution', '', 'D', 'all'),
  condition(12, 'Form T/Extended Hours', 'T', 'T', 'volume'),
  condition(13, 'Extended Hours (Sold Out Of Sequence)', 'U', 'U', 'volume'),
  condition(14, 'Intermarket Sweep', 'F', 'F', 'all'),
  condition(15, 'Market Center Official Close', 'M', 'M', 'nothing', 'prices'),
  condition(16, 'Market Center Official Open', 'Q', 'Q', 'nothing', 'high-low'),
  condition(20, 'Next Day', 'N', 'N', 'volume'),
  condition(21, 'Price Variation Trade', 'H', 'H', 'volume'),
  condition(22, 'Prior Reference Price', 'P', 'P', 'range'),
  condition(23, 'Rule 155 Trade (AMEX)', 'K', 'K', 'all'),
  condition(25, 'Opening Prints', 'O', 'O', 'all'),
  condition(27, 'Stopped Stock (Regular Trade)', '', '1', 'all'),
  condition(28, 'Re-Opening Prints', '5', '5', 'all'),
  condition(29, 'Seller', 'R', 'R', 'range'),
  condition(30, 'Sold Last', 'L', 'L', 'all'),
  condition(32, 'Sold (Out Of Sequence)', 'Z', 'Z', 'range'),
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
  consolidated: keyof typeof MOVES,
  marketCenter: keyof typeof MOVES = consolidated,
): ConditionShape {
  return {
    id,
    name,
    type: 'sale_condition',
    asset_class: 'stocks',
    data_types: ['trade'],
    sip_mapping: { ...(cta === '' ? {} : { CTA: cta }), ...(utp === '' ? {} : { UTP: utp }) },
    update_rules: { consolidated: MOVES[consolidated], market_center: MOVES[marketCenter] },
  };
}

function rules(highLow: boolean, openClose: boolean, volume: boolean) {
  return { updates_high_low: highLow, updates_open_close: openClose, updates_volume: volume };
}
