import { sqlText } from '#lake/sql-text.ts';

/** Dividends of which a symbol has two amounts for one day and kind, and all of some symbols. */
export function contradictoryDividends(dividends: string, symbols: readonly string[]): string {
  const some = symbols.length === 0 ? 'false' : `symbol IN (${symbols.map(sqlText).join(', ')})`;
  return `
    SELECT symbol, ex_date, kind, cash_amount, source FROM (${dividends})
    QUALIFY count(*) OVER (PARTITION BY symbol, ex_date, kind) > 1 OR ${some}
    ORDER BY symbol, ex_date, kind, cash_amount`;
}
