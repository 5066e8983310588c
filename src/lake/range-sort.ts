import { defined } from '#base/assert.ts';
import type { ObjectStore } from '#ports/object-store.ts';

import { copyRange, rangeBounds, selectRuns } from './data-file.sql.ts';
import type { Engine } from './engine.ts';
import type { EngineSession } from './engine-session.ts';
import { unionByName } from './put.sql.ts';
import type { Column } from './schema.ts';

/**
 * Sorting of more rows than memory should hold: range by range of the first sort column, a text, each into a scratch
 * file of its own. The files one after the other are the sorted rows.
 */

export interface RowPart {
  readonly select: string;
  /** NaN: not known. */
  readonly rowCount: number;
}

/** Rows to be sorted together. */
export interface RowParts {
  /** From files that units share. They are in order already, so that a range of them is cheap to read. */
  readonly shared: RowPart;
  /** From files of one unit each: many small ones, which are sorted into one run first. */
  readonly single: RowPart;
}

/** Rows of a range: some 30 MB in DuckDB's memory. */
export const RANGE_ROWS = 160_000;

/**
 * Whether ranges pay: the shared rows are more than two of them, and the others are few enough to be sorted at once. A
 * year of single files is not worth reading sixteen times; DuckDB sorts it with the help of its temporary folder.
 */
export function isForRanges({ shared, single }: RowParts): boolean {
  return shared.rowCount >= 2 * RANGE_ROWS && single.rowCount <= 4 * RANGE_ROWS;
}

export interface RangeSortRequest {
  readonly parts: RowParts;
  readonly columns: readonly Column[];
  readonly orderBy: readonly string[];
}

/** Sorted rows in scratch files, which are discarded with it. */
export interface SortedRuns extends AsyncDisposable {
  /** A SELECT of all rows in order. */
  readonly select: string;
}

export async function sortInRanges(
  store: ObjectStore,
  engine: Engine | EngineSession,
  request: RangeSortRequest,
): Promise<SortedRuns> {
  const { parts, columns, orderBy } = request;
  const { shared, single } = parts;
  const column = defined(orderBy[0], 'rows are sorted by a column');
  const paths: string[] = [];
  const sort = async (select: string, lower: string | undefined, upper: string | undefined): Promise<string> => {
    const localPath = await store.scratchPath('.parquet');
    paths.push(localPath);
    await engine.run(copyRange({ select, columns, orderBy, range: { column, lower, upper }, localPath }));
    return localPath;
  };
  const discard = async (): Promise<void> => {
    for (const path of paths) await store.discardScratch(path);
  };
  try {
    const selects = [shared.select];
    if (single.rowCount > 0) selects.push(selectRuns([await sort(single.select, undefined, undefined)]));
    const select = unionByName(selects);
    const ranges = Math.ceil((shared.rowCount + single.rowCount) / RANGE_ROWS);
    const bounds = await engine.rows<{ lower: string }>(rangeBounds(select, column, ranges));
    const sorted: string[] = [];
    // The first range has no lower bound, and the last one no upper one.
    for (let position = 0; position < Math.max(bounds.length, 1); position += 1) {
      const lower = position === 0 ? undefined : bounds[position]?.lower;
      sorted.push(await sort(select, lower, bounds[position + 1]?.lower));
    }
    return { select: selectRuns(sorted), [Symbol.asyncDispose]: discard };
  } catch (cause) {
    await discard();
    throw cause;
  }
}
