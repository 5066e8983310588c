import type { Column, TableDefinition } from './schema.ts';

/** The tables of the lake, as in `docs/reference/schema.md`. Comments are stored in the tables and must not change. */

const symbol: Column = { name: 'symbol', type: 'string', comment: 'Ticker as the vendor gave it; case-sensitive' };
const session: Column = { name: 'session', type: 'date', comment: 'Trading day in New York' };
const year: Column = { name: 'year', type: 'integer', comment: 'Partition: year of the session' };
const source: Column = { name: 'source', type: 'string', comment: 'Where the values came from' };
const seenAt: Column = { name: 'seen_at', type: 'timestamp', comment: 'When these values first arrived (UTC)' };
const open: Column = { name: 'open', type: 'double', comment: 'First price, US dollars' };
const high: Column = { name: 'high', type: 'double', comment: 'Highest price, US dollars' };
const low: Column = { name: 'low', type: 'double', comment: 'Lowest price, US dollars' };
const close: Column = { name: 'close', type: 'double', comment: 'Last price, US dollars' };
const volume: Column = { name: 'volume', type: 'double', comment: 'Shares traded' };
const vwap: Column = { name: 'vwap', type: 'double', comment: 'Volume-weighted average price, US dollars' };
const trades: Column = { name: 'trades', type: 'long', comment: 'Number of trades' };

export const DAILY_BARS: TableDefinition = {
  name: 'bronze/daily_bars',
  comment: 'One bar a symbol and session, as traded, never adjusted',
  columns: [
    symbol,
    session,
    open,
    high,
    low,
    close,
    volume,
    vwap,
    trades,
    source,
    { name: 'fetched_at', type: 'timestamp', comment: 'When these values first arrived (UTC)' },
    year,
  ],
  key: ['symbol', 'session'],
  sortBy: ['symbol', 'session'],
  partitionBy: ['year'],
  unitColumn: 'session',
};

export const SESSIONS: TableDefinition = {
  name: 'bronze/sessions',
  comment: 'The ledger: what is known of each session of a dataset',
  columns: [
    {
      name: 'dataset',
      type: 'string',
      comment:
        'daily_bars; horizon:<source> is where a plan has no history any more, events:<source> the last look at events',
    },
    session,
    {
      name: 'state',
      type: 'string',
      comment:
        'partial, provisional or settled (horizon: beyond-plan, events: looked-at); a session without a row is missing',
    },
    { name: 'rows', type: 'long', comment: 'Rows stored for the session' },
    { name: 'expected', type: 'long', comment: 'Rows expected, or null where it cannot be judged' },
    {
      name: 'counted',
      type: 'long',
      comment: 'Rows that count towards it: of listed symbols, where listings say what is expected, else all',
    },
    { name: 'attempts', type: 'integer', comment: 'Times the session was fetched or imported' },
    { name: 'first_fetch', type: 'timestamp', comment: 'First fetch (UTC)' },
    { name: 'last_fetch', type: 'timestamp', comment: 'Last fetch (UTC)' },
    { name: 'table_version', type: 'long', comment: "Version of the dataset's table that the row speaks of" },
  ],
  key: ['dataset', 'session'],
  sortBy: ['dataset', 'session'],
  partitionBy: [],
};

export const LISTINGS: TableDefinition = {
  name: 'bronze/listings',
  comment: 'Which security had which symbol when; at most one security a symbol and session',
  columns: [
    { name: 'security_id', type: 'string', comment: 'Ours, permanent' },
    symbol,
    { name: 'first_session', type: 'date', comment: 'First session under this symbol' },
    { name: 'last_session', type: 'date', comment: 'Last session under this symbol; null while it lasts' },
    { name: 'name', type: 'string', comment: 'Name of the security' },
    { name: 'type', type: 'string', comment: "Vendor's type code: CS, ADRC, ETF …" },
    { name: 'exchange', type: 'string', comment: 'Primary exchange, MIC' },
    { name: 'figi', type: 'string', comment: 'Composite FIGI' },
    source,
    seenAt,
  ],
  key: ['symbol', 'first_session'],
  sortBy: ['symbol', 'first_session'],
  partitionBy: [],
};

