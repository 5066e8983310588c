import type { Lake } from '#lake/lake.ts';
import { LISTINGS } from '#lake/tables.ts';
import type { LakeView } from '../read/view.ts';
import { nameSql } from './names.sql.ts';

/** The name of a security by its newest listing; null where no listing names it. */
export async function nameOfSecurity(lake: Lake, view: LakeView, securityId: string): Promise<string | null> {
  const listings = view.snapshot(LISTINGS);
  if (listings === undefined) return null;
  const scan = await lake.table(LISTINGS).scanSql(listings.files);
  const [row] = await lake.rows<{ name: string | null }>(nameSql(scan), [securityId]);
  return row?.name ?? null;
}
