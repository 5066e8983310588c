import { printable } from '#base/printable.ts';

/** Tables for the terminal: aligned columns, numbers to the right, wide texts truncated with an ellipsis. */

export interface TableColumn {
  readonly name: string;
  readonly align: 'left' | 'right';
}

/** Returns a column of numbers. A column that is given by its name alone is one of texts. */
export function right(name: string): TableColumn {
  return { name, align: 'right' };
}

const GAP = '  ';
const CELL_WIDTH_MAX = 60;

/**
 * Returns the lines of a table. Columns that do not fit into `width` are dropped from the right and named in a last
 * line, so that nothing is lost silently.
 */
export function renderTable(
  given: readonly (TableColumn | string)[],
  cells: readonly (readonly string[])[],
  width: number,
): string[] {
  const rows = cells.map((row) => row.map((cell) => printable(cell)));
  const columns = given.map((column) => (typeof column === 'string' ? { name: column, align: 'left' } : column));
  const widths = columns.map((column, index) =>
    Math.min(CELL_WIDTH_MAX, Math.max(column.name.length, ...rows.map((row) => (row[index] ?? '').length))),
  );
  let shown = 0;
  let used = 0;
  while (shown < columns.length) {
    const next = used + (shown === 0 ? 0 : GAP.length) + (widths[shown] ?? 0);
    if (next > width && shown > 0) break;
    used = next;
    shown += 1;
  }
  const line = (row: readonly string[]): string =>
    row
      .slice(0, shown)
      .map((cell, index) => pad(cell, widths[index] ?? 0, columns[index]?.align))
      .join(GAP)
      .trimEnd();
  const lines = [line(columns.map((column) => column.name)), line(widths.map((size) => '─'.repeat(size)))];
  for (const row of rows) lines.push(line(row));
  if (shown < columns.length) {
    const hidden = columns.slice(shown).map((column) => column.name);
    lines.push(`(too narrow for ${hidden.join(', ')}; widen the terminal or use --json)`);
  }
  return lines;
}

function pad(text: string, width: number, align: string | undefined): string {
  const cut = text.length > width ? `${text.slice(0, width - 1)}…` : text;
  return align === 'right' ? cut.padStart(width) : cut.padEnd(width);
}
