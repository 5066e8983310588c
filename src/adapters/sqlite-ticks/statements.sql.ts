/** Statements on a file of ticks. */

export const BEGIN = 'begin immediate';
export const COMMIT = 'commit';
export const ROLLBACK = 'rollback';

export const PUT_CHECKPOINT = `
  insert into checkpoint (id, position, read_after, state) values (1, ?, ?, ?)
  on conflict (id) do update
  set position = excluded.position, read_after = excluded.read_after, state = excluded.state
  where excluded.position > position`;
export const CHECKPOINT = 'select position, read_after, state from checkpoint';

export const APPEND = `
  insert into journal (number, kind, connection, received_ms, bytes) values (?, ?, ?, ?, ?)`;
export const READ_JOURNAL = `
  select position, number, kind, connection, received_ms, bytes
  from journal where position > ? order by position`;
export const TRIM_JOURNAL = 'delete from journal where position <= ?';

export const PUT_BLOCK = `
  insert into blocks (symbol, kind, minute_ms, rev, piece_sizes, bytes) values (?, ?, ?, ?, ?, ?)
  on conflict (symbol, kind, minute_ms) do update
  set rev = excluded.rev, piece_sizes = excluded.piece_sizes, bytes = excluded.bytes
  where excluded.rev > rev`;
export const PUT_BAR = `
  insert into bars (symbol, start_ms, part, rev, state, origin, value) values (?, ?, ?, ?, ?, ?, ?)
  on conflict (symbol, start_ms, part) do update
  set rev = excluded.rev, state = excluded.state, origin = excluded.origin, value = excluded.value
  where excluded.rev > rev`;
export const PUT_STRETCH = `
  insert into stretches (symbol, kind, from_ms, to_ms) values (?, ?, ?, ?)
  on conflict (symbol, kind, from_ms) do update set to_ms = excluded.to_ms where excluded.to_ms > to_ms`;
export const PUT_GAP = 'insert or ignore into gaps (symbols, from_ms, to_ms, reason) values (?, ?, ?, ?)';

const BLOCK = 'select rowid as id, symbol, kind, minute_ms, rev, piece_sizes, bytes from blocks';
/** One symbol: symbol, kind, after minute, before minute. */
export const BLOCKS_OF_SYMBOL = `
  ${BLOCK} where symbol = ? and kind = ? and minute_ms > ? and minute_ms < ? order by minute_ms`;
/** All symbols: kind, after (minute, id), before minute. */
export const BLOCKS_OF_ALL = `
  ${BLOCK} where kind = ? and (minute_ms, rowid) > (?, ?) and minute_ms < ? order by minute_ms, rowid`;

const BAR = 'select rowid as id, symbol, start_ms, part, rev, state, origin, value from bars';
/** One symbol: symbol, after (start, part), before start. */
export const BARS_OF_SYMBOL = `
  ${BAR} where symbol = ? and (start_ms, part) > (?, ?) and start_ms < ? order by start_ms, part`;
/** All symbols: after (start, id), before start. */
export const BARS_OF_ALL = `
  ${BAR} where (start_ms, rowid) > (?, ?) and start_ms < ? order by start_ms, rowid`;

/** After, before; the symbol twice, null for all. A stretch of all symbols has the empty text as its symbol. */
export const STRETCHES = `
  select symbol, kind, from_ms, to_ms from stretches
  where to_ms > ? and from_ms < ? and (? is null or symbol in ('', ?))
  order by from_ms, symbol, kind`;
/** After, before; the symbol twice, null for all. A gap of all symbols has null among JSON values as its symbols. */
export const GAPS = `
  select symbols, from_ms, to_ms, reason from gaps
  where to_ms > ? and from_ms < ?
    and (? is null or symbols = 'null' or exists (select 1 from json_each(symbols) where value = ?))
  order by from_ms, to_ms, symbols, reason`;

export const COUNTS = 'select (select count(*) from blocks) as blocks, (select count(*) from bars) as bars';
export const KEPT_SYMBOLS = `
  select symbol, kind, min(minute_ms) as first_ms, max(minute_ms) as last_ms, count(*) as n
  from blocks group by symbol, kind
  union all
  select symbol, 'bars', min(start_ms), max(start_ms), count(*) from bars group by symbol
  order by 1, 2`;
