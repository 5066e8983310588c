import { COMMANDS } from '../src/cli/commands.ts';
import { BRONZE_TABLES, RESTATEMENTS, silverBars } from '../src/lake/tables.ts';
import type { SettingDefinitions } from '../src/runtime/config/setting-definition.ts';
import { SETTINGS } from '../src/runtime/config/settings.ts';
import { httpApiPages } from './http-api-page.ts';
import { operationsPage } from './operations-page.ts';
import { wrapMarkdown } from './wrap-markdown.ts';

export interface ReferencePage {
  readonly path: string;
  readonly text: string;
}

/** Returns the reference pages that are generated from the code. */
export function referencePages(): ReferencePage[] {
  const pages = [
    { path: 'docs/reference/commands.md', text: commandsPage() },
    { path: 'docs/reference/configuration.md', text: configurationPage() },
    { path: 'docs/reference/schema.md', text: schemaPage() },
    ...httpApiPages(),
    { path: 'docs/reference/operations-schema.md', text: operationsPage() },
  ];
  return pages.map(({ path, text }) => ({ path, text: wrapMarkdown(text) }));
}

function commandsPage(): string {
  const lines = [
    '# Commands',
    '',
    'Run `./condvest COMMAND` in a checkout, or `condvest COMMAND` if the package is installed. Every command takes `--help`,',
    'and `--json` to report on standard output as JSON, errors included. Results go to standard output; everything about the',
    'work goes to standard error: progress on a terminal, and one line a minute during a long fetch in a log. Ctrl-C stops at',
    'the next safe point and leaves nothing half-done.',
    '',
    '| exit code | meaning |',
    '|---|---|',
    '| 0 | done |',
    '| 1 | failed; nothing is left half-done |',
    '| 2 | invalid usage or configuration |',
    '| 3 | done, but the data is incomplete: some sessions are still partial |',
    '| 130 | stopped by Ctrl-C (except `up` and `serve`, which exit with 0) |',
  ];
  for (const { name, description, operands = [], options = [], examples } of COMMANDS) {
    const usage = operands.map((operand) => {
      const inner = `${operand.name.toUpperCase()}${operand.variadic === true ? '…' : ''}`;
      return operand.required ? inner : `[${inner}]`;
    });
    lines.push('', `## ${name}`, '', `\`condvest ${[name, ...usage].join(' ')}\``, '', description);
    if (operands.length + options.length > 0) lines.push('', '| | meaning | default |', '|---|---|---|');
    for (const operand of operands) lines.push(`| \`${operand.name.toUpperCase()}\` | ${operand.doc} | |`);
    for (const { flags, doc, defaultText } of options) lines.push(`| \`${flags}\` | ${doc} | ${defaultText ?? ''} |`);
    lines.push('', '```sh');
    for (const { line, doc } of examples) lines.push(`${line}   # ${doc}`);
    lines.push('```');
  }
  return `${lines.join('\n')}\n`;
}

function configurationPage(): string {
  const lines = [
    '# Configuration',
    '',
    'Everything has a default. Settings come from environment variables, which override `condvest.json` in the home folder',
    '(or the file named by `CONDVEST_CONFIG`). All problems are reported at once, and an unknown name is an error.',
    '',
    '| variable | in the file | meaning | allowed | default |',
    '|---|---|---|---|---|',
  ];
  const settings: SettingDefinitions = SETTINGS;
  for (const [key, { variable, doc, allowed, defaultText = '' }] of Object.entries(settings)) {
    lines.push(
      `| \`${variable}\` | \`${key}\` | ${doc} | ${allowed} | ${defaultText === '' ? 'none' : `\`${defaultText}\``} |`,
    );
  }
  lines.push(
    '',
    'Example file for a machine with 8 GB, with a closure that this release does not know about:',
    '',
    '```json',
    JSON.stringify(
      { memoryLimitBytes: '2GB', closures: [{ date: '2027-06-10', name: 'National day of mourning' }] },
      undefined,
      2,
    ),
    '```',
  );
  return `${lines.join('\n')}\n`;
}

/** Remarks that the comments of columns lack: those are stored in the tables and do not change. */
const NOTES: ReadonlyMap<string, string> = new Map([
  [
    RESTATEMENTS.name,
    'A third `kind` is `restore`: a value that came back when someone restored an earlier version of the daily bars ' +
      '(`condvest restore`). Its `seen_at` is the instant of the restore. Rows that a restore adds or removes are not ' +
      'listed; its commit counts them.',
  ],
]);

function schemaPage(): string {
  const lines = [
    '# Tables',
    '',
    'Each table is a folder in Delta Lake format under `lake/`. In SQL it is a view of the same name, with a dot instead of',
    'the slash. All columns are nullable in the schema. Timestamps are UTC in whole milliseconds, prices are in US dollars,',
    'volumes in shares.',
  ];
  const tables = [...BRONZE_TABLES, silverBars(3)];
  for (const { name, comment, columns, key, sortBy, partitionBy } of tables) {
    const others =
      name === 'silver/bars_3d' ? '; likewise `bars_5d`, `bars_8d`, `bars_13d`, `bars_21d`, `bars_34d`' : '';
    lines.push('', `## ${name}`, '', `${comment}${others}.`, '');
    lines.push(`Unique by ${key.join(', ')}. Rows of a file are sorted by ${sortBy.join(', ')}.`);
    if (partitionBy.length > 0) lines.push(`Partitioned by ${partitionBy.join(', ')}.`);
    lines.push('', '| column | type | meaning |', '|---|---|---|');
    for (const column of columns) lines.push(`| \`${column.name}\` | ${column.type} | ${column.comment} |`);
    const note = NOTES.get(name);
    if (note !== undefined) lines.push('', note);
  }
  return `${lines.join('\n')}\n`;
}
