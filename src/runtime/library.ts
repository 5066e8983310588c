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
 * The library: reads a lake from TypeScript programs, like the reading commands of the command line.
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
  /** Home folder, which has the lake in `lake/`. Default: `CONDVEST_HOME`, or `.condvest` in the working folder. */
  readonly home?: string;
  /** Folder of the lake itself; overrides `home`. */
  readonly path?: string;
  /** Settings by their `CONDVEST_*` names; they override the environment. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A date as `YYYY-MM-DD`. */
export type DateText = string;

export interface LibraryBarsRequest extends Omit<BarsRequest, 'from' | 'to'> {
  readonly from?: DateText | undefined;
  readonly to?: DateText | undefined;
}

/** Row of an SQL result, keyed by column. Dates are `YYYY-MM-DD`, timestamps are epoch milliseconds. */
export type SqlResultRow = Readonly<Record<string, string | number | bigint | boolean | null>>;

/** Version in the history of a table. */
export type TableVersion = Awaited<ReturnType<typeof historyTask>>[number];

/** An open lake. Failures are `CondvestError`s with a stable `code`; a wrong request throws a `UsageError`. */
export interface OpenLake extends AsyncDisposable {
  /**
   * Returns the bars of one symbol, all in memory: at most 16,000 daily bars since 1962.
   *
   * ```ts
   * const { bars } = await lake.bars({ symbol: 'AAPL', interval: 21, from: '2020-01-01', adjust: 'total' });
   * ```
   */
  bars(request: LibraryBarsRequest): Promise<BarsResult>;
  /**
   * Runs one read-only statement over views of all tables, pinned at one version each. Rows are streamed in bounded
   * memory.
   *
   * ```ts for await (const { session, bars } of lake.sql('select session, count(*) as bars from bronze.daily_bars group
   * by 1')) { console.log(session, bars); }
   * ```
   */
  sql(statement: string, options?: { readonly asOfMs?: number }): AsyncIterable<SqlResultRow>;
  /**
   * Lists the tables with their version, size and range of sessions.
   *
   * ```ts
   * for (const { table, rows, last } of await lake.tables()) console.log(table, rows, last);
   * ```
   */
  tables(): Promise<TableSummary[]>;
  /**
   * Lists the symbols, or those that have `search` in their symbol or name.
   *
   * ```ts
   * const [first] = await lake.symbols('apple', 1);
   * ```
   */
  symbols(search?: string, limit?: number): Promise<SymbolSummary[]>;
  /**
   * Lists the versions of a table, newest first.
   *
   * ```ts
   * const [newest] = await lake.history('daily_bars', 1);
   * ```
   */
  history(table: string, limit?: number): Promise<TableVersion[]>;
  /** Closes the lake, as `await using` does. Idempotent. */
  close(): Promise<void>;
}

const SYMBOLS_MAX = 1_000_000;
const VERSIONS_DEFAULT = 100;

/**
 * Opens a lake for reading; nothing is written to its folder. Throws `config-invalid` for invalid settings and
 * `lake-missing` if the folder does not exist.
 *
 * ```ts
 * await using lake = await openLake({ path: '/data/lake' });
 * ```
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
    message: 'This folder has no lake',
    found: folder,
    action: 'Build one with condvest import or condvest up, or set home or path to the right folder',
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
    allowed: 'an existing date in the form YYYY-MM-DD',
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
