import type { InstantMs } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { BASE_TABLES } from './view.ts';

/**
 * Returns the instant from which on the lake can be read as of: since there are daily bars, and every table that lost
 * old versions to a vacuum can be read. Undefined without daily bars.
 */
export async function firstInstant(lake: Lake): Promise<InstantMs | undefined> {
  const bars = (await lake.table(DAILY_BARS).oldest())?.timestampMs;
  if (bars === undefined) return undefined;
  let first = bars;
  for (const definition of BASE_TABLES) {
    const oldest = await lake.table(definition).oldest();
    // A table that begins later simply had no rows before.
    if (oldest !== undefined && oldest.version > 0) first = Math.max(first, oldest.timestampMs ?? first);
  }
  return first;
}
