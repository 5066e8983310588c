/** Columns of numbers, which go to and from DuckDB without a JavaScript value for each of them. */
export type NumberColumn = Float64Array | Int32Array;

/** The most rows of a block: one of DuckDB's vectors. */
export const BLOCK_ROWS = 2048;

/** Rows that the program holds, block by block. Every block has all the columns, of at least `rowCount` values each. */
export interface NumberTable {
  readonly columns: readonly { readonly name: string; readonly type: 'double' | 'integer' }[];
  readonly blocks: readonly NumberBlock[];
}

export interface NumberBlock {
  readonly rowCount: number;
  readonly columns: readonly NumberColumn[];
}

/** A table that statements can read until it is disposed of. */
export interface ServedTable extends Disposable {
  /** Stands after FROM. Its rows come in the order of the blocks. */
  readonly sql: string;
}
