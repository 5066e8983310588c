import { DOUBLE, type DuckDBDataChunk, type DuckDBInstance, DuckDBTableFunction, INTEGER } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';

import { assert } from '#base/assert.ts';

import { BLOCK_ROWS, type NumberBlock, type NumberColumn, type NumberTable, type ServedTable } from './number-table.ts';

/** Returns the values of one column of a chunk, in DuckDB's own memory: valid as long as the chunk is. */
export function numbersOf(chunk: DuckDBDataChunk, index: number, type: string): NumberColumn {
  assert(type === 'DOUBLE' || type === 'INTEGER', `a column of numbers is ${type}`);
  const array = type === 'DOUBLE' ? Float64Array : Int32Array;
  const vector = duckdb.data_chunk_get_vector(chunk.chunk, index);
  const { buffer, byteOffset } = duckdb.vector_get_data(vector, chunk.rowCount * array.BYTES_PER_ELEMENT);
  return new array(buffer as ArrayBuffer, byteOffset, chunk.rowCount);
}

const FUNCTION = 'served_table';

/**
 * The tables that the program serves to one DuckDB instance, by a table function whose argument is the table's number:
 * DuckDB cannot forget a function, so there is one for all. It calls back on the JavaScript thread, one block a call,
 * and its own thread waits meanwhile. So nothing that waits for the statement may run synchronously on the JavaScript
 * thread, such as closing the connection (see `EngineSession.close`).
 */
export class ServedTables {
  readonly #tables = new Map<number, NumberTable>();
  #last = 0;

  static async of(instance: DuckDBInstance): Promise<ServedTables> {
    const served = new ServedTables();
    const connection = await instance.connect();
    connection.registerTableFunction(served.#function());
    connection.closeSync();
    return served;
  }

  serve(table: NumberTable): ServedTable {
    this.#last += 1;
    const number = this.#last;
    this.#tables.set(number, table);
    return { sql: `${FUNCTION}(${number})`, [Symbol.dispose]: () => this.#tables.delete(number) };
  }

  #function(): DuckDBTableFunction {
    return DuckDBTableFunction.create({
      name: FUNCTION,
      parameterTypes: [INTEGER],
      bindFunction: (info) => {
        const number = Number(info.getParameter(0));
        const table = this.#tables.get(number);
        assert(table !== undefined, `table ${number} is served`);
        for (const { name, type } of table.columns) info.addResultColumn(name, type === 'double' ? DOUBLE : INTEGER);
        // Without a number of rows DuckDB takes the table for tiny, and builds joins on it.
        const rows = table.blocks.reduce((sum, { rowCount }) => sum + rowCount, 0);
        info.setCardinality(rows, true);
        info.setBindData(table);
      },
      initFunction: (info) => {
        // One thread keeps the rows in order.
        info.setMaxThreads(1);
        info.setInitData({ next: 0 });
      },
      mainFunction: (info, output) => {
        const { columns, blocks } = info.getBindData() as NumberTable;
        const scan = info.getInitData() as { next: number };
        const block = blocks[scan.next];
        scan.next += 1;
        if (block === undefined) output.rowCount = 0;
        else fill(output, columns, block);
      },
    });
  }
}

/** The vectors of `chunk` have room for `BLOCK_ROWS`, and nothing beyond is checked when data is copied into them. */
function fill(chunk: DuckDBDataChunk, columns: NumberTable['columns'], block: NumberBlock): void {
  const { rowCount } = block;
  assert(rowCount > 0 && rowCount <= BLOCK_ROWS, `a block of ${rowCount} rows`);
  chunk.rowCount = rowCount;
  for (const [index, { name, type }] of columns.entries()) {
    const values = block.columns[index];
    const isRight = values instanceof (type === 'double' ? Float64Array : Int32Array) && values.length >= rowCount;
    assert(isRight, `column ${name} has ${rowCount} values of type ${type}`);
    const { buffer, byteOffset, BYTES_PER_ELEMENT } = values;
    const vector = duckdb.data_chunk_get_vector(chunk.chunk, index);
    duckdb.copy_data_to_vector(vector, 0, buffer as ArrayBuffer, byteOffset, rowCount * BYTES_PER_ELEMENT);
  }
}
