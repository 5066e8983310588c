import { printable } from '#base/printable.ts';
import { historyTask } from '#runtime/tasks/tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { wholeOption } from './options.ts';
import { renderTable, right } from './render/table.ts';
import { formatBytes, formatCount, formatInstant } from './render/text.ts';
import { report } from './report.ts';
import { withReader } from './with-app.ts';

const VERSIONS_SHOWN = 20;
const VERSIONS_MAX = 100_000;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal, operands } = invocation;
  const limit = wholeOption(invocation, 'limit', 1, VERSIONS_MAX) ?? VERSIONS_SHOWN;
  const entries = await withReader(invocation, (app) => historyTask(app, operands[0] ?? '', limit));
  const columns = [
    right('version'),
    'when',
    'operation',
    'from',
    right('rows'),
    'files',
    right('size'),
    'sessions',
    'by',
  ];
  const rows = entries.map((entry) => [
    String(entry.version),
    entry.timestampMs === undefined ? '' : formatInstant(entry.timestampMs),
    printable(entry.dataChange ? entry.operation : `${entry.operation} (no data change)`),
    describeOrigin(entry),
    entry.rowsAdded === undefined ? '?' : formatCount(entry.rowsAdded),
    `+${entry.filesAdded} −${entry.filesRemoved}`,
    formatBytes(entry.bytesAdded),
    shortSessions(entry.units),
    printable(entry.engine),
  ]);
  await report(terminal, entries, () => renderTable(columns, rows, terminal.width));
  const oldest = entries.at(-1)?.version ?? 0;
  if (oldest > 0 && !terminal.json) terminal.note(`(the newest ${entries.length}; more with --limit)`);
  return 0;
}

/** Returns the first and last date of a session set's text. */
function shortSessions(text: string | undefined): string {
  const dates = text?.match(/\d{4}-\d{2}-\d{2}/g) ?? [];
  const [first, last] = [dates[0], dates.at(-1)];
  if (first === undefined) return '';
  return first === last ? first : `${first} … ${last}`;
}

/** Describes where the rows of a version came from; empty if its writer did not say. */
export function describeOrigin({ operation, parameters }: Pick<Entry, 'operation' | 'parameters'>): string {
  const { command, source, file, files, version } = parameters;
  if (operation === 'RESTORE') return typeof version === 'number' ? `version ${version}` : 'before version 0';
  if (command === 'fetch') return `fetch from ${source}`;
  if (command === 'restore') return 'restore of another table';
  if (command !== 'import') return '';
  const more = typeof files === 'number' && files > 1 ? ` and ${files - 1} more` : '';
  return `import of ${file}${more}${source === 'import' ? '' : ` as ${source}`}`;
}

type Entry = Awaited<ReturnType<typeof historyTask>>[number];
