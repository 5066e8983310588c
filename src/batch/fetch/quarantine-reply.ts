import type { InstantMs } from '#base/dates.ts';

import { rowsOfReplySql } from '../import/quarantine.sql.ts';
import { quarantine } from '../import/quarantine.ts';
import { fetchOrigin } from '../tables/origin.ts';
import { copyScratchSql, readScratchSql } from '../tables/scratch.sql.ts';
import type { FetchDeps } from './fetched-session.ts';
import type { RejectedRow } from './validate-reply.ts';

const REJECTED_COLUMNS = [
  { name: 'row_number', type: 'long' },
  { name: 'reason', type: 'string' },
  { name: 'row', type: 'string' },
] as const;

/** Quarantines the rejected rows of a reply. `session`: the session requested, if the rows do not name it; else empty. */
export async function quarantineReply(
  { lake, source }: FetchDeps,
  reply: { readonly dataset: string; readonly session: string; readonly rejected: readonly RejectedRow[] },
  seenAtMs: InstantMs,
): Promise<void> {
  const { dataset, session, rejected } = reply;
  if (rejected.length === 0) return;
  await using scratch = await lake.scratchFile();
  using staging = await lake.session();
  const rows = rejected.map(({ rowNumber, reason, row }) => [rowNumber, reason, row]);
  await staging.load('rejected_rows', REJECTED_COLUMNS, rows);
  await staging.run(copyScratchSql('SELECT * FROM rejected_rows', scratch.path));
  const of = { dataset, source: source.name };
  const select = rowsOfReplySql(readScratchSql([scratch.path]), { ...of, session });
  await quarantine(lake, [{ ...of, select }], seenAtMs, fetchOrigin(source.name));
}
