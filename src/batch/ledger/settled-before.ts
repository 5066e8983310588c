import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import { SESSIONS } from '#lake/tables.ts';

import { readLedger } from './ledger.ts';

/**
 * The sessions that the ledger called settled when a commit of the bars was made. A row that the settling fetch found unchanged
 * keeps the instant at which its values first arrived, so that instant alone does not tell what was final.
 * @throws CondvestError `lake-as-of-too-old` where the ledger of that instant can no longer be read.
 */
export async function settledBefore(lake: Lake, instantMs: InstantMs): Promise<ReadonlySet<IsoDate>> {
  // The ledger follows the bars: what it says at the very instant of the commit is of the commit itself.
  const { ledger } = await readLedger(lake, await lake.table(SESSIONS).at({ asOfMs: instantMs - 1 }));
  return new Set([...ledger.values()].flatMap((row) => (row.state === 'settled' ? [row.session] : [])));
}
