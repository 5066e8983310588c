import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type IsoDate, parseIsoDate } from '#base/dates.ts';
import { CondvestError, UsageError } from '#base/errors.ts';
import { newYorkAt } from '#market/calendar/new-york.ts';
import type { RawDailyRow } from '#market/quality.ts';
import type { BarsReply, DailySource } from '#ports/daily-source.ts';

export interface FlatFileSourceOptions {
  /** Holds `YYYY/MM/YYYY-MM-DD.csv.gz`, the vendor's layout, or the files directly. */
  readonly folder: string;
}

/**
 * Columns of the vendor's daily files. `window_start` is the session's midnight in nanoseconds; the file name has the
 * date too.
 */
const COLUMNS = ['ticker', 'volume', 'open', 'close', 'high', 'low', 'window_start', 'transactions'] as const;
/** One day of the whole market is about 250 kB compressed. */
const FILE_BYTES_MAX = 64 * 2 ** 20;
const ENDINGS = ['.csv.gz', '.csv'] as const;
const gunzipAsync = promisify(gunzip);

/** The vendor's flat files in a folder: deep history, bars only. */
export class FlatFileSource implements DailySource {
  readonly name = 'flat-file';
  readonly hasReference = false;
  readonly parallelMax = 4;
  readonly #options: FlatFileSourceOptions;

  constructor(options: FlatFileSourceOptions) {
    this.#options = options;
  }

  async bars(session: IsoDate, signal?: AbortSignal): Promise<BarsReply> {
    signal?.throwIfAborted();
    try {
      return await this.#read(session);
    } catch (cause) {
      throw cause instanceof CondvestError ? cause : unreadable(this.#options.folder, cause);
    }
  }

  async #read(session: IsoDate): Promise<BarsReply> {
    const { folder } = this.#options;
    const path = await this.#find(session);
    if (path === undefined) {
      const reason = `there is no file for ${session} in ${folder}`;
      const oldest = await oldestIn(folder);
      // Only sessions older than every file are beyond the plan. A file missing in the middle may still arrive, however
      // old.
      if (oldest === undefined || session >= oldest) return { kind: 'not-yet', reason };
      return { kind: 'beyond-plan', reason: `${reason}; the oldest is for ${oldest}` };
    }
    const { size } = await stat(path);
    if (size > FILE_BYTES_MAX) throw invalid(path, `it has ${size} bytes, more than ${FILE_BYTES_MAX}`);
    const bytes = await readFile(path);
    const text = path.endsWith('.gz') ? await this.#unpack(path, bytes) : bytes.toString('utf8');
    return { kind: 'bars', rows: rowsOf(path, session, text) };
  }

  async symbols(): Promise<never> {
    throw noReference();
  }

  async splits(): Promise<never> {
    throw noReference();
  }

  async dividends(): Promise<never> {
    throw noReference();
  }

  async symbolChanges(): Promise<never> {
    throw noReference();
  }

  async #find(session: IsoDate): Promise<string | undefined> {
    const { folder } = this.#options;
    const folderKind = await kindOf(folder);
    if (folderKind !== 'folder') {
      throw new UsageError({
        code: 'flat-files-folder',
        message: 'Cannot read the folder of flat files',
        found: folder,
        allowed: "a folder with the vendor's daily files, such as 2024/03/2024-03-07.csv.gz",
        action: 'Set CONDVEST_FLAT_FILES to the folder',
      });
    }
    for (const inside of [join(session.slice(0, 4), session.slice(5, 7)), '']) {
      for (const ending of ENDINGS) {
        const path = join(folder, inside, `${session}${ending}`);
        if ((await kindOf(path)) === 'file') return path;
      }
    }
    return undefined;
  }

  async #unpack(path: string, bytes: Uint8Array): Promise<string> {
    try {
      return (await gunzipAsync(bytes, { maxOutputLength: FILE_BYTES_MAX })).toString('utf8');
    } catch (cause) {
      throw invalid(path, `it cannot be unpacked (${cause instanceof Error ? cause.message : String(cause)})`);
    }
  }
}

