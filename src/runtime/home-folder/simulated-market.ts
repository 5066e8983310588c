import { type InstantMs, type IsoDate, isoDate, parseIsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Config } from '../config/config.ts';
import { readHomeFile, saveHomeFile } from './home-file.ts';

/**
 * Settings of the simulated market in a home folder, saved beside the lake so that later runs continue the same market.
 */
export interface SimulatedMarketSettings {
  readonly seed: number;
  readonly securities: number;
  readonly from: IsoDate;
}

const SETTINGS_FILE = 'simulated-market.json';

/**
 * Reads the settings of the market this home was filled from; undefined if it was filled from elsewhere, or is empty.
 */
export function readMarketSettings(config: Config): Promise<SimulatedMarketSettings | undefined> {
  return readHomeFile(config, SETTINGS_FILE, parseSettings, {
    code: 'simulated-market-settings',
    message: 'The settings of the simulated market are unreadable',
    action: 'Delete the home folder and start over with: condvest up',
  });
}

/** Default market of `condvest up`. */
const DEFAULT_MARKET = { seed: 1, securities: 200, years: 10 } as const;

export function defaultMarket(calendar: Calendar, nowMs: InstantMs): SimulatedMarketSettings {
  const { seed, securities, years } = DEFAULT_MARKET;
  return { seed, securities, from: marketStart(calendar, calendar.lastClosedSession(nowMs), years) };
}

/**
 * Saves the settings. Called before the first row is written, so that an interrupted run continues with the same
 * market.
 */
export async function saveMarketSettings(config: Config, settings: SimulatedMarketSettings): Promise<void> {
  await saveHomeFile(config, SETTINGS_FILE, settings);
}

/**
 * Throws `simulated-market-differs` if the options ask for another market than the one saved: two cannot share a lake.
 */
export function checkSameMarket(saved: SimulatedMarketSettings, wanted: Partial<SimulatedMarketSettings>): void {
  for (const key of ['seed', 'securities', 'from'] as const) {
    if (wanted[key] === undefined || wanted[key] === saved[key]) continue;
    throw new UsageError({
      code: 'simulated-market-differs',
      message: 'This home folder already holds a different simulated market',
      found: `seed ${saved.seed}, ${saved.securities} securities, from ${saved.from}`,
      action: 'Omit the options to continue it, or set CONDVEST_HOME to another folder',
    });
  }
}

/** Returns the first session of a market with this many years of history before `to`. */
export function marketStart(calendar: Calendar, to: IsoDate, years: number): IsoDate {
  const from = isoDate(`${Number(to.slice(0, 4)) - years}-01-01`).slice(0, 4) + to.slice(4);
  // 29 February does not exist in most years.
  const date = parseIsoDate(from) ?? isoDate(`${from.slice(0, 4)}-02-28`);
  return calendar.sessionAt(calendar.indexOnOrAfter(date));
}

function parseSettings(value: Readonly<Record<string, unknown>>): SimulatedMarketSettings | undefined {
  const from = parseIsoDate(String(value['from']));
  const isWhole = Number.isInteger(value['seed']) && Number.isInteger(value['securities']) && from !== undefined;
  return isWhole ? { seed: Number(value['seed']), securities: Number(value['securities']), from } : undefined;
}
