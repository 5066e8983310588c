import { DAILY_BARS } from '#lake/tables.ts';
import type { AppContext } from '../app.ts';

/** Returns whether the lake has daily bars, from any source. */
export async function hasBars(app: AppContext): Promise<boolean> {
  return (await app.lake.table(DAILY_BARS).head()) !== undefined;
}
