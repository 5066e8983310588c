import { DatabaseSync } from 'node:sqlite';
import { MIGRATIONS, MIGRATIONS_TABLE } from '../src/adapters/sql/migrations.ts';

/** The purpose and columns of each table of the operational store. A table or column without an entry is an error. */
const MEANINGS: Readonly<Record<string, readonly [purpose: string, columns: Readonly<Record<string, string>>]>> = {
  runs: [
    'One row per run: of the pipeline (`daily`), of the initial `build`, of the weekly `vacuum`.',
    {
      id: 'Its start time, with four characters that make it unique',
      kind: '`daily`, `build`, `vacuum`',
      input: 'JSON; a resumed run gets the same input',
      state: '`running`, `succeeded`, `failed`',
      started_ms: 'Start of its first attempt',
      ended_ms: 'End; null while running',
      output: 'JSON of its report, or null',
      error: 'Why it failed, or null',
      tries: '1, plus one for each time it was resumed',
    },
  ],
  run_steps: [
    'One row per attempt at a step.',
    {
      run_id: 'The run',
      step: '`plan`, `fetch bars`, `resample 5` …',
      attempt: 'From 1, counted across resumed runs',
      state: '`running`, `succeeded`, `failed`',
      started_ms: 'Start',
      ended_ms: 'End; null while running',
      row_count: 'Rows written, if the step counts any',
      detail: 'A human-readable line; progress while running',
      error: 'Why it failed, or null',
    },
  ],
  leases: [
    'One row while a run is in progress.',
    {
      name: '`pipeline:daily`',
      holder: 'Machine, process, process-id namespace, and a unique part',
      expires_ms: 'After this instant anyone may take it over',
    },
  ],
  notices: [
    'One row for each time a condition began to hold, or something happened.',
    {
      id: 'Unique; webhooks and e-mails carry it',
      notice_key: 'Identity of the condition: `session-missing:2026-11-23`',
      kind: 'See the [operations guide](../how-to/operate.md)',
      severity: '`error`, `warning`, `information`',
      title: 'One line',
      body: 'What happened and what to do',
      session_date: 'The session it concerns, or null',
      seen_ms: 'When the latest run found it',
      state: '`open`, `resolved`',
      first_seen_ms: 'When it was first found',
      last_seen_ms: 'When it was last found',
      resolved_ms: 'When it was resolved, or null',
      seen_count: 'How often it was found while open',
    },
  ],
  open_notices: [
    'One row per open condition. Its key lets two processes agree on whether the condition is new.',
    { notice_key: 'Identity of the condition', notice_id: 'The open notice' },
  ],
  deliveries: [
    'Notices that were delivered, by channel.',
    {
      channel: '`console`, `webhook`, `email`',
      notice_id: 'The notice',
      event: '`opened`, `resolved`',
      delivered_ms: 'When the receiver accepted it',
    },
  ],
  refusals: [
    'Failed deliveries: one row for each event that a channel has not accepted.',
    {
      channel: '`console`, `webhook`, `email`',
      notice_id: 'The notice',
      event: '`opened`, `resolved`',
      refused_count: 'Failed attempts',
      next_ms: 'When it is due again; 9007199254740991 for a dead letter',
    },
  ],
  listings: [
    'A copy of `bronze/listings`, searchable without the lake. Only rows of the current generation count.',
    {
      generation: 'Number of the replacement of all rows',
      security_id: 'Our permanent security id',
      symbol: 'Ticker, case-sensitive',
      first_session: 'First session under this symbol',
      last_session: 'Last session under this symbol, or null',
      name: 'Name of the security',
      type: "Vendor's type code",
      exchange: 'Primary exchange, MIC',
      name_search: 'The name in lower case',
    },
  ],
  listings_generation: ['The current generation.', { id: '`current`', generation: 'The generation' }],
  api_keys: [
    'API keys of callers. Only digests are stored, never the keys themselves.',
    {
      id: 'The public part of the key',
      name: 'A name for people',
      digest: 'SHA-256 of the key, hexadecimal',
      scopes: '`read`, `admin`, separated by a space',
      requests_per_minute: 'Rate limit, or null for none',
      requests_per_day: 'Daily budget, or null for none',
      created_ms: 'When it was created',
      last_used_ms: 'When it was last used, to within seconds, or null',
      revoked_ms: 'When it was revoked, or null',
      used_day: 'The day that `used_requests` counts, or null',
      used_requests: 'Requests of that day, written every few seconds',
    },
  ],
  api_key_names: [
    'Key names in use. The row lets two processes agree on which key has a name.',
    { name: 'The name', key_id: 'The key' },
  ],
  condvest_migrations: ['Applied versions of this schema.', { version: 'From 1', applied_ms: 'When it was applied' }],
};

interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly pk: number;
}

/** Returns the page on the tables of the operational store, as the migrations create them. */
export function operationsPage(): string {
  const database = new DatabaseSync(':memory:');
  for (const statement of [MIGRATIONS_TABLE, ...MIGRATIONS.flat()]) database.exec(statement);
  const tables = database.prepare("select name from sqlite_master where type = 'table' order by rowid").all();
  const lines = [
    '# The operational store',
    '',
    'Runs, leases, notices and API keys, in `operations.sqlite` in the home folder or in the PostgreSQL database of',
    '`DATABASE_URL`, with the same tables in both. It holds no market data. Its schema is migrated when it is opened, forward',
    'only; a newer schema is rejected. Instants (`_ms`) are UTC epoch milliseconds. Completed runs and resolved notices are',
    'retained for 400 days.',
  ];
  for (const { name } of tables as { name: string }[]) {
    const meaning = MEANINGS[name];
    if (meaning === undefined) throw new Error(`table ${name} has no description`);
    const [purpose, columns] = meaning;
    const found = database.prepare(`pragma table_info(${name})`).all() as unknown as TableColumn[];
    const key = found.filter(({ pk }) => pk > 0).map((column) => `\`${column.name}\``);
    lines.push(
      '',
      `## ${name}`,
      '',
      `${purpose} Unique by ${key.join(', ')}.`,
      '',
      '| column | type | meaning |',
      '|---|---|---|',
    );
    for (const column of found) {
      const text = columns[column.name];
      if (text === undefined) throw new Error(`column ${name}.${column.name} has no description`);
      lines.push(`| \`${column.name}\` | ${column.type.toLowerCase()} | ${text} |`);
    }
  }
  database.close();
  return `${lines.join('\n')}\n`;
}
