import type { InstantMs } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import { countRows } from '#lake/put.sql.ts';
import { QUARANTINE } from '#lake/tables.ts';
import type { OperationParameters } from '#lake/write-plan.ts';
import { SessionSet } from '#market/session-set.ts';
import { copyScratchSql, readScratchSql } from '../tables/scratch.sql.ts';
import { quarantineRowsSql, unknownRowsSql } from './quarantine.sql.ts';

/** Rejected rows of one file or one reply. */
export interface RejectedRows {
  /** SQL of row_number, reason and row; for rows of a reply also source_digest. */
  readonly select: string;
  readonly dataset: string;
  /** SHA-256 of the file. */
  readonly digest?: string;
  readonly source: string;
}

/** New rows in the quarantine, and the version that a commit of them made. */
export interface Quarantined {
  readonly added: number;
  readonly version: number | undefined;
}

/**
 * Stores rejected rows in `bronze/quarantine`, and returns the number of new ones. A row of a file is identified by the file's
 * digest and its position, so that the same file adds nothing again; a row of a reply as `rowsOfReplySql` says.
 */
export async function quarantine(
  lake: Lake,
  rejected: readonly RejectedRows[],
  seenAtMs: InstantMs,
  origin: OperationParameters,
): Promise<Quarantined> {
  if (rejected.length === 0) return { added: 0, version: undefined };
  await using scratch = new AsyncDisposableStack();
  const paths: string[] = [];
  let added = 0;
  for (const { select, ...of } of rejected) {
    const { path } = scratch.use(await lake.scratchFile());
    paths.push(path);
    await lake.run(copyScratchSql(quarantineRowsSql(select, { ...of, seenAtMs }), path));
  }
  const committed = await lake.table(QUARANTINE).write(async (base) => {
    const stored = await lake.table(QUARANTINE).rowsSql(base);
    const unknown = unknownRowsSql(readScratchSql(paths), stored);
    const [counted] = await lake.rows<{ count: number }>(countRows(unknown));
    added = counted?.count ?? 0;
    if (added === 0) return undefined;
    // One file per import; consolidation merges them.
    const file = await lake.table(QUARANTINE).writeDataFile({ select: unknown });
    return {
      operation: 'WRITE',
      add: file === undefined ? [] : [file],
      remove: [],
      read: base?.files ?? [],
      units: SessionSet.empty,
      dataChange: true,
      operationParameters: origin,
      operationMetrics: { rows: added },
    };
  });
  return { added, version: committed?.version };
}
