import { defined } from '#base/assert.ts';
import type { ObjectStore } from '#ports/object-store.ts';

import { copyRange, rangeBounds, selectRuns } from './data-file.sql.ts';
import type { Engine } from './engine.ts';
import type { EngineSession } from './engine-session.ts';
import type { Column } from './schema.ts';

/**
 * Sorting of more rows than memory should hold: range by range of the first sort column, each into a scratch file of its
 * own. The files one after the other are the sorted rows.
 */

/** Rows of a range: some 30 MB in DuckDB's memory. Fewer make no difference next to reading and writing. */
export const RANGE_ROWS = 160_000;

export interface RangeSortRequest {
  readonly select: string;
  readonly columns: readonly Column[];
  readonly orderBy: readonly string[];
  readonly rowCount: number;
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
  const { select, columns, orderBy, rowCount } = request;
  const column = defined(orderBy[0], 'rows are sorted by a column');
  const paths: string[] = [];
  const discard = async (): Promise<void> => {
    for (const path of paths) await store.discardScratch(path);
  };
  try {
    const ranges = Math.ceil(rowCount / RANGE_ROWS);
    const bounds = await engine.rows<{ lower: string }>(rangeBounds(select, column, ranges));
    // The first range has no lower bound, and the last one no upper one.
    for (let position = 0; position < Math.max(bounds.length, 1); position += 1) {
      const localPath = await store.scratchPath('.parquet');
      paths.push(localPath);
      const lower = position === 0 ? undefined : bounds[position]?.lower;
      const range = { column, lower, upper: bounds[position + 1]?.lower };
      await engine.run(copyRange({ select, columns, orderBy, range, localPath }));
    }
    return { select: selectRuns(paths), [Symbol.asyncDispose]: discard };
  } catch (cause) {
    await discard();
    throw cause;
  }
}