export const SPLITS: TableDefinition = {
  name: 'bronze/splits',
  comment:
    'Splits as announced. Two different values for one security and date are both kept here and neither is applied',
  columns: [
    symbol,
    { name: 'ex_date', type: 'date', comment: 'First session in the new share count' },
    { name: 'split_from', type: 'double', comment: 'Shares before (1 in a 2-for-1)' },
    { name: 'split_to', type: 'double', comment: 'Shares after (2 in a 2-for-1)' },
    source,
    seenAt,
  ],
  key: ['symbol', 'ex_date', 'split_from', 'split_to'],
  sortBy: ['symbol', 'ex_date', 'split_from', 'split_to'],
  partitionBy: [],
};

export const DIVIDENDS: TableDefinition = {
  name: 'bronze/dividends',
  comment: 'Cash dividends as announced, in dollars of their day',
  columns: [
    symbol,
    { name: 'ex_date', type: 'date', comment: 'First session without the dividend' },
    {
      name: 'kind',
      type: 'string',
      comment: 'CD regular, SC special, SU supplemental, IR irregular cash, LT and ST capital gains',
    },
    {
      name: 'cash_amount',
      type: 'double',
      comment: 'Dollars a share, in the share count of the ex-date',
    },
    source,
    seenAt,
  ],
  key: ['symbol', 'ex_date', 'kind', 'cash_amount'],
  sortBy: ['symbol', 'ex_date', 'kind', 'cash_amount'],
  partitionBy: [],
};

export const QUARANTINE: TableDefinition = {
  name: 'bronze/quarantine',
  comment: 'Rows that were refused, as text, each with its reason',
  columns: [
    { name: 'dataset', type: 'string', comment: 'The table the row was meant for' },
    { name: 'row', type: 'string', comment: 'The row as JSON text' },
    { name: 'reason', type: 'string', comment: 'Why it was refused, from a closed list' },
    {
      name: 'source_digest',
      type: 'string',
      comment: 'SHA-256 of the file it came in; of a fetched row, of its session and text',
    },
    { name: 'row_number', type: 'long', comment: 'Its place in the file, or among equal fetched rows, from 1' },
    source,
    seenAt,
  ],
  key: ['source_digest', 'row_number'],
  sortBy: ['source_digest', 'row_number'],
  partitionBy: [],
};

export const RESTATEMENTS: TableDefinition = {
  name: 'bronze/restatements',
  comment: 'Every value of a daily bar that changed after it first arrived; derived from the versions of daily_bars',
  columns: [
    symbol,
    session,
    { name: 'version', type: 'long', comment: 'Version of daily_bars that brought the new value' },
    { name: 'kind', type: 'string', comment: 'settlement while the session was provisional, restatement after' },
    { name: 'field', type: 'string', comment: 'The column that changed' },
    { name: 'old', type: 'double', comment: 'Value before' },
    { name: 'new', type: 'double', comment: 'Value after' },
    seenAt,
  ],
  key: ['symbol', 'session', 'version', 'field'],
  sortBy: ['version', 'symbol', 'session', 'field'],
  partitionBy: [],
};

/** Returns the definition of `silver/bars_3d` and the like. `sessions` is the window length N, from 2 to 252. */
export function silverBars(sessions: number): TableDefinition {
  return {
    name: `silver/bars_${sessions}d`,
    comment: `Bars of ${sessions} sessions; window number = floor(session index / ${sessions})`,
    columns: [
      symbol,
      { name: 'first_session', type: 'date', comment: 'First session of the window, by the calendar' },
      { name: 'last_session', type: 'date', comment: 'Last session of the window, by the calendar' },
      open,
      high,
      low,
      close,
      volume,
      vwap,
      trades,
      { name: 'sessions', type: 'integer', comment: 'Sessions in which the security has a bar' },
      { name: 'expected', type: 'integer', comment: 'Sessions in the window' },
      { name: 'complete', type: 'boolean', comment: 'All sessions of the window are published' },
      {
        name: 'security_id',
        type: 'string',
        comment: 'The security, through renames; its symbol where no listing is known',
      },
      { name: 'year', type: 'integer', comment: 'Partition: year of first_session' },
    ],
    key: ['security_id', 'first_session'],
    sortBy: ['symbol', 'first_session', 'security_id'],
    partitionBy: ['year'],
    unitColumn: 'first_session',
  };
}

/** The bronze tables; those that others are derived from come first. */
export const BRONZE_TABLES: readonly TableDefinition[] = [
  DAILY_BARS,
  SPLITS,
  DIVIDENDS,
  LISTINGS,
  SESSIONS,
  QUARANTINE,
  RESTATEMENTS,
];
