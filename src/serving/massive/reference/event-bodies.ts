import { createHash } from 'node:crypto';
import { addDays, type IsoDate } from '#base/dates.ts';
import type { DividendShape, NewerDividendShape, NewerSplitShape, SplitShape } from '../shapes/reference.ts';
import type { EventFactors } from './adjustment-factors.ts';

/** Rows of splits and dividends as both families of the vendor write them. */

/** A row of `bronze/splits`. */
export interface SplitRow {
  readonly symbol: string;
  readonly ex_date: IsoDate;
  readonly split_from: number;
  readonly split_to: number;
}

/** A row of `bronze/dividends`, with how often a year it is paid. */
export interface DividendRow {
  readonly symbol: string;
  readonly ex_date: IsoDate;
  readonly kind: string;
  readonly cash_amount: number;
  readonly declaration_date: IsoDate | null;
  readonly record_date: IsoDate | null;
  readonly pay_date: IsoDate | null;
  readonly frequency: number;
}

export function splitOf({ symbol, ex_date, split_from, split_to }: SplitRow): SplitShape {
  return {
    id: idOf('split', symbol, ex_date, split_from, split_to),
    ticker: symbol,
    execution_date: ex_date,
    split_from,
    split_to,
  };
}

export function newerSplitOf(row: SplitRow, factors: EventFactors | undefined): NewerSplitShape {
  const { symbol, ex_date, split_from, split_to } = row;
  return {
    ...splitOf(row),
    adjustment_type: split_to < split_from ? 'reverse_split' : 'forward_split',
    ...(factors === undefined
      ? {}
      : { historical_adjustment_factor: factors.splitFactor({ symbol, exDate: ex_date }) }),
  };
}

/** The older family has one code for all that is paid beside the regular dividends. */
const DIVIDEND_TYPES: Readonly<Record<string, DividendShape['dividend_type']>> = {
  SC: 'SC',
  SU: 'SC',
  IR: 'SC',
  LT: 'LT',
  ST: 'ST',
};

export function dividendOf(row: DividendRow): DividendShape {
  const { symbol, ex_date, kind, cash_amount, frequency } = row;
  return {
    id: idOf('dividend', symbol, ex_date, kind, cash_amount),
    ticker: symbol,
    cash_amount,
    currency: 'USD',
    dividend_type: DIVIDEND_TYPES[kind] ?? 'CD',
    ex_dividend_date: ex_date,
    ...knownDates(row),
    frequency,
  };
}

/** The dates of a dividend beside its ex-date, without those that are not known. */
function knownDates({ declaration_date, record_date, pay_date }: DividendRow) {
  return {
    ...(declaration_date === null ? {} : { declaration_date }),
    ...(record_date === null ? {} : { record_date }),
    ...(pay_date === null ? {} : { pay_date }),
  };
}

const DISTRIBUTIONS: Readonly<Record<string, NewerDividendShape['distribution_type']>> = {
  CD: 'recurring',
  SC: 'special',
  SU: 'supplemental',
  IR: 'irregular',
  LT: 'irregular',
  ST: 'irregular',
};

export function newerDividendOf(row: DividendRow, factors: EventFactors | undefined): NewerDividendShape {
  const { symbol, ex_date, kind, cash_amount, frequency } = row;
  return {
    id: idOf('dividend', symbol, ex_date, kind, cash_amount),
    ticker: symbol,
    cash_amount,
    currency: 'USD',
    distribution_type: DISTRIBUTIONS[kind] ?? 'unknown',
    ex_dividend_date: ex_date,
    ...knownDates(row),
    frequency,
    ...(factors === undefined
      ? {}
      : {
          historical_adjustment_factor: factors.dividendFactor({ symbol, exDate: ex_date }),
          // The cash is on the share basis of the ex-date, so it already includes a split on that day.
          split_adjusted_cash_amount: cash_amount * factors.splitFactor({ symbol, exDate: addDays(ex_date, 1) }),
        }),
  };
}

/** The same for the same event in every answer and every version: made of what identifies it. */
function idOf(...parts: readonly (string | number)[]): string {
  return `E${createHash('sha256').update(parts.join('\n')).digest('hex')}`;
}
