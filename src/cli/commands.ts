import type { CommandDefinition } from './command.ts';
import { NIGHTLY_COMMANDS } from './commands-nightly.ts';
import { LISTENING_OPTIONS, SERVING_COMMANDS } from './commands-serving.ts';

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'up',
    summary: 'serve the lake, fill it and keep it up to date',
    description:
      'Serves at once, also while the lake is being built, as `condvest serve` does. Fills an empty lake, from the vendor where there is a key, from a simulated market otherwise, and then keeps to the ' +
      "exchange's clock: a run of the pipeline five minutes after each close, one when a session has settled. What was missed " +
      'is caught up with. A vendor that is down is waited for; told to stop, it ends with 0. Without a key the prices are made up; the securities do not exist.',
    operands: [],
    options: [
      { flags: '--once', doc: 'fill or bring up to date, report, and end; nothing is served' },
      ...LISTENING_OPTIONS,
      { flags: '--no-serve', doc: 'fill and keep up to date without serving' },
      { flags: '--symbols <count>', doc: 'securities in the simulated market', defaultText: '200' },
      {
        flags: '--years <count>',
        doc: 'years of history, up to the last session that has closed',
        defaultText: '10 simulated, 2 from the vendor',
      },
      { flags: '--seed <number>', doc: 'the same seed gives the same market', defaultText: '1' },
    ],
    examples: [
      { line: 'condvest up', doc: 'a lake of 200 securities and ten years in .condvest, kept up to date' },
      { line: 'condvest up --once --symbols 20 --years 2 --seed 7', doc: 'a smaller one of another seed' },
    ],
    load: () => import('./up.ts'),
  },
  ...SERVING_COMMANDS,
  ...NIGHTLY_COMMANDS,
  {
    name: 'import',
    summary: 'bring files of bars, splits, dividends or listings into the lake',
    description:
      'Reads Parquet, CSV, CSV.gz and the flat files of Massive (Polygon.io). Columns are found by their usual names. The same ' +
      'file again changes nothing. Rows that cannot be right go to quarantine with their reason; over the bound nothing is imported.',
    operands: [{ name: 'file', doc: 'files to import', required: true, variadic: true }],
    options: [
      {
        flags: '--dataset <name>',
        doc: 'daily_bars, splits, dividends or listings',
        defaultText: 'told from the columns',
      },
      {
        flags: '--source <name>',
        doc: 'where the values came from; its rank decides what it may replace',
        defaultText: 'import',
      },
      { flags: '--replace', doc: 'replace stored values even of a source of higher rank' },
      {
        flags: '--quarantine-bound <share>',
        doc: 'share of refused rows above which nothing is imported',
        defaultText: '0.01',
      },
      { flags: '--dry-run', doc: 'say what would happen and write nothing' },
    ],
    examples: [
      {
        line: 'condvest import prices.parquet',
        doc: 'daily bars with columns such as symbol, date, open, high, low, close, volume',
      },
      {
        line: 'condvest import --dataset splits splits.csv',
        doc: 'splits as split_from and split_to, or as one ratio',
      },
      { line: 'condvest import 2024-*.csv.gz', doc: "a month of the vendor's flat files" },
    ],
    load: () => import('./import.ts'),
  },
  {
    name: 'resample',
    summary: 'derive the N-session bars that are stored',
    description:
      'Derives bars of N sessions from daily bars, splits and listings: exactly the windows that changed since the last run. ' +
      'Also derives the list of restated values.',
    operands: [],
    options: [
      { flags: '--intervals <list>', doc: 'lengths in sessions', defaultText: '3,5,8,13,21,34, or CONDVEST_INTERVALS' },
      { flags: '--full', doc: 'derive everything again; the result is the same' },
    ],
    examples: [
      { line: 'condvest resample', doc: 'all configured lengths, what changed' },
      { line: 'condvest resample --intervals 21 --full', doc: 'rebuild one table' },
    ],
    load: () => import('./resample.ts'),
  },
  {
    name: 'consolidate',
    summary: "merge the files of settled sessions into their year's file",
    description:
      'Merges small files, so that reading stays quick. No row changes: the rows before and after are proved equal before the ' +
      'commit, and earlier versions can still be read.',
    operands: [],
    options: [
      {
        flags: '--mode <mode>',
        doc: 'incremental: what is due; full: every year into one file',
        defaultText: 'incremental',
      },
      { flags: '--max-workers <count>', doc: 'tables and years worked on at once', defaultText: '2' },
      { flags: '--year <list>', doc: 'only these years, separated by commas' },
    ],
    examples: [
      { line: 'condvest consolidate', doc: 'what is due' },
      { line: 'condvest consolidate --mode full --year 2024,2025', doc: 'two years anew' },
    ],
    load: () => import('./consolidate.ts'),
  },
  {
    name: 'vacuum',
    summary: 'delete files that no version inside the retention needs',
    description:
      'Deletes data files that no version of the last days refers to, and the part of the log before them. What is left can be ' +
      'read as of any instant inside the retention.',
    operands: [],
    options: [
      { flags: '--dry-run', doc: 'list exactly what would be deleted, and delete nothing' },
      { flags: '--retention-days <days>', doc: 'how long earlier versions stay readable', defaultText: '400' },
      { flags: '--force', doc: 'even if a running reader or an unfinished derivation may still need a file' },
    ],
    examples: [
      { line: 'condvest vacuum --dry-run', doc: 'what a real run would delete, with sizes' },
      { line: 'condvest vacuum --retention-days 90', doc: 'keep three months of versions' },
    ],
    load: () => import('./vacuum.ts'),
  },
  {
    name: 'verify',
    summary: 'check the whole lake against its own rules',
    description:
      'Every file that the log names exists with its size, rows and statistics; keys are unique; rows are in order. With --deep ' +
      'every stored N-session bar is derived again by other code and compared. Exits with 1 and a list on any difference.',
    operands: [],
    options: [{ flags: '--deep', doc: 'derive silver again from bronze and compare every row' }],
    examples: [
      { line: 'condvest verify', doc: 'files, rows, keys and order' },
      { line: 'condvest verify --deep', doc: 'the proof that incremental equals a full rebuild' },
    ],
    load: () => import('./verify.ts'),
  },
  {
    name: 'bars',
    summary: 'read the bars of one symbol',
    description:
      'Bars of a symbol, followed through its earlier symbols. A terminal gets a table, a pipe gets CSV. The window that is still ' +
      'open is shown and marked.',
    operands: [{ name: 'symbol', doc: 'as it was on the last session asked for; case-sensitive', required: true }],
    options: [
      { flags: '--interval <length>', doc: '1d, or 2d to 252d sessions a bar', defaultText: '1d' },
      { flags: '--from <date>', doc: 'first day' },
      { flags: '--to <date>', doc: 'last day', defaultText: 'the last session published' },
      { flags: '--adjust <how>', doc: 'raw, split or total (dividends reinvested)', defaultText: 'split' },
      { flags: '--as-of <instant>', doc: 'what was known then: an instant with its zone, or a date' },
      { flags: '--explain', doc: 'raw values, factors, events and sources of each bar' },
      {
        flags: '--format <format>',
        doc: 'table, csv, json, parquet or arrow',
        defaultText: 'table on a terminal, csv otherwise',
      },
      { flags: '--output <file>', doc: 'write to a file; its ending tells the format' },
      { flags: '--plot', doc: 'also draw the closes' },
      { flags: '--limit <count>', doc: 'only the last bars', defaultText: '30 in a table, all otherwise' },
    ],
    examples: [
      { line: 'condvest bars AAPL --interval 21d --from 2020-01-01', doc: 'bars of 21 sessions' },
      { line: 'condvest bars AAPL --adjust total --format csv > aapl.csv', doc: 'dividends reinvested, as CSV' },
      { line: 'condvest bars AAPL --as-of 2025-06-30 --format json', doc: 'what was known at the end of that day' },
    ],
    load: () => import('./bars.ts'),
  },
  {
    name: 'sql',
    summary: 'ask the lake in SQL',
    description:
      'Runs one statement of DuckDB SQL over views of all tables, such as bronze.daily_bars and silver.bars_21d.',
    operands: [{ name: 'statement', doc: 'a SELECT; quote it', required: true }],
    options: [
      { flags: '--as-of <instant>', doc: 'every table as it was then' },
      {
        flags: '--format <format>',
        doc: 'table, csv, json, parquet or arrow',
        defaultText: 'table on a terminal, csv otherwise',
      },
      { flags: '--output <file>', doc: 'write to a file; its ending tells the format' },
      { flags: '--limit <count>', doc: 'rows of a table shown', defaultText: '100 in a table, all otherwise' },
    ],
    examples: [
      {
        line: 'condvest sql "select session, count(*) from bronze.daily_bars group by 1 order by 1 desc limit 5"',
        doc: 'rows of the last sessions',
      },
      { line: 'condvest sql "select * from bronze.quarantine" --format json', doc: 'refused rows with their reasons' },
    ],
    load: () => import('./sql.ts'),
  },
  {
    name: 'tables',
    summary: 'list the tables of the lake',
    description: 'Every table with its version, rows, files, size and range of sessions.',
    operands: [],
    options: [{ flags: '--columns', doc: 'also list the columns' }],
    examples: [{ line: 'condvest tables', doc: 'what there is' }],
    load: () => import('./tables.ts'),
  },
  {
    name: 'symbols',
    summary: 'list the symbols of the lake',
    description: 'Symbols with their security, name, first and last session, and number of bars.',
    operands: [{ name: 'search', doc: 'part of a symbol or name', required: false }],
    options: [{ flags: '--limit <count>', doc: 'symbols shown', defaultText: '50 in a table, all otherwise' }],
    examples: [{ line: 'condvest symbols BRK', doc: 'symbols and names with BRK in them' }],
    load: () => import('./symbols.ts'),
  },
  {
    name: 'history',
    summary: 'list the versions of a table',
    description: 'Every version that can still be read: when it came, by which operation, and what it changed.',
    operands: [{ name: 'table', doc: 'such as daily_bars or bars_21d', required: true }],
    options: [{ flags: '--limit <count>', doc: 'versions shown, newest first', defaultText: '20' }],
    examples: [{ line: 'condvest history daily_bars', doc: 'the newest versions of the daily bars' }],
    load: () => import('./history.ts'),
  },
];
