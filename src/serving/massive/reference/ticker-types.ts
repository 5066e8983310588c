/**
 * Kinds of securities as the vendor codes them. Source: the vendor's documentation of `/v3/reference/tickers/types` (stocks).
 */
export const TICKER_TYPES: readonly { readonly code: string; readonly description: string }[] = [
  { code: 'CS', description: 'Common Stock' },
  { code: 'PFD', description: 'Preferred Stock' },
  { code: 'WARRANT', description: 'Warrant' },
  { code: 'RIGHT', description: 'Rights' },
  { code: 'BOND', description: 'Corporate Bond' },
  { code: 'ETF', description: 'Exchange Traded Fund' },
  { code: 'ETN', description: 'Exchange Traded Note' },
  { code: 'ETV', description: 'Exchange Traded Vehicle' },
  { code: 'SP', description: 'Structured Product' },
  { code: 'ADRC', description: 'American Depository Receipt Common' },
  { code: 'ADRP', description: 'American Depository Receipt Preferred' },
  { code: 'ADRW', description: 'American Depository Receipt Warrants' },
  { code: 'ADRR', description: 'American Depository Receipt Rights' },
  { code: 'FUND', description: 'Fund' },
  { code: 'BASKET', description: 'Basket' },
  { code: 'UNIT', description: 'Unit' },
  { code: 'LT', description: 'Liquidating Trust' },
  { code: 'OS', description: 'Ordinary Shares' },
  { code: 'GDR', description: 'Global Depository Receipts' },
  { code: 'OTHER', description: 'Other Security Type' },
  { code: 'NYRS', description: 'New York Registry Shares' },
  { code: 'AGEN', description: 'Agency Bond' },
  { code: 'EQLK', description: 'Equity Linked Bond' },
  { code: 'ETS', description: 'Single-security ETF' },
];
