/** The yardstick: the same trades as rows of a plain table, indexed as the reader needs it. */
export const CREATE_PLAIN = `
  pragma journal_mode = wal;
  pragma synchronous = full;
  create table trades (
    symbol text, at_ms integer, nanosecond integer, sequence integer, exchange integer, trf integer, id text,
    price real, size integer, conditions text, tape integer, executed_ms integer, trf_ms integer
  );
  create index trades_by_symbol on trades (symbol, at_ms)`;
export const INSERT_PLAIN = 'insert into trades values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';
export const READ_PLAIN = 'select * from trades where symbol = ? order by at_ms, sequence';
export const BEGIN = 'begin';
export const COMMIT = 'commit';
