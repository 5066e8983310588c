import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { storeFailure } from '#adapters/fs/failure.ts';
import { SimulatedMarket } from '#adapters/simulator/market.ts';
import { type IsoDate, isoDate, parseIsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import { keepHomeFile, readHomeFile } from '../home-folder/home-file.ts';
import type { Laptop } from './open-local.ts';

/** Which simulated market a home holds. Kept beside the lake, so that a later run continues the same one. */
export interface SimulatedMarketSettings {
  readonly seed: number;
  readonly securities: number;
  readonly from: IsoDate;
}

const SETTINGS_FILE = 'simulated-market.json';

/** The settings of the market that this home was filled from; undefined where it was filled otherwise, or not at all. */
export function readMarketSettings(laptop: Laptop): Promise<SimulatedMarketSettings | undefined> {
  return readHomeFile(laptop, SETTINGS_FILE, parseSettings, {
    code: 'simulated-market-settings',
    message: 'The settings of the simulated market cannot be read',
    action: 'Delete the home folder and begin anew with: condvest up',
  });
}

/** The market of those who ask for none in particular, as `condvest up` makes it. */
const DEFAULT_MARKET = { seed: 1, securities: 200, years: 10 } as const;

export function defaultMarket(laptop: Laptop): SimulatedMarketSettings {
  const { seed, securities, years } = DEFAULT_MARKET;
  const to = laptop.calendar.lastClosedSession(laptop.clock.nowMs());
  return { seed, securities, from: marketStart(laptop, to, years) };
}

/** Kept before the first row is written: a run that dies half-way is continued with the same market. */
export async function keepMarketSettings(laptop: Laptop, settings: SimulatedMarketSettings): Promise<void> {
  await keepHomeFile(laptop, SETTINGS_FILE, settings);
}

/** Two markets cannot share a lake: a wish for another one than the home holds is refused. */
export function checkSameMarket(kept: SimulatedMarketSettings, wanted: Partial<SimulatedMarketSettings>): void {
  for (const key of ['seed', 'securities', 'from'] as const) {
    if (wanted[key] === undefined || wanted[key] === kept[key]) continue;
    throw new UsageError({
      code: 'simulated-market-differs',
      message: 'This home already holds another simulated market',
      found: `seed ${kept.seed}, ${kept.securities} securities, from ${kept.from}`,
      action: 'Leave the options out to continue it, or set CONDVEST_HOME to another folder',
    });
  }
}

export interface MarketFiles {
  /** In the order in which they are imported. A small market may have no split or dividend, and then no file of them. */
  readonly paths: readonly string[];
  readonly sessions: number;
  readonly rows: number;
}

/** Writes the market up to `to` as CSV files into the temporary folder: what `import` would be given by a user. */
export async function writeMarketFiles(
  laptop: Pick<Laptop, 'calendar' | 'tempFolder'>,
  settings: SimulatedMarketSettings,
  to: IsoDate,
  onProgress: (done: number, total: number, detail: string) => void,
): Promise<MarketFiles> {
  const market = new SimulatedMarket({ calendar: laptop.calendar, ...settings, to });
  const path = (name: string): string => join(laptop.tempFolder, `${name}.csv`);
  await using bars = await CsvFile.open(path('bars'), 'symbol,session,open,high,low,close,volume,vwap,trades');
  await using splits = await CsvFile.open(path('splits'), 'symbol,ex_date,split_from,split_to');
  await using dividends = await CsvFile.open(path('dividends'), 'symbol,ex_date,kind,cash_amount');
  await using listings = await CsvFile.open(
    path('listings'),
    'security_id,symbol,first_session,last_session,name,type,exchange',
  );
  let rows = 0;
  let done = 0;
  const events = { splits: 0, dividends: 0 };
  for (const session of market.replay()) {
    const { symbol, open, high, low, close, volume, vwap, trades } = session.bars;
    let text = '';
    for (const [i, name] of symbol.entries()) {
      text += `${name},${session.session},${open[i]},${high[i]},${low[i]},${close[i]},${volume[i]},${vwap[i]},${trades[i]}\n`;
    }
    await bars.write(text);
    events.splits += session.splits.length;
    events.dividends += session.dividends.length;
    for (const split of session.splits)
      await splits.write(`${split.symbol},${split.exDate},${split.splitFrom},${split.splitTo}\n`);
    for (const { symbol: name, exDate, kind, cashAmount } of session.dividends) {
      await dividends.write(`${name},${exDate},${kind},${cashAmount}\n`);
    }
    rows += symbol.length;
    done += 1;
    if (done % 50 === 0) onProgress(done, market.sessions.length, session.session);
  }
  const listed = market.listings().map((row) => {
    const { securityId, symbol, firstSession, lastSession, name, type, exchange } = row;
    return `${securityId},${symbol},${firstSession},${lastSession ?? ''},${name},${type},${exchange}\n`;
  });
  await listings.write(listed.join(''));
  return {
    paths: [
      path('listings'),
      ...(events.splits > 0 ? [path('splits')] : []),
      ...(events.dividends > 0 ? [path('dividends')] : []),
      path('bars'),
    ],
    sessions: done,
    rows,
  };
}

/** The first session of a market that has this many years of history at its last session. */
export function marketStart(laptop: Laptop, to: IsoDate, years: number): IsoDate {
  const from = isoDate(`${Number(to.slice(0, 4)) - years}-01-01`).slice(0, 4) + to.slice(4);
  // 29 February has no counterpart in most years.
  const date = parseIsoDate(from) ?? isoDate(`${from.slice(0, 4)}-02-28`);
  return laptop.calendar.sessionAt(laptop.calendar.indexOnOrAfter(date));
}

/** A text file that is written from its beginning to its end. Failures are those of the disk, in words. */
class CsvFile implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;

  constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async open(path: string, header: string): Promise<CsvFile> {
    let file: FileHandle;
    try {
      file = await open(path, 'w');
    } catch (cause) {
      throw storeFailure('create', path, cause);
    }
    const csv = new CsvFile(path, file);
    try {
      await csv.write(`${header}\n`);
    } catch (cause) {
      await file.close();
      throw cause;
    }
    return csv;
  }

  async write(text: string): Promise<void> {
    try {
      await this.#file.appendFile(text);
    } catch (cause) {
      throw storeFailure('write to', this.#path, cause);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

function parseSettings(value: Readonly<Record<string, unknown>>): SimulatedMarketSettings | undefined {
  const from = parseIsoDate(String(value['from']));
  const isWhole = Number.isInteger(value['seed']) && Number.isInteger(value['securities']) && from !== undefined;
  return isWhole ? { seed: Number(value['seed']), securities: Number(value['securities']), from } : undefined;
}
