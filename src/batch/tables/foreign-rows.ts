import { CondvestError } from '#base/errors.ts';
import { type DataFile, UNITS_TAG } from '#lake/files.ts';
import type { Lake } from '#lake/lake.ts';
import { rowsOfUnits } from '#lake/put.sql.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { SessionSet } from '#market/session-set.ts';

import { type BrokenKey, brokenKeys } from './keys.sql.ts';
import { versionBefore } from './version-before.ts';

/**
 * Checks the keys of daily bars that another program has written, before anything is derived from them: two bars of a
 * symbol in one session would double its volume. Our own writes keep keys unique.
 * @throws CondvestError `bars-keys-repeat`.
 */
export async function checkForeignRows(lake: Lake, bars: Snapshot): Promise<void> {
  const foreign = bars.files.filter(isForeign);
  if (foreign.length === 0) return;
  const held = await lake.table(DAILY_BARS).heldFiles(foreign);
  const sessions = SessionSet.of(held.flatMap(({ units }) => [...units]));
  const rows = rowsOfUnits(await lake.table(DAILY_BARS).scanSql(bars.filesTouching(sessions)), 'session', sessions);
  const [first] = await lake.rows<BrokenKey>(brokenKeys(rows, DAILY_BARS.key, 1));
  if (first === undefined) return;
  const paths = new Set(foreign.map(({ path }) => path));
  const version = await versionBefore(
    lake,
    bars,
    (commit) => commit.version > 0 && commit.added.some(({ path }) => paths.has(path)),
  );
  throw new CondvestError({
    code: 'bars-keys-repeat',
    kind: 'corrupt',
    message: 'Another program has written daily bars whose keys repeat, so nothing was derived from them',
    found: first.incomplete ? 'a row without symbol or session' : `${first.rows} rows of ${first.key}`,
    action:
      version === undefined
        ? 'Find its version with condvest history daily_bars, and restore the one before'
        : `To undo it, run: condvest restore daily_bars --version ${version}`,
  });
}

/** Our files say which sessions they hold. */
export function isForeign(file: DataFile): boolean {
  return file.tags[UNITS_TAG] === undefined || file.units === undefined;
}
