import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { type IsoDate, parseIsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import { rowsOf } from '#serving/export/table-stream.ts';
import { MarketCaches } from '#serving/read/market-caches.ts';
import type { BarsRequest, BarsResult } from '#serving/read/served-bars.ts';
import type { SymbolSummary, TableSummary } from '#serving/read/tables.ts';
import type { AppContext } from './app.ts';
import { readConfig } from './config/config.ts';
import { openLocal } from './local/open-local.ts';
import { barsTask, historyTask, queryTask, symbolsTask, tablesTask } from './tasks/tasks.ts';

/**
 * The library: what the command line can read, for TypeScript programs. Open a lake, ask it, close it:
 *
 * ```ts
 * import { openLake } from 'condvest';
 *
 * await using lake = await openLake({ home: '.condvest' });
 * const { bars } = await lake.bars({ symbol: 'AAPL', interval: 21, from: '2020-01-01' });
 * for await (const row of lake.sql('select * from bronze.daily_bars')) console.log(row.symbol, row.close);
 * ```
 */

export interface OpenLakeOptions {
  /** The home folder, in which the lake is `lake/`; default: `CONDVEST_HOME`, or `.condvest` in the working folder. */
  readonly home?: string;
  /** The folder of the lake itself, wherever it lies; over `home`. */
  readonly path?: string;
  /** Settings by their `CONDVEST_*` names, over those of the environment. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A date as `YYYY-MM-DD`. */
export type DateText = string;

export interface LibraryBarsRequest extends Omit<BarsRequest, 'from' | 'to'> {
  readonly from?: DateText | undefined;
  readonly to?: DateText | undefined;
}

/** A row of an SQL result, by column: dates as `YYYY-MM-DD`, timestamps as epoch milliseconds. */
export type SqlResultRow = Readonly<Record<string, string | number | bigint | boolean | null>>;

/** One version in the history of a table. */
export type TableVersion = Awaited<ReturnType<typeof historyTask>>[number];

/** An open lake. Errors are `CondvestError` with a stable `code`; `UsageError` where the request was wrong. */
export interface OpenLake extends AsyncDisposable {
  /** The bars of one symbol, all in memory: at most 16,000 daily bars since 1962. */
  bars(request: LibraryBarsRequest): Promise<BarsResult>;
  /** The rows of one statement over views of all tables, pinned at one version; memory stays bounded however many there are. */
  sql(statement: string, options?: { readonly asOfMs?: number }): AsyncIterable<SqlResultRow>;
  tables(): Promise<TableSummary[]>;
  symbols(search?: string, limit?: number): Promise<SymbolSummary[]>;
  history(table: string, limit?: number): Promise<TableVersion[]>;
  /** Ends the database in this process. Also done by `await using`; twice is once. */
  close(): Promise<void>;
}

const SYMBOLS_MAX = 1_000_000;
const VERSIONS_DEFAULT = 100;

/**
 * Opens a lake for reading; nothing is written to its folder. Throws `config-invalid` for wrong settings and `lake-missing`
 * where there is no such folder.
 */
export async function openLake(options: OpenLakeOptions = {}): Promise<OpenLake> {
  const environment = {
    ...process.env,
    ...(options.home === undefined ? {} : { CONDVEST_HOME: options.home }),
    ...options.settings,
  };
  const config = readConfig({ environment, workingFolder: process.cwd() });
  const lakeFolder = options.path === undefined ? join(config.home, 'lake') : resolve(options.path);
  if (!existsSync(lakeFolder)) throw lakeMissing(lakeFolder);
  const app = await openLocal(config, { lakeFolder, readOnly: true });
  const caches = new MarketCaches(app.lake);
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    closed ??= Promise.resolve(app[Symbol.asyncDispose]());
    await closed;
  };
  return {
    bars: async (request) =>
      barsTask(app, { ...request, from: dateOf(request.from, 'from'), to: dateOf(request.to, 'to') }, caches),
    sql: (statement, { asOfMs } = {}) => sqlRows(app, statement, asOfMs),
    tables: async () => tablesTask(app),
    symbols: async (search, limit = SYMBOLS_MAX) => symbolsTask(app, search, limit),
    history: async (table, limit = VERSIONS_DEFAULT) => historyTask(app, table, limit),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function* sqlRows(app: AppContext, statement: string, asOfMs: number | undefined): AsyncGenerator<SqlResultRow> {
  await using query = await queryTask(app, statement, asOfMs);
  for await (const batch of query.table.batches) yield* rowsOf(query.table.fields, batch);
}

function lakeMissing(folder: string): UsageError {
  return new UsageError({
    code: 'lake-missing',
    message: 'There is no lake in this folder',
    found: folder,
    action: 'Build one with condvest import or condvest up, or name the right folder as home or path',
  });
}

function dateOf(text: DateText | undefined, name: string): IsoDate | undefined {
  if (text === undefined) return undefined;
  const date = parseIsoDate(text);
  if (date !== undefined) return date;
  throw new UsageError({
    code: 'date-invalid',
    message: `"${name}" is not a date`,
    found: text,
    allowed: 'an existing date as YYYY-MM-DD',
  });
}

export { CondvestError, UsageError } from '#base/errors.ts';
export type {
  BarAdjustment,
  BarsResult,
  DailyBar,
  DailyBarsResult,
  WindowBar,
  WindowBarsResult,
} from '#serving/read/served-bars.ts';
export type { SymbolSummary, TableSummary } from '#serving/read/tables.ts';
