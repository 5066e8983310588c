import { CLOCK_OPTION, type CommandDefinition, type OptionDefinition } from './command.ts';
import { NIGHTLY_COMMANDS } from './commands-nightly.ts';
import { LISTENING_OPTIONS, SERVING_COMMANDS } from './commands-serving.ts';

/** Options of commands whose result is a table of rows. */
const OUTPUT_OPTIONS: readonly OptionDefinition[] = [
  {
    flags: '--format <format>',
    doc: 'table, csv, json, parquet or arrow',
    defaultText: 'table on a terminal, csv otherwise',
  },
  { flags: '--output <file>', doc: 'write to a file, whose extension selects the format' },
];

/** All commands, in the order of the help. */
export const COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'up',
    summary: 'build the lake, keep it up to date, and serve it',
    description:
      'Serves like `condvest serve`, even while the lake is being built. Builds an empty lake from the vendor if there is an API key, ' +
      'otherwise from a simulated market with made-up securities and prices. Then runs the pipeline five minutes after each close and ' +
      'when a session has settled. Missed runs are caught up. If the vendor is down, it waits and retries. Exits with 0 on SIGTERM or Ctrl-C.',
    options: [
      { flags: '--once', doc: 'build or update the lake once, report, and exit; does not serve' },
      ...LISTENING_OPTIONS,
      { flags: '--no-serve', doc: 'build and keep up to date without serving' },
      { flags: '--symbols <count>', doc: 'securities in the simulated market', defaultText: '200' },
      {
        flags: '--years <count>',
        doc: 'years of history, up to the last closed session',
        defaultText: '10 simulated, 2 from the vendor',
      },
      { flags: '--seed <number>', doc: 'the same seed produces the same market', defaultText: '1' },
      CLOCK_OPTION,
    ],
    examples: [
      { line: 'condvest up', doc: 'a lake of 200 securities and ten years in .condvest, kept up to date' },
      { line: 'condvest up --once --symbols 20 --years 2 --seed 7', doc: 'a smaller market from another seed' },
    ],
    load: () => import('./up.ts'),
  },
  ...SERVING_COMMANDS,
  ...NIGHTLY_COMMANDS,
  {
    name: 'import',
    summary: 'import files of bars, splits, dividends or listings',
    description:
      'Reads Parquet, CSV and JSON, also compressed with gzip, and the flat files of Massive (Polygon.io). Columns and dates are ' +
      'detected; what has two meanings, or contradicts itself, is refused with its reason. Files that cannot be imported are left ' +
      'out and listed. Importing the same file again changes nothing. Invalid rows are quarantined with their reason; a file with ' +
      'more of them than the bound is left out. Exits with 3 if files were left out or sessions stay partial.',
    operands: [
      { name: 'file', doc: 'files, folders, quoted patterns, or - for standard input', required: true, variadic: true },
    ],
    options: [
      {
        flags: '--dataset <name>',
        doc: 'daily_bars, splits, dividends or listings',
        defaultText: 'detected from the columns',
      },
      { flags: '--symbol <symbol>', doc: 'symbol of all rows, for files without a column for it' },
      { flags: '--symbol-from-name', doc: 'take the symbol from the name of each file, such as AAPL.csv' },
      { flags: '--strip-suffix <text>', doc: 'remove this ending from symbols: .US' },
      { flags: '--upper-case', doc: 'convert symbols to upper case' },
      { flags: '--column <list>', doc: 'columns by field, separated by commas: symbol=Stock,close=Last' },
      { flags: '--dates <order>', doc: 'order in dates such as 01/02/2024: mdy or dmy' },
      {
        flags: '--adjusted <kind>',
        doc: 'none: prices are as traded; split: they are adjusted for splits, which are undone with the known splits',
      },
      {
        flags: '--adjusted-through <date>',
        doc: 'last day whose splits the prices are adjusted for',
        defaultText: 'the last row of the file',
      },
      {
        flags: '--splits-from <date>',
        doc: 'first day from which the stored splits are complete',
        defaultText: 'the first of them',
      },
      { flags: '--sparse', doc: 'accept daily bars that are as far apart as weekly or monthly ones' },
      {
        flags: '--source <name>',
        doc: 'source of the values; its rank decides what they may replace',
        defaultText: 'import',
      },
      { flags: '--replace', doc: 'replace even values from a source of higher rank' },
      {
        flags: '--quarantine-bound <share>',
        doc: 'share of rejected rows above which a file is left out; one row is always allowed',
        defaultText: '0.01',
      },
      { flags: '--strict', doc: 'import nothing if any file cannot be imported' },
      { flags: '--dry-run', doc: 'report what would change without writing anything' },
      CLOCK_OPTION,
    ],
    examples: [
      {
        line: 'condvest import prices.parquet',
        doc: 'daily bars with columns such as symbol, date, open, high, low, close, volume',
      },
      {
        line: 'condvest import --symbol-from-name stocks/',
        doc: 'a folder with one file per symbol: AAPL.csv, MSFT.csv',
      },
      {
        line: 'condvest import --dataset splits splits.csv',
        doc: 'splits as split_from and split_to, or as a ratio',
      },
      { line: "condvest import '2024-*.csv.gz'", doc: "a year of the vendor's flat files" },
    ],
    load: () => import('./import.ts'),
  },
  {
    name: 'resample',
    summary: 'derive the stored N-session bars',
    description:
      'Derives N-session bars from daily bars, splits and listings: exactly the windows that changed since the last run. ' +
      'Also derives the list of restated values.',
    options: [
      { flags: '--intervals <list>', doc: 'lengths in sessions', defaultText: '3,5,8,13,21,34, or CONDVEST_INTERVALS' },
      { flags: '--full', doc: 'derive everything again, with the same result' },
      CLOCK_OPTION,
    ],
    examples: [
      { line: 'condvest resample', doc: 'what changed, in all configured lengths' },
      { line: 'condvest resample --intervals 21 --full', doc: 'rebuild one table' },
    ],
    load: () => import('./resample.ts'),
  },
  {
    name: 'consolidate',
    summary: "merge the files of settled sessions into their year's file",
    description:
      'Merges small files, which keeps reads fast. No row changes: rows are proved equal before the commit, and earlier versions ' +
      'stay readable.',
    options: [
      {
        flags: '--mode <mode>',
        doc: 'incremental: what is due; full: one file per year',
        defaultText: 'incremental',
      },
      { flags: '--max-workers <count>', doc: 'tables and years merged in parallel', defaultText: '2' },
      { flags: '--year <list>', doc: 'only these years, separated by commas' },
      CLOCK_OPTION,
    ],
    examples: [
      { line: 'condvest consolidate', doc: 'what is due' },
      { line: 'condvest consolidate --mode full --year 2024,2025', doc: 'two years, completely' },
    ],
    load: () => import('./consolidate.ts'),
  },
  {
    name: 'vacuum',
    summary: 'delete files that no version within the retention needs',
    description:
      'Deletes data files that no version within the retention refers to, and the log before them. The lake stays readable as of ' +
      'any instant within the retention.',
    options: [
      { flags: '--dry-run', doc: 'list exactly what would be deleted without deleting it' },
      { flags: '--retention-days <days>', doc: 'days for which earlier versions stay readable', defaultText: '400' },
      { flags: '--force', doc: 'delete even files that a running reader or an unfinished derivation may need' },
      CLOCK_OPTION,
    ],
    examples: [
      { line: 'condvest vacuum --dry-run', doc: 'what would be deleted, with sizes' },
      { line: 'condvest vacuum --retention-days 90', doc: 'keep three months of versions' },
    ],
    load: () => import('./vacuum.ts'),
  },
  {
    name: 'verify',
    summary: 'verify the integrity of the lake',
    description:
      'Verifies that every file in the log exists with its size, rows and statistics, that keys are unique, and that rows are in ' +
      'order. With --deep, derives every stored N-session bar again with independent code and compares it. Lists the problems and exits with 1.',
    options: [{ flags: '--deep', doc: 'derive silver again from bronze and compare every row' }],
    examples: [
      { line: 'condvest verify', doc: 'files, rows, keys and order' },
      { line: 'condvest verify --deep', doc: 'proof that incremental updates equal a full rebuild' },
    ],
    load: () => import('./verify.ts'),
  },
  {
    name: 'bars',
    summary: 'read the bars of one symbol',
    description:
      'Prints the bars of a symbol and of its earlier symbols: as a table on a terminal, as CSV in a pipe. A window that is still ' +
      'open is marked.',
    operands: [{ name: 'symbol', doc: 'as of the last requested session; case-sensitive', required: true }],
    options: [
      { flags: '--interval <length>', doc: 'sessions per bar: 1d, or 2d to 252d', defaultText: '1d' },
      { flags: '--from <date>', doc: 'first date' },
      { flags: '--to <date>', doc: 'last date', defaultText: 'the last published session' },
      { flags: '--adjust <how>', doc: 'raw, split or total (dividends reinvested)', defaultText: 'split' },
      { flags: '--as-of <instant>', doc: 'what was known then: an instant with its zone, or a date' },
      { flags: '--explain', doc: 'also the raw values, factors, events and sources of each bar' },
      ...OUTPUT_OPTIONS,
      { flags: '--plot', doc: 'also plot the closes' },
      {
        flags: '--limit <count>',
        doc: 'number of bars, counted from the last one',
        defaultText: '30 in a table, all otherwise',
      },
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
    summary: 'query the lake in SQL',
    description:
      'Runs one DuckDB SQL statement over views of all tables, such as bronze.daily_bars and silver.bars_21d.',
    operands: [{ name: 'statement', doc: 'a SELECT; quote it', required: true }],
    options: [
      { flags: '--as-of <instant>', doc: 'read every table as of this instant' },
      ...OUTPUT_OPTIONS,
      { flags: '--limit <count>', doc: 'number of rows', defaultText: '100 in a table, all otherwise' },
    ],
    examples: [
      {
        line: 'condvest sql "select session, count(*) from bronze.daily_bars group by 1 order by 1 desc limit 5"',
        doc: 'rows per session, newest first',
      },
      { line: 'condvest sql "select * from bronze.quarantine" --format json', doc: 'rejected rows with their reasons' },
    ],
    load: () => import('./sql.ts'),
  },
  {
    name: 'tables',
    summary: 'list the tables of the lake',
    description: 'Lists every table with its version, rows, files, size and range of sessions.',
    options: [{ flags: '--columns', doc: 'also list the columns' }],
    examples: [{ line: 'condvest tables', doc: 'all tables' }],
    load: () => import('./tables.ts'),
  },
  {
    name: 'symbols',
    summary: 'list the symbols of the lake',
    description: 'Lists symbols with their security, name, first and last session, and number of bars.',
    operands: [{ name: 'search', doc: 'part of a symbol or name', required: false }],
    options: [{ flags: '--limit <count>', doc: 'number of symbols', defaultText: '50 in a table, all otherwise' }],
    examples: [{ line: 'condvest symbols BRK', doc: 'symbols and names that contain BRK' }],
    load: () => import('./symbols.ts'),
  },
  {
    name: 'history',
    summary: 'list the versions of a table',
    description:
      'Lists every readable version: when it was committed, by which operation, from which import or fetch, and what it changed.',
    operands: [{ name: 'table', doc: 'a table, such as daily_bars or bars_21d', required: true }],
    options: [{ flags: '--limit <count>', doc: 'number of versions, newest first', defaultText: '20' }],
    examples: [{ line: 'condvest history daily_bars', doc: 'the newest versions of the daily bars' }],
    load: () => import('./history.ts'),
  },
];
