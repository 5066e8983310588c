import { type InstantMs, type IsoDate, isoDate, parseIsoDate } from '#base/dates.ts';
import { readHorizon } from '#batch/fetch/horizon.ts';
import { firstOf } from '#batch/fetch/plan.ts';
import { currentLedger } from '#batch/ledger/ledger.ts';
import type { AppContext } from '../app.ts';
import type { Config } from '../config/config.ts';
import { sourceName } from '../config/source-choice.ts';
import { readHomeFile, saveHomeFile } from '../home-folder/home-file.ts';

/** First day to backfill from the vendor. Saved before the first row, so that an interrupted backfill is resumed. */

const HISTORY_FILE = 'history.json';

export async function saveHistoryStart(config: Config, from: IsoDate): Promise<void> {
  await saveHomeFile(config, HISTORY_FILE, { from });
}

/**
 * Returns the first session to backfill from, while requested history is missing before the first known session.
 * Returns undefined if none was requested, if all of it is there, or if the rest lies beyond the vendor's plan.
 */
export async function unfilledFrom({ config, lake, calendar }: AppContext): Promise<IsoDate | undefined> {
  const from = await readHistoryStart(config);
  if (from === undefined) return undefined;
  const ledger = await currentLedger(lake);
  const first = firstOf(ledger);
  if (first === undefined) return from;
  const horizon = await readHorizon(lake, sourceName(config));
  const wanted = calendar.sessionAt(calendar.indexOnOrAfter(from));
  const reachable = horizon !== undefined && horizon >= wanted ? calendar.next(horizon) : wanted;
  return reachable < first ? reachable : undefined;
}

function readHistoryStart(config: Config): Promise<IsoDate | undefined> {
  return readHomeFile(config, HISTORY_FILE, ({ from }) => parseIsoDate(String(from)), {
    code: 'history-settings',
    message: 'The start of the history to backfill is unreadable',
    action: 'Delete this file and backfill the history with: condvest backfill --years 2',
  });
}

/** Returns the UTC date `years` before an instant; 29 February becomes 28 February where the year has none. */
export function yearsBefore(nowMs: InstantMs, years: number): IsoDate {
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const text = `${Number(today.slice(0, 4)) - years}${today.slice(4)}`;
  return parseIsoDate(text) ?? isoDate(`${text.slice(0, 4)}-02-28`);
}
