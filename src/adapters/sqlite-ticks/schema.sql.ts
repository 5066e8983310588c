/** Layout of a file of ticks. `docs/reference/live-storage.md` describes its tables. */

/** In the file's header, so that `file` and we know whose it is: "CVTK". */
export const APPLICATION_ID = 0x4356544b;
/** Version of the layout, in the file's header. A file of a later one is refused. */
export const LAYOUT = 1;

export const IDENTITY = `
  select application_id, user_version from pragma_application_id, pragma_user_version`;

/** Finds damage in any page. Returns "ok" or up to one finding. */
export const CHECK = 'pragma quick_check(1)';

/**
 * Positions are `autoincrement`: SQLite would otherwise give the number of a deleted last row to the next one. They begin
 * where `SET_FIRST_POSITION` says. Write-ahead logging is a lasting property of the file.
 */
export const CREATE = `
  pragma application_id = ${APPLICATION_ID};
  pragma user_version = ${LAYOUT};
  pragma journal_mode = wal;
  begin;
  create table checkpoint (
    id integer primary key check (id = 1),
    position integer not null,
    read_after integer not null,
    state blob not null
  );
  create table journal (
    position integer primary key autoincrement,
    number integer not null,
    kind text not null,
    connection integer not null,
    received_ms integer not null,
    bytes blob not null
  );
  create table blocks (
    symbol text not null,
    kind text not null,
    minute_ms integer not null,
    rev integer not null,
    piece_sizes text,
    bytes blob not null,
    primary key (symbol, kind, minute_ms)
  );
  create index blocks_by_minute on blocks (minute_ms);
  create table bars (
    symbol text not null,
    start_ms integer not null,
    part text not null,
    rev integer not null,
    state text not null,
    origin text not null,
    value blob not null,
    primary key (symbol, start_ms, part)
  );
  create index bars_by_start on bars (start_ms);
  create table stretches (
    symbol text not null,
    kind text not null,
    from_ms integer not null,
    to_ms integer not null,
    primary key (symbol, kind, from_ms)
  ) without rowid;
  create table gaps (
    symbols text not null,
    from_ms integer not null,
    to_ms integer not null,
    reason text not null,
    primary key (from_ms, to_ms, symbols, reason)
  ) without rowid;
  commit;`;

export const SET_FIRST_POSITION = "insert into sqlite_sequence (name, seq) values ('journal', ?)";

/** Acknowledged is durable: every commit waits for the disk. */
export const WRITER_SETTINGS = `
  pragma synchronous = full;
  pragma journal_size_limit = 16777216;`;
