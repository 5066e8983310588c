import type { InstantMs } from '#base/dates.ts';
import type { ColumnType } from '#lake/schema.ts';
import { decimalText } from './decimal-text.ts';
import { instantTexts } from './instant-text.ts';
import type { Cell, Field, RowBatch, TableStream } from './table-stream.ts';

/**
 * JSON rows as objects, dates and instants as ISO text. JSON has no NaN and no infinity: they are written as null. A long
 * beyond 2^53 keeps all its digits, as JSON allows; read it with a parser that does too.
 */

/** One array, one row a line. */
export async function* encodeJson(table: TableStream): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const linesOf = rowLines(table.fields);
  let before = '[\n';
  for await (const batch of table.batches) {
    let text = '';
    for (const line of linesOf(batch)) {
      text += before + line;
      before = ',\n';
    }
    yield encoder.encode(text);
  }
  yield encoder.encode(before === '[\n' ? '[]\n' : '\n]\n');
}

/** Newline-delimited JSON: one object a line. */
export async function* encodeNdjson(table: TableStream): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const linesOf = rowLines(table.fields);
  for await (const batch of table.batches) {
    let text = '';
    for (const line of linesOf(batch)) text += `${line}\n`;
    yield encoder.encode(text);
  }
}

/** Returns a function that writes the rows of a batch as JSON objects. */
function rowLines(fields: readonly Field[]): (batch: RowBatch) => Generator<string> {
  const keys = fields.map((field, index) => `${index === 0 ? '' : ','}${JSON.stringify(field.name)}:`);
  const textOf = instantTexts();
  return function* lines({ rowCount, columns }) {
    for (let row = 0; row < rowCount; row += 1) {
      let text = '{';
      for (let i = 0; i < fields.length; i += 1)
        text += keys[i] + jsonCell(columns[i]?.[row] ?? null, fields[i]?.type, textOf);
      yield `${text}}`;
    }
  };
}

function jsonCell(value: Cell, type: ColumnType | undefined, textOf: (ms: InstantMs) => string): string {
  if (value === null) return 'null';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return 'null';
    if (type === 'double') return decimalText(value);
    if (type === 'timestamp') return `"${textOf(value)}"`;
  }
  return JSON.stringify(value);
}
