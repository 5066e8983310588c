import type { InstantMs } from '#base/dates.ts';

import { rowsOfReplySql } from '../import/quarantine.sql.ts';
import { quarantine } from '../import/quarantine.ts';
import { copyScratchSql, readScratchSql } from '../tables/scratch.sql.ts';
import type { FetchDeps } from './fetched-session.ts';
import type { RefusedRow } from './validate-reply.ts';

const REFUSED_COLUMNS = [
  { name: 'row_number', type: 'long' },
  { name: 'reason', type: 'string' },
  { name: 'row', type: 'string' },
] as const;

/** Keeps the refused rows of a reply. `session`: what the reply was of, where its rows do not say it themselves; else empty. */
export async function quarantineReply(
  { lake, source }: FetchDeps,
  reply: { readonly dataset: string; readonly session: string; readonly refused: readonly RefusedRow[] },
  seenAtMs: InstantMs,
): Promise<void> {
  const { dataset, session, refused } = reply;
  if (refused.length === 0) return;
  await using scratch = await lake.scratchFile();
  using staging = await lake.session();
  const rows = refused.map(({ rowNumber, reason, row }) => [rowNumber, reason, row]);
  await staging.load('refused_rows', REFUSED_COLUMNS, rows);
  await staging.run(copyScratchSql('SELECT * FROM refused_rows', scratch.path));
  const of = { dataset, source: source.name };
  const select = rowsOfReplySql(readScratchSql([scratch.path]), { ...of, session });
  await quarantine(lake, [{ ...of, select }], seenAtMs);
}
