/** Also created before the first migration, which runs under a lease. */
export const LEASES_TABLE =
  'create table if not exists leases (name text primary key, holder text not null, expires_ms bigint not null)';

/**
 * The schema, version by version. Forward only: a released statement is never changed. It uses only what SQLite,
 * PostgreSQL and Aurora DSQL all support: no sequences, no foreign keys, one statement at a time, each repeatable.
 */
export const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `create table if not exists runs (
      id text primary key, kind text not null, input text not null, state text not null, started_ms bigint not null,
      ended_ms bigint, output text, error text, tries bigint not null)`,
    `create table if not exists run_steps (
      run_id text not null, step text not null, attempt bigint not null, state text not null, started_ms bigint not null,
      ended_ms bigint, row_count bigint, detail text, error text, primary key (run_id, step, attempt))`,
    LEASES_TABLE,
    `create table if not exists notices (
      id text primary key, notice_key text not null, kind text not null, severity text not null, title text not null,
      body text not null, session_date text, seen_ms bigint not null, state text not null, first_seen_ms bigint not null,
      last_seen_ms bigint not null, resolved_ms bigint, seen_count bigint not null)`,
    'create table if not exists open_notices (notice_key text primary key, notice_id text not null)',
    `create table if not exists deliveries (
      channel text not null, notice_id text not null, event text not null, delivered_ms bigint not null,
      primary key (channel, notice_id, event))`,
    `create table if not exists listings (
      generation text not null, security_id text not null, symbol text not null, first_session text not null,
      last_session text, name text, type text, exchange text, name_search text not null,
      primary key (generation, symbol, first_session))`,
    'create table if not exists listings_generation (id text primary key, generation text not null)',
  ],
  [
    `create table if not exists api_keys (
      id text primary key, name text not null, digest text not null, scopes text not null, requests_per_minute bigint,
      requests_per_day bigint, created_ms bigint not null, last_used_ms bigint, revoked_ms bigint, used_day text,
      used_requests bigint not null)`,
    'create table if not exists api_key_names (name text primary key, key_id text not null)',
  ],
  [
    `create table if not exists refusals (
      channel text not null, notice_id text not null, event text not null, refused_count bigint not null,
      next_ms bigint not null, primary key (channel, notice_id, event))`,
  ],
];

export const MIGRATIONS_TABLE = `create table if not exists condvest_migrations (
  version bigint primary key, applied_ms bigint not null)`;