const FILE_NAME = /^(\d{4}-\d\d-\d\d)\.csv(\.gz)?$/;

/** Returns the date of the oldest file, or undefined if there is none. */
async function oldestIn(folder: string): Promise<IsoDate | undefined> {
  const names = (await readdir(folder)).sort();
  const loose = oldestOf(names);
  for (const year of names.filter((name) => /^\d{4}$/.test(name))) {
    for (const month of await namesIn(join(folder, year))) {
      if (!/^\d\d$/.test(month)) continue;
      const inside = oldestOf(await namesIn(join(folder, year, month)), `${year}-${month}-`);
      if (inside !== undefined) return loose === undefined || inside < loose ? inside : loose;
    }
  }
  return loose;
}

async function namesIn(folder: string): Promise<string[]> {
  return (await kindOf(folder)) === 'folder' ? (await readdir(folder)).sort() : [];
}

function oldestOf(names: readonly string[], beginning = ''): IsoDate | undefined {
  for (const name of names) {
    const date = FILE_NAME.test(name) && name.startsWith(beginning) ? parseIsoDate(name.slice(0, 10)) : undefined;
    if (date !== undefined) return date;
  }
  return undefined;
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR'))
      return undefined;
    throw cause;
  }
}

/** Text stays text: TRUE and NAN are valid symbols. */
function rowsOf(path: string, session: IsoDate, text: string): RawDailyRow[] {
  const lines = text.split('\n');
  const header = (lines[0] ?? '').trim().split(',');
  const places = COLUMNS.map((name) => header.indexOf(name));
  const missing = COLUMNS.filter((_, index) => places[index] === -1);
  if (missing.length > 0) throw invalid(path, `line 1 lacks ${missing.join(', ')}`);
  const rows: RawDailyRow[] = [];
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === '') continue;
    const fields = line.trimEnd().split(',');
    if (fields.length !== header.length)
      throw invalid(path, `line ${index + 1} has ${fields.length} fields, not ${header.length}`);
    const [symbol, volume, open, close, high, low, start, trades] = places.map((place) => fields[place] ?? '');
    rows.push({
      symbol: symbol ?? null,
      // A file that holds another day under this one's name does not count for this day.
      session: dateOf(start) ?? session,
      open: numberOf(open),
      high: numberOf(high),
      low: numberOf(low),
      close: numberOf(close),
      volume: numberOf(volume),
      vwap: null,
      trades: numberOf(trades),
    });
  }
  return rows;
}

/** Returns the New York date of an instant in nanoseconds, or undefined if there is none. */
function dateOf(nanoseconds: string | undefined): IsoDate | undefined {
  const ms = (numberOf(nanoseconds) ?? 0) / 1_000_000;
  return ms > 0 && ms < INSTANT_MS_MAX ? newYorkAt(ms).date : undefined;
}

/** The year 2200. */
const INSTANT_MS_MAX = Date.UTC(2200, 0, 1);

function numberOf(text: string | undefined): number | null {
  if (text === undefined || !/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return null;
  return Number(text);
}

/** An error of the file system: no permission, a failing disk. */
function unreadable(folder: string, cause: unknown): CondvestError {
  return new CondvestError({
    code: 'flat-files-unreadable',
    kind: 'permanent',
    message: 'Cannot read the flat files',
    found: `${folder}: ${cause instanceof Error ? cause.message : String(cause)}`,
    action: 'Check the owner and permissions of the folder and its files',
    cause,
  });
}

function invalid(path: string, found: string): CondvestError {
  return new CondvestError({
    code: 'flat-file-invalid',
    kind: 'corrupt',
    message: 'Cannot read a flat file',
    found: `${path}: ${found}`,
    allowed: `CSV with the columns ${COLUMNS.join(', ')}`,
    action: 'Download the file from the vendor again',
  });
}

function noReference(): CondvestError {
  return new CondvestError({
    code: 'flat-files-bars-only',
    kind: 'permanent',
    message: 'Flat files contain only bars, no listings, splits or dividends',
  });
}
