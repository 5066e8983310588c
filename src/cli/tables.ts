import { tablesTask } from '#runtime/tasks/tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { flagOption } from './options.ts';
import { renderTable } from './render/table.ts';
import { formatBytes, formatCount, formatInstant } from './render/text.ts';
import { withApp } from './with-app.ts';

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const tables = await withApp(invocation, tablesTask);
  if (terminal.json) {
    await terminal.line(JSON.stringify(tables, undefined, 2));
    return 0;
  }
  if (tables.length === 0) {
    terminal.note(
      'There are no tables yet. Import data (condvest import prices.parquet) or build a simulated market (condvest up).',
    );
    return 0;
  }
  const columns = [
    { name: 'table' },
    { name: 'rows', align: 'right' as const },
    { name: 'files', align: 'right' as const },
    { name: 'size', align: 'right' as const },
    { name: 'first' },
    { name: 'last' },
    { name: 'version', align: 'right' as const },
    { name: 'changed' },
  ];
  const rows = tables.map((table) => [
    table.table,
    formatCount(table.rows),
    formatCount(table.files),
    formatBytes(table.bytes),
    table.first ?? '',
    table.last ?? '',
    String(table.version),
    formatInstant(table.changedMs),
  ]);
  for (const line of renderTable(columns, rows, terminal.width)) await terminal.line(line);
  if (!flagOption(invocation, 'columns')) return 0;
  for (const table of tables) {
    await terminal.line(`\n${table.table}: ${table.comment}`);
    const cells = table.columns.map((column) => [`  ${column.name}`, column.type, column.comment]);
    for (const line of renderTable([{ name: '  column' }, { name: 'type' }, { name: 'meaning' }], cells, 200)) {
      await terminal.line(line);
    }
  }
  return 0;
}
