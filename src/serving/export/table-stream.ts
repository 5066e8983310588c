import type { ColumnType } from '#lake/schema.ts';

/**
 * Rows on their way out, in batches of columns. Whoever encodes pulls one batch at a time, and whoever makes them makes the
 * next only when it is pulled: memory holds one batch whatever the size of the result.
 */
export interface TableStream {
  readonly fields: readonly Field[];
  readonly batches: AsyncIterable<RowBatch>;
}

export interface Field {
  readonly name: string;
  readonly type: ColumnType;
}

/**
 * A value by its field's type: date as `YYYY-MM-DD`, timestamp as epoch milliseconds, long as a number or, where a number
 * would lose digits, a bigint.
 */
export type Cell = string | number | bigint | boolean | null;

export interface RowBatch {
  readonly rowCount: number;
  /** In the order of the fields, each `rowCount` long. */
  readonly columns: readonly (readonly Cell[])[];
}

/** A row as an object, by field name. */
export type Row = Readonly<Record<string, Cell>>;

/** The most rows that one batch made here holds; DuckDB's own chunks are of this size too. */
export const BATCH_ROWS_MAX = 2048;

/** Rows that are in memory already, as a stream. */
export function streamRows(fields: readonly Field[], rows: readonly Row[]): TableStream {
  async function* batches(): AsyncGenerator<RowBatch> {
    for (let start = 0; start < rows.length; start += BATCH_ROWS_MAX) {
      const part = rows.slice(start, start + BATCH_ROWS_MAX);
      yield { rowCount: part.length, columns: fields.map(({ name }) => part.map((row) => row[name] ?? null)) };
    }
  }
  return { fields, batches: batches() };
}

/** The rows of one batch as objects. Fields of one name: the last wins, as it does in any object. */
export function* rowsOf(fields: readonly Field[], batch: RowBatch): Generator<Row> {
  for (let index = 0; index < batch.rowCount; index += 1) {
    const row: Record<string, Cell> = {};
    for (const [column, field] of fields.entries()) row[field.name] = batch.columns[column]?.[index] ?? null;
    yield row;
  }
}
