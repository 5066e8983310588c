import type { SqlParameter } from '#lake/engine-session.ts';
import type { NewFile } from '#lake/files.ts';
import type { Lake } from '#lake/lake.ts';
import type { TableDefinition } from '#lake/schema.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import type { OperationParameters, WritePlan } from '#lake/write-plan.ts';
import { SessionSet } from '#market/session-set.ts';

/** Tables without units are small: a write reads what it needs of them and puts one new file in the place of all. */

/** Rows that the program holds, as a data file. Values in the order of the table's columns. Undefined for no rows. */
export async function stageRows(
  lake: Lake,
  definition: TableDefinition,
  rows: Iterable<readonly SqlParameter[]>,
): Promise<NewFile | undefined> {
  using session = await lake.session();
  await session.load('staged_rows', definition.columns, rows);
  // Awaited here: the session must outlive the write.
  return await lake.table(definition).writeDataFile({ select: 'SELECT * FROM staged_rows', session });
}

/** Puts one file (undefined: no rows) in the place of all files of a version. */
export function replaceAll(
  base: Snapshot | undefined,
  file: NewFile | undefined,
  operationMetrics: Readonly<Record<string, number>>,
  operationParameters: OperationParameters = {},
): WritePlan {
  return {
    operation: 'WRITE',
    add: file === undefined ? [] : [file],
    remove: base?.files ?? [],
    units: SessionSet.empty,
    dataChange: true,
    operationParameters,
    operationMetrics,
  };
}
