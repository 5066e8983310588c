import type { Column, ColumnType, TableDefinition } from './schema.ts';

/** The tables of the lake, as in `docs/reference/schema.md`. Comments are stored in the tables and must not change. */

function column(name: string, type: ColumnType, comment: string): Column {
  return { name, type, comment };
}

/** Returns the definition of a table that is written as a whole. Its rows are in the order of their key by default. */
function smallTable(
  table: Omit<TableDefinition, 'sortBy' | 'partitionBy'> & Partial<TableDefinition>,
): TableDefinition {
  return { sortBy: table.key, partitionBy: [], ...table };
}

const symbol = column('symbol', 'string', 'Ticker as the vendor gave it; case-sensitive');
const session = column('session', 'date', 'Trading day in New York');
const year = column('year', 'integer', 'Partition: year of the session');
const source = column('source', 'string', 'Where the values came from');
const seenAt = column('seen_at', 'timestamp', 'When these values first arrived (UTC)');
const BAR_VALUES: readonly Column[] = [
  column('open', 'double', 'First price, US dollars'),
  column('high', 'double', 'Highest price, US dollars'),
  column('low', 'double', 'Lowest price, US dollars'),
  column('close', 'double', 'Last price, US dollars'),
  column('volume', 'double', 'Shares traded'),
  column('vwap', 'double', 'Volume-weighted average price, US dollars'),
  column('trades', 'long', 'Number of trades'),
];

export const DAILY_BARS: TableDefinition = {
  name: 'bronze/daily_bars',
  comment: 'One bar a symbol and session, as traded, never adjusted',
  columns: [
    symbol,
    session,
    ...BAR_VALUES,
    source,
    column('fetched_at', 'timestamp', 'When these values first arrived (UTC)'),
    year,
  ],
  key: ['symbol', 'session'],
  sortBy: ['symbol', 'session'],
  partitionBy: ['year'],
  unitColumn: 'session',
};

export const SESSIONS = smallTable({
  name: 'bronze/sessions',
  comment: 'The ledger: what is known of each session of a dataset',
  columns: [
    column(
      'dataset',
      'string',
      'daily_bars; horizon:<source> is where a plan has no history any more, events:<source> the last look at events',
    ),
    session,
    column(
      'state',
      'string',
      'partial, provisional or settled (horizon: beyond-plan, events: looked-at); a session without a row is missing',
    ),
    column('rows', 'long', 'Rows stored for the session'),
    column('expected', 'long', 'Rows expected, or null where it cannot be judged'),
    column(
      'counted',
      'long',
      'Rows that count towards it: of listed symbols, where listings say what is expected, else all',
    ),
    column('attempts', 'integer', 'Times the session was fetched or imported'),
    column('first_fetch', 'timestamp', 'First fetch (UTC)'),
    column('last_fetch', 'timestamp', 'Last fetch (UTC)'),
    column('table_version', 'long', "Version of the dataset's table that the row speaks of"),
  ],
  key: ['dataset', 'session'],
});

export const LISTINGS = smallTable({
  name: 'bronze/listings',
  comment: 'Which security had which symbol when; at most one security a symbol and session',
  columns: [
    column('security_id', 'string', 'Ours, permanent'),
    symbol,
    column('first_session', 'date', 'First session under this symbol'),
    column('last_session', 'date', 'Last session under this symbol; null while it lasts'),
    column('name', 'string', 'Name of the security'),
    column('type', 'string', "Vendor's type code: CS, ADRC, ETF …"),
    column('exchange', 'string', 'Primary exchange, MIC'),
    column('figi', 'string', 'Composite FIGI'),
    source,
    seenAt,
  ],
  key: ['symbol', 'first_session'],
});

export const SPLITS = smallTable({
  name: 'bronze/splits',
  comment:
    'Splits as announced. Two different values for one security and date are both kept here and neither is applied',
  columns: [
    symbol,
    column('ex_date', 'date', 'First session in the new share count'),
    column('split_from', 'double', 'Shares before (1 in a 2-for-1)'),
    column('split_to', 'double', 'Shares after (2 in a 2-for-1)'),
    source,
    seenAt,
  ],
  key: ['symbol', 'ex_date', 'split_from', 'split_to'],
});

export const DIVIDENDS = smallTable({
  name: 'bronze/dividends',
  comment: 'Cash dividends as announced, in dollars of their day',
  columns: [
    symbol,
    column('ex_date', 'date', 'First session without the dividend'),
    column('kind', 'string', 'CD regular, SC special, SU supplemental, IR irregular cash, LT and ST capital gains'),
    column('cash_amount', 'double', 'Dollars a share, in the share count of the ex-date'),
    column('declaration_date', 'date', 'Day on which it was announced; null where not known'),
    column('record_date', 'date', 'Day whose holders receive it; null where not known'),
    column('pay_date', 'date', 'Day on which it is paid; null where not known'),
    column('frequency', 'integer', 'Payments a year, 0 if it is not regular; null where not known'),
    source,
    seenAt,
  ],
  key: ['symbol', 'ex_date', 'kind', 'cash_amount'],
});

export const QUARANTINE = smallTable({
  name: 'bronze/quarantine',
  comment: 'Rows that were refused, as text, each with its reason',
  columns: [
    column('dataset', 'string', 'The table the row was meant for'),
    column('row', 'string', 'The row as JSON text'),
    column('reason', 'string', 'Why it was refused, from a closed list'),
    column('source_digest', 'string', 'SHA-256 of the file it came in; of a fetched row, of its session and text'),
    column('row_number', 'long', 'Its place in the file, or among equal fetched rows, from 1'),
    source,
    seenAt,
  ],
  key: ['source_digest', 'row_number'],
});

export const RESTATEMENTS = smallTable({
  name: 'bronze/restatements',
  comment: 'Every value of a daily bar that changed after it first arrived; derived from the versions of daily_bars',
  columns: [
    symbol,
    session,
    column('version', 'long', 'Version of daily_bars that brought the new value'),
    column('kind', 'string', 'settlement while the session was provisional, restatement after'),
    column('field', 'string', 'The column that changed'),
    column('old', 'double', 'Value before'),
    column('new', 'double', 'Value after'),
    seenAt,
  ],
  key: ['symbol', 'session', 'version', 'field'],
  sortBy: ['version', 'symbol', 'session', 'field'],
});

/** Returns the definition of `silver/bars_3d` and the like. `sessions` is the window length N, from 2 to 252. */
export function silverBars(sessions: number): TableDefinition {
  return {
    name: `silver/bars_${sessions}d`,
    comment: `Bars of ${sessions} sessions; window number = floor(session index / ${sessions})`,
    columns: [
      symbol,
      column('first_session', 'date', 'First session of the window, by the calendar'),
      column('last_session', 'date', 'Last session of the window, by the calendar'),
      ...BAR_VALUES,
      column('sessions', 'integer', 'Sessions in which the security has a bar'),
      column('expected', 'integer', 'Sessions in the window'),
      column('complete', 'boolean', 'All sessions of the window are published'),
      column('security_id', 'string', 'The security, through renames; its symbol where no listing is known'),
      column('year', 'integer', 'Partition: year of first_session'),
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
