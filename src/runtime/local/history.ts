import { type IsoDate, isoDate, parseIsoDate } from '#base/dates.ts';
import { readHorizon } from '#batch/fetch/horizon.ts';
import { firstOf } from '#batch/fetch/plan.ts';
import { readLedger } from '#batch/ledger/ledger.ts';
import { SESSIONS } from '#lake/tables.ts';
import { keepHomeFile, readHomeFile } from '../home-folder/home-file.ts';
import type { Laptop } from './open-local.ts';
import { sourceName } from './source.ts';

/** How far back a home is to be filled from a vendor. Kept before the first row, so that a fill that dies is gone on with. */

const HISTORY_FILE = 'history.json';

export async function keepHistoryStart(laptop: Laptop, from: IsoDate): Promise<void> {
  await keepHomeFile(laptop, HISTORY_FILE, { from });
}

/**
 * The first session to fill from, while history that was asked for is still missing before the first session that is known;
 * undefined where all of it is there, where the source's plan ends, and where none was asked for.
 */
export async function unfilledFrom(laptop: Laptop): Promise<IsoDate | undefined> {
  const { lake, calendar } = laptop;
  const from = await readHistoryStart(laptop);
  if (from === undefined) return undefined;
  const { ledger } = await readLedger(lake, await lake.table(SESSIONS).head());
  const first = firstOf(ledger);
  if (first === undefined) return from;
  const horizon = await readHorizon(lake, sourceName(laptop));
  const wanted = calendar.sessionAt(calendar.indexOnOrAfter(from));
  const reachable = horizon !== undefined && horizon >= wanted ? calendar.next(horizon) : wanted;
  return reachable < first ? reachable : undefined;
}

function readHistoryStart(laptop: Laptop): Promise<IsoDate | undefined> {
  return readHomeFile(laptop, HISTORY_FILE, ({ from }) => parseIsoDate(String(from)), {
    code: 'history-settings',
    message: 'How far back this home is to be filled cannot be read',
    action: 'Delete this file, and fetch the history with: condvest backfill --years 2',
  });
}

/** The day some years before an instant, by the date in UTC; 28 February for a 29th that is not there. */
export function yearsBefore(nowMs: number, years: number): IsoDate {
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const text = `${Number(today.slice(0, 4)) - years}${today.slice(4)}`;
  return parseIsoDate(text) ?? isoDate(`${text.slice(0, 4)}-02-28`);
}
