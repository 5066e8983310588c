import { encode, type TableStream } from '#runtime/tasks/formats.ts';
import { queryTask } from '#runtime/tasks/tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { instantOption, wholeOption } from './options.ts';
import { renderTable } from './render/table.ts';
import { formatCount, formatInstant } from './render/text.ts';
import { formatFor, refuseBinaryTerminal, writeResult } from './result-file.ts';
import { withReader } from './with-app.ts';

const ROWS_SHOWN = 100;
const ROWS_MAX = 1_000_000;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { operands } = invocation;
  const format = formatFor(invocation);
  refuseBinaryTerminal(invocation, format);
  const asOfMs = instantOption(invocation, 'asOf');
  const limit = wholeOption(invocation, 'limit', 1, ROWS_MAX) ?? ROWS_SHOWN;
  return withReader(invocation, async (app): Promise<ExitCode> => {
    await using query = await queryTask(app, operands[0] ?? '', asOfMs);
    const chunks = format === 'table' ? tableText(query.table, limit, invocation) : encode(app, query.table, format);
    await writeResult(invocation, format, chunks);
    return 0;
  });
}

/**
 * Renders the first rows, at most `limit`, as a table. They are buffered, since column widths depend on all of them.
 */
async function* tableText(table: TableStream, limit: number, invocation: Invocation): AsyncGenerator<string> {
  const rows: string[][] = [];
  let isCut = false;
  reading: for await (const { rowCount, columns } of table.batches) {
    for (let row = 0; row < rowCount; row += 1) {
      if (rows.length === limit) {
        isCut = true;
        break reading;
      }
      rows.push(columns.map((values, index) => cellText(values[row], table.fields[index]?.type ?? 'string')));
    }
  }
  const columns = table.fields.map(({ name, type }) => ({
    name,
    align: type === 'double' || type === 'long' || type === 'integer' ? ('right' as const) : ('left' as const),
  }));
  for (const line of renderTable(columns, rows, invocation.terminal.width)) yield `${line}\n`;
  if (isCut) yield `(first ${formatCount(limit)} rows; more with --limit, all with --format csv)\n`;
}

function cellText(value: unknown, type: string): string {
  if (value === null || value === undefined) return '';
  if (type === 'timestamp' && typeof value === 'number') return formatInstant(value);
  return String(value);
}
