import { DatabaseSync } from 'node:sqlite';
import { MIGRATIONS, MIGRATIONS_TABLE } from '../src/adapters/sql/migrations.ts';

/** What each table of the operational store is for, and each of its columns. A table or column without a line is an error. */
const MEANINGS: Readonly<Record<string, readonly [purpose: string, columns: Readonly<Record<string, string>>]>> = {
  runs: [
    'One row a run: of the pipeline (`daily`), of the first filling (`build`), of the weekly `vacuum`.',
    {
      id: 'When it started, and four characters that make it unique',
      kind: '`daily`, `build`, `vacuum`',
      input: 'JSON; a resumed run gets the same again',
      state: '`running`, `succeeded`, `failed`',
      started_ms: 'Start of its first try',
      ended_ms: 'End; null while it runs',
      output: 'JSON of what was told, or null',
      error: 'Why it failed, or null',
      tries: '1, and one more each time it was resumed',
    },
  ],
  run_steps: [
    'One row an attempt at a step.',
    {
      run_id: 'The run',
      step: '`plan`, `fetch bars`, `resample 5` …',
      attempt: 'From 1, over all tries of the run',
      state: '`running`, `succeeded`, `failed`',
      started_ms: 'Start',
      ended_ms: 'End; null while it runs',
      row_count: 'Rows written, where it counts any',
      detail: 'A line for a person; progress while it runs',
      error: 'Why it failed, or null',
    },
  ],
  leases: [
    'Who is at work: one row while a run is under way.',
    {
      name: '`pipeline:daily`',
      holder: 'Machine, process, place of the process ids, and a part that is unique',
      expires_ms: 'After this instant anybody may take it over',
    },
  ],
  notices: [
    'One row for each time that a condition held, or that something happened.',
    {
      id: 'Unique; what webhooks and mails carry',
      notice_key: 'Identity of the condition: `session-missing:2026-11-23`',
      kind: 'As the [operations guide](../how-to/operate.md) lists them',
      severity: '`error`, `warning`, `information`',
      title: 'One line',
      body: 'What happened and what to do',
      session_date: 'The session it is about, or null',
      seen_ms: 'When it was found by the latest run',
      state: '`open`, `resolved`',
      first_seen_ms: 'When it was first found',
      last_seen_ms: 'When it was last found',
      resolved_ms: 'When it was over, or null',
      seen_count: 'Times it was found while open',
    },
  ],
  open_notices: [
    'One row for each open condition: by its key two processes agree on whether it is news.',
    { notice_key: 'Identity of the condition', notice_id: 'The open notice' },
  ],
  deliveries: [
    'What got through to whom.',
    {
      channel: '`console`, `webhook`, `email`',
      notice_id: 'The notice',
      event: '`opened`, `resolved`',
      delivered_ms: 'When the other side had taken it',
    },
  ],
  refusals: [
    'What a channel refused for good: it is tried again a day later, a week long.',
    {
      channel: '`console`, `webhook`, `email`',
      notice_id: 'The notice',
      event: '`opened`, `resolved`',
      refused_count: 'How often',
      next_ms: 'Not tried again before',
    },
  ],
  listings: [
    'A copy of `bronze/listings` that can be searched without the lake. Only rows of the current generation count.',
    {
      generation: 'A replacement of all rows',
      security_id: 'Ours, permanent',
      symbol: 'Ticker, case-sensitive',
      first_session: 'First session under this symbol',
      last_session: 'Last session under this symbol, or null',
      name: 'Name of the security',
      type: "Vendor's type code",
      exchange: 'Primary exchange, MIC',
      name_search: 'The name in lower case',
    },
  ],
  listings_generation: ['Which generation is the current one.', { id: '`current`', generation: 'The generation' }],
  api_keys: [
    'Who may ask a server. A key itself is kept nowhere.',
    {
      id: 'The part of the key that may be shown',
      name: 'What people call it',
      digest: 'SHA-256 of the key, hexadecimal',
      scopes: '`read`, `admin`, separated by a space',
      requests_per_minute: 'Rate limit, or null for none',
      requests_per_day: 'Budget a day, or null for none',
      created_ms: 'When it was made',
      last_used_ms: 'When it was last used, to within seconds, or null',
      revoked_ms: 'From when on it is refused, or null',
      used_day: 'The day that `used_requests` counts, or null',
      used_requests: 'Requests of that day, written every few seconds',
    },
  ],
  api_key_names: [
    'Names of keys in use: by its name two processes agree on who has it.',
    { name: 'The name', key_id: 'The key' },
  ],
  condvest_migrations: ['Versions of this schema that were applied.', { version: 'From 1', applied_ms: 'When' }],
};

interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly pk: number;
}

/** The page on the operational store's tables, as the migrations make them. */
export function operationsPage(): string {
  const database = new DatabaseSync(':memory:');
  for (const statement of [MIGRATIONS_TABLE, ...MIGRATIONS.flat()]) database.exec(statement);
  const tables = database.prepare("select name from sqlite_master where type = 'table' order by rowid").all();
  const lines = [
    '# The store of runs and notices',
    '',
    '`operations.sqlite` in the home folder, or the PostgreSQL database that `DATABASE_URL` names; the same tables in both. No market',
    'data is in it. It is brought up to date when it is opened, forward only; a newer one is refused. Instants (`_ms`) are UTC epoch',
    'milliseconds. Ended runs and resolved notices are kept for 400 days.',
  ];
  for (const { name } of tables as { name: string }[]) {
    const meaning = MEANINGS[name];
    if (meaning === undefined) throw new Error(`table ${name} has no meaning`);
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
      if (text === undefined) throw new Error(`column ${name}.${column.name} has no meaning`);
      lines.push(`| \`${column.name}\` | ${column.type.toLowerCase()} | ${text} |`);
    }
  }
  database.close();
  return `${lines.join('\n')}\n`;
}
