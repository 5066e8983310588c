import { type ConditionRule, TRADE_CONDITIONS, type TradeCondition } from '#market/trade-conditions.ts';
import type { ConditionShape } from '../shapes/reference.ts';

/**
 * Conditions of trades in US stocks, and which values of a bar a trade under each may move, as the vendor says it: with
 * "yes" and "no" only. A condition under which a trade opens and closes only as the first one of the day does not.
 */
export const CONDITIONS: readonly ConditionShape[] = TRADE_CONDITIONS.map(conditionShapeOf);

function conditionShapeOf({ id, name, type, cta, utp, consolidated, marketCenter }: TradeCondition): ConditionShape {
  return {
    id,
    name,
    type,
    asset_class: 'stocks',
    data_types: ['trade'],
    sip_mapping: { ...(cta === '' ? {} : { CTA: cta }), ...(utp === '' ? {} : { UTP: utp }) },
    update_rules: { consolidated: rulesOf(consolidated), market_center: rulesOf(marketCenter) },
  };
}

function rulesOf({ highLow, openClose, volume }: ConditionRule): ConditionShape['update_rules']['consolidated'] {
  return { updates_high_low: highLow, updates_open_close: openClose === 'yes', updates_volume: volume };
}
