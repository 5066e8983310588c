import type { TableSummary } from '#runtime/tasks/reports.ts';
import { tablesTask } from '#runtime/tasks/tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { flagOption } from './options.ts';
import { renderTable, right } from './render/table.ts';
import { formatBytes, formatCount, formatInstant } from './render/text.ts';
import { report } from './report.ts';
import { withReader } from './with-app.ts';

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const tables = await withReader(invocation, tablesTask);
  if (tables.length === 0 && !terminal.json) {
    terminal.note(
      'There are no tables yet. Import data (condvest import prices.parquet) or build a simulated market (condvest up).',
    );
    return 0;
  }
  await report(terminal, tables, () => describeTables(tables, flagOption(invocation, 'columns'), terminal.width));
  return 0;
}

function describeTables(tables: readonly TableSummary[], withColumns: boolean, width: number): string[] {
  const numbers = ['rows', 'files', 'size'].map(right);
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
  const lines = renderTable(['table', ...numbers, 'first', 'last', right('version'), 'changed'], rows, width);
  if (!withColumns) return lines;
  const details = tables.map(({ table, comment, columns }) => {
    const cells = columns.map((column) => [`  ${column.name}`, column.type, column.comment]);
    return [`\n${table}: ${comment}`, ...renderTable(['  column', 'type', 'meaning'], cells, 200)];
  });
  return [...lines, ...details.flat()];
}
