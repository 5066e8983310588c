import type { InstantMs } from '#base/dates.ts';
import type { ColumnType } from '#lake/schema.ts';
import { decimalText } from './decimal-text.ts';
import { instantTexts } from './instant-text.ts';
import type { Cell, TableStream } from './table-stream.ts';

/**
 * CSV by RFC 4180: a header, fields quoted where they hold a comma, a quote or a line end. Null is an empty field and the
 * empty text is `""`. Lines end in a line feed, as those of DuckDB, Polars and pandas do. Numbers are the shortest text that
 * reads back as the same number; those of a column of doubles always have a point.
 */
export async function* encodeCsv(table: TableStream): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode(`${table.fields.map((field) => quoted(field.name)).join(',')}\n`);
  const types = table.fields.map(({ type }) => type);
  const textOf = instantTexts();
  for await (const { rowCount, columns } of table.batches) {
    let text = '';
    for (let row = 0; row < rowCount; row += 1) {
      for (let i = 0; i < types.length; i += 1) {
        if (i > 0) text += ',';
        text += csvCell(columns[i]?.[row] ?? null, types[i], textOf);
      }
      text += '\n';
    }
    yield encoder.encode(text);
  }
}

function csvCell(value: Cell, type: ColumnType | undefined, textOf: (ms: InstantMs) => string): string {
  if (value === null) return '';
  if (typeof value === 'string') return value === '' ? '""' : quoted(value);
  if (type === 'double') return decimalText(Number(value));
  if (type === 'timestamp') return textOf(Number(value));
  return String(value);
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
