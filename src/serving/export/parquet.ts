import type { Lake } from '#lake/lake.ts';
import { sqlName, sqlText } from '#lake/sql-text.ts';
import type { LocalFiles } from '#ports/local-files.ts';
import type { Cell, Field, TableStream } from './table-stream.ts';

const SQL_TYPES: Readonly<Record<Field['type'], string>> = {
  string: 'VARCHAR',
  date: 'DATE',
  double: 'DOUBLE',
  long: 'BIGINT',
  integer: 'INTEGER',
  boolean: 'BOOLEAN',
  timestamp: 'TIMESTAMPTZ',
};

/**
 * Rows as one Parquet file. A Parquet file ends with its index, so it is written to scratch first and then streamed; memory
 * holds a batch, and the database spills what it has not written yet.
 */
export async function* parquetOf(lake: Lake, files: LocalFiles, table: TableStream): AsyncGenerator<Uint8Array> {
  await using scratch = await lake.scratchFile();
  using session = await lake.session();
  // Names are given only in the last statement, since two columns of a result may share one.
  const columns = table.fields.map(({ type }, index) => `${sqlName(`c${index}`)} ${SQL_TYPES[type]}`);
  await session.run(`CREATE TEMP TABLE export_rows (${columns.join(', ')})`);
  for await (const { rowCount, columns: values } of table.batches) {
    const rows: Cell[][] = [];
    for (let row = 0; row < rowCount; row += 1) rows.push(values.map((column) => column[row] ?? null));
    await session.run(
      `INSERT INTO export_rows SELECT ${table.fields.map((field, index) => castSql(field, index)).join(', ')} FROM (SELECT unnest(from_json($1, '["JSON"]')) AS r)`,
      [JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))],
    );
  }
  const named = table.fields.map(({ name }, index) => `${sqlName(`c${index}`)} AS ${sqlName(name)}`).join(', ');
  await session.run(
    `COPY (SELECT ${named} FROM export_rows) TO ${sqlText(scratch.path)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  yield* files.stream(scratch.path);
}

function castSql({ type }: Field, index: number): string {
  const text = `(r->>${index})`;
  return type === 'timestamp' ? `make_timestamp(${text}::BIGINT * 1000)::TIMESTAMPTZ` : `${text}::${SQL_TYPES[type]}`;
}
