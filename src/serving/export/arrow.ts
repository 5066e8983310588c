import {
  Field as ArrowField,
  AsyncByteQueue,
  Bool,
  type Data,
  type DataType,
  DateDay,
  Float64,
  Int32,
  Int64,
  makeBuilder,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMillisecond,
  Utf8,
} from 'apache-arrow';

import { MS_PER_DAY, parseIsoDate, toEpochDay } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import type { ColumnType } from '#lake/schema.ts';
import type { Cell, Field, TableStream } from './table-stream.ts';

/**
 * The Arrow IPC stream format (not the file format, which needs a footer with all offsets): schema, one record batch for each
 * batch of rows, end of stream. `pyarrow.ipc.open_stream`, `polars.read_ipc_stream` and DuckDB read it as it comes.
 */
export async function* encodeArrow(table: TableStream): AsyncGenerator<Uint8Array> {
  const collector = new ByteCollector();
  const writer = new RecordBatchStreamWriter({ autoDestroy: false });
  const schema = new Schema(table.fields.map((field) => new ArrowField(field.name, arrowType(field.type), true)));
  writer.reset(collector, schema);
  yield* collector.drain();
  for await (const batch of table.batches) {
    const children = table.fields.map((field, index) => arrowColumn(field, batch.columns[index] ?? []));
    const data = makeData({ type: new Struct(schema.fields), length: batch.rowCount, nullCount: 0, children });
    writer.write(new RecordBatch(schema, data));
    yield* collector.drain();
  }
  writer.finish();
  yield* collector.drain();
}

/** Takes what the writer writes, so that each batch can be handed on before the next is asked for. */
class ByteCollector extends AsyncByteQueue {
  #parts: Uint8Array[] = [];

  override write(value: Parameters<AsyncByteQueue['write']>[0]): void {
    this.#parts.push(bytesOf(value));
  }

  *drain(): Generator<Uint8Array> {
    const parts = this.#parts;
    this.#parts = [];
    if (parts.length > 0) yield Buffer.concat(parts);
  }
}

function bytesOf(value: Parameters<AsyncByteQueue['write']>[0]): Uint8Array {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw new TypeError('the Arrow writer gave something other than bytes');
}

function arrowType(type: ColumnType): DataType {
  switch (type) {
    case 'string':
      return new Utf8();
    case 'date':
      return new DateDay();
    case 'double':
      return new Float64();
    case 'long':
      return new Int64();
    case 'integer':
      return new Int32();
    case 'boolean':
      return new Bool();
    case 'timestamp':
      return new TimestampMillisecond('UTC');
  }
}

function arrowColumn(field: Field, cells: readonly Cell[]): Data {
  const builder = makeBuilder({ type: arrowType(field.type), nullValues: [null] });
  for (const cell of cells) builder.append(cell === null ? null : arrowValue(field, cell));
  return builder.finish().flush();
}

const LONG_MAX = 2n ** 63n - 1n;

function arrowValue(field: Field, cell: Exclude<Cell, null>): unknown {
  if (field.type === 'long') {
    const value = BigInt(cell);
    if (value > LONG_MAX || value < -LONG_MAX - 1n) throw beyondLong(field, value);
    return value;
  }
  if (field.type === 'date' && typeof cell === 'string') {
    const date = parseIsoDate(cell);
    // Our text form has no dates before year 1 or after 9999, but SQL can produce them.
    if (date === undefined) throw beyondDate(field, cell);
    // The builder takes milliseconds even for a column of days.
    return toEpochDay(date) * MS_PER_DAY;
  }
  return cell;
}

function beyondLong(field: Field, value: bigint): UsageError {
  return new UsageError({
    code: 'export-value-out-of-range',
    message: `Column ${field.name} holds a number that is too large for a 64-bit integer`,
    found: value.toString(),
    action: 'Cast the column to DOUBLE or VARCHAR in the statement',
  });
}

function beyondDate(field: Field, value: string): UsageError {
  return new UsageError({
    code: 'export-value-out-of-range',
    message: `Column ${field.name} holds a date outside the years 1 to 9999`,
    found: value,
    action: 'Cast the column to VARCHAR in the statement',
  });
}
