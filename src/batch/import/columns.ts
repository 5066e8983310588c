import { defined } from '#base/assert.ts';
import { UsageError } from '#base/errors.ts';

/**
 * Maps the columns of a file to the fields of a dataset. Columns are matched by the names that vendors, brokers and notebooks
 * commonly use, in any case. Missing and ambiguous columns are errors; nothing is guessed.
 */

export type Dataset = 'daily_bars' | 'splits' | 'dividends' | 'listings';

export const DATASETS: readonly Dataset[] = ['daily_bars', 'splits', 'dividends', 'listings'];

/**
 * - `quantity`: a number of shares, which some sites abbreviate (82.49M).
 * - `ratio`: new shares for one old share, as a number, `4:1` or `4-for-1`.
 * - `frequency`: payments a year, as a number or a word such as `quarterly`.
 */
export type FieldKind = 'text' | 'number' | 'quantity' | 'count' | 'date' | 'ratio' | 'frequency';

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  readonly required: boolean;
  /** Names of this field; messages show the first. */
  readonly names: readonly string[];
  /** Names that mean this field only where no column has one of `names`. */
  readonly fallbacks: readonly string[];
}

/** Column index by field name, without the fields that the file lacks. */
export type ColumnMap = ReadonlyMap<string, number>;

/** Columns by field as the user stated them: `symbol` is `Stock`. */
export type StatedColumns = Readonly<Record<string, string>>;

/** Facts about a file beside its columns. */
export interface ColumnHints {
  readonly stated?: StatedColumns | undefined;
  /** Fields with a value from elsewhere: an option, or the path. */
  readonly constants?: ReadonlySet<string> | undefined;
}

function field(
  name: string,
  kind: FieldKind,
  need: 'required' | 'optional',
  names: readonly string[] = [],
  fallbacks: readonly string[] = [],
): Field {
  return { name, kind, required: need === 'required', names: [name, ...names], fallbacks };
}

const SYMBOL_NAMES = ['ticker', 'T', 'stock', 'tic', 'act_symbol', 'ticker_symbol', 'stock_symbol'];
const SYMBOL = field('symbol', 'text', 'required', SYMBOL_NAMES);
const EX_DATE = field(
  'ex_date',
  'date',
  'required',
  ['execution_date', 'ex_dividend_date', 'exdate', 'ex_eff_date'],
  ['date'],
);

/** Names of an index that pandas wrote without one, in CSV and in Parquet. */
const UNNAMED_INDEX = ['', 'index', 'unnamed_0', '__index_level_0__'];

/** `T` and `t` are two fields of a vendor response (symbol and timestamp), so their case matters. */
const CASE_SENSITIVE_NAMES: ReadonlySet<string> = new Set(['T', 't']);

export const FIELDS: Readonly<Record<Dataset, readonly Field[]>> = {
  daily_bars: [
    // `Name` is the symbol in a much-copied file of the S&P 500.
    field('symbol', 'text', 'required', SYMBOL_NAMES, ['name', 'code']),
    field(
      'session',
      'date',
      'required',
      ['date', 'window_start', 'timestamp', 't', 'trade_date', 'datadate', 'ts_event'],
      ['datetime', 'time', ...UNNAMED_INDEX],
    ),
    field('open', 'number', 'required', ['o', 'openprc', 'open_price']),
    field('high', 'number', 'required', ['h', 'askhi', 'high_price']),
    field('low', 'number', 'required', ['l', 'bidlo', 'low_price']),
    field('close', 'number', 'required', ['c', 'close_last', 'close_price', 'prc'], ['price', 'last']),
    field('volume', 'quantity', 'required', ['v', 'vol']),
    field('vwap', 'number', 'optional', ['vw']),
    field('trades', 'count', 'optional', ['transactions', 'n', 'trade_count']),
  ],
  splits: [
    SYMBOL,
    EX_DATE,
    field('split_from', 'number', 'optional', ['from']),
    field('split_to', 'number', 'optional', ['to']),
    field('ratio', 'ratio', 'optional', ['split_ratio', 'stock_splits', 'split_factor', 'split_coefficient']),
  ],
  dividends: [
    SYMBOL,
    EX_DATE,
    field('cash_amount', 'number', 'required', ['amount', 'dividend', 'dividends', 'cash', 'dividend_amount']),
    field('kind', 'text', 'optional', ['dividend_type', 'type']),
    field('currency', 'text', 'optional', ['currency_code', 'cash_currency']),
    field('declaration_date', 'date', 'optional', ['declarationdate', 'declared', 'declared_date', 'dclrdt']),
    field('record_date', 'date', 'optional', ['recorddate', 'rcrddt']),
    field('pay_date', 'date', 'optional', ['paydate', 'payment_date', 'paymentdate', 'payable_date', 'paydt']),
    field('frequency', 'frequency', 'optional', ['payments_per_year', 'distribution_freq', 'distributionfreq']),
  ],
  listings: [
    SYMBOL,
    field('first_session', 'date', 'required', ['list_date', 'listed', 'first_date', 'start_date']),
    field('last_session', 'date', 'optional', ['delist_date', 'delisted', 'delisted_utc', 'last_date', 'end_date']),
    field('security_id', 'text', 'optional'),
    field('name', 'text', 'optional', ['company', 'company_name']),
    field('type', 'text', 'optional', ['security_type']),
    field('exchange', 'text', 'optional', ['primary_exchange', 'mic']),
    field('figi', 'text', 'optional', ['composite_figi']),
  ],
};

/** Columns of the vendor's flat files, one file per session. */
export const FLAT_FILE_COLUMNS: readonly string[] = [
  'ticker',
  'volume',
  'open',
  'close',
  'high',
  'low',
  'window_start',
  'transactions',
];

export function isFlatFile(header: readonly string[]): boolean {
  const found = header.map(plain);
  return found.length === FLAT_FILE_COLUMNS.length && FLAT_FILE_COLUMNS.every((name) => found.includes(name));
}

/** Returns the index of the first column with one of the names, in any case. */
export function columnNamed(header: readonly string[], names: readonly string[]): number | undefined {
  const index = header.findIndex((column) => names.includes(plain(column)));
  return index === -1 ? undefined : index;
}

/** Returns whether the columns have open, high, low and close, which only bars have. */
export function hasPrices(header: readonly string[], stated: StatedColumns = {}): boolean {
  return ['open', 'high', 'low', 'close'].every((name) => {
    const price = defined(
      FIELDS.daily_bars.find((one) => one.name === name),
      'bars have prices',
    );
    return candidates(price, header, stated).length > 0;
  });
}

/**
 * Finds the columns of a dataset in the header of a file.
 * @throws UsageError `import-columns-missing`, `import-column-ambiguous`, `import-column-unknown`.
 */
export function matchColumns(
  dataset: Dataset,
  header: readonly string[],
  file: string,
  hints: ColumnHints = {},
): ColumnMap {
  checkStated(dataset, header, file, hints.stated ?? {});
  const match = tryMatch(dataset, header, hints);
  const [ambiguous, ...rest] = match.ambiguous;
  if (ambiguous !== undefined) {
    const found = candidates(ambiguous, header, {}).map((index) => header[index]);
    throw new UsageError({
      code: 'import-column-ambiguous',
      message: `More than one column of ${file} may be ${ambiguous.name}${rest.length > 0 ? ` (and ${rest.length} more fields)` : ''}`,
      found: found.join(', '),
      allowed: `one of ${ambiguous.names.join(' | ')}`,
      action: `Choose one with --column ${ambiguous.name}=NAME`,
    });
  }
  if (match.missing.length > 0) throw missingColumns(dataset, match, header, file);
  return match.columns;
}

/**
 * Returns the dataset that a header fits: bars if it has prices, whatever else it has.
 * @throws UsageError `import-columns-missing` if it fits none, `import-dataset-unknown` if it fits several.
 */
export function guessDataset(header: readonly string[], file: string, hints: ColumnHints = {}): Dataset {
  if (hasPrices(header, hints.stated)) return 'daily_bars';
  const matches = DATASETS.map((dataset) => ({ dataset, match: tryMatch(dataset, header, hints) }));
  const fits = matches.filter(({ match }) => match.missing.length === 0).map(({ dataset }) => dataset);
  const [only, ...others] = fits;
  if (only !== undefined && others.length === 0) return only;
  if (only !== undefined) {
    throw new UsageError({
      code: 'import-dataset-unknown',
      message: `The columns of ${file} fit more than one dataset (${fits.join(', ')})`,
      found: header.join(', '),
      action: 'Choose one with --dataset',
    });
  }
  const [nearest] = matches.toSorted((a, b) => share(b) - share(a));
  const { dataset, match } = defined(nearest, 'there are datasets');
  throw missingColumns(dataset, match, header, file);
}

/** Returns the share of the required fields that a header has. */
function share({ dataset, match }: { readonly dataset: Dataset; readonly match: Match }): number {
  const found = FIELDS[dataset].filter(({ name, required }) => required && match.columns.has(name)).length;
  // Ties go to the dataset that uses more of the columns.
  return found / (found + match.missing.length) + match.columns.size / 1000;
}

interface Match {
  readonly columns: ColumnMap;
  readonly missing: readonly Field[];
  readonly ambiguous: readonly Field[];
}

function tryMatch(dataset: Dataset, header: readonly string[], hints: ColumnHints): Match {
  const columns = new Map<string, number>();
  const missing: Field[] = [];
  const ambiguous: Field[] = [];
  for (const one of FIELDS[dataset]) {
    const indexes = candidates(one, header, hints.stated ?? {});
    const [first] = indexes;
    if (indexes.length > 1) ambiguous.push(one);
    else if (first !== undefined) columns.set(one.name, first);
    else if (one.required && hints.constants?.has(one.name) !== true) missing.push(one);
  }
  if (dataset === 'splits') missing.push(...missingSplitFields(columns));
  return { columns, missing, ambiguous };
}

function candidates(of: Field, header: readonly string[], stated: StatedColumns): number[] {
  const named = stated[of.name];
  if (named !== undefined) return header.flatMap((column, index) => (column.trim() === named ? [index] : []));
  // A column that the user assigned to another field is not a candidate.
  const taken = new Set(Object.values(stated));
  const indexesOf = (names: readonly string[]): number[] =>
    header.flatMap((column, index) => (means(names, column) && !taken.has(column.trim()) ? [index] : []));
  const indexes = indexesOf(of.names);
  return indexes.length > 0 ? indexes : indexesOf(of.fallbacks);
}

/** A split has either both numbers or their ratio. */
function missingSplitFields(columns: ColumnMap): Field[] {
  const from = columns.has('split_from');
  const to = columns.has('split_to');
  if ((from && to) || (!from && !to && columns.has('ratio'))) return [];
  return FIELDS.splits.filter((one) => one.name.startsWith('split_') && !columns.has(one.name));
}

function means(names: readonly string[], column: string): boolean {
  const name = column.trim();
  return names.some((known) =>
    CASE_SENSITIVE_NAMES.has(known) || CASE_SENSITIVE_NAMES.has(name) ? known === name : known === plain(name),
  );
}

/** `<VOL>`, `Close/Last` and `Adj. Close` are `vol`, `close_last` and `adj_close`. */
export function plain(column: string): string {
  const name = column
    .trim()
    .toLowerCase()
    .replace(/^<(.*)>$/, '$1');
  return name.startsWith('__') ? name : name.replaceAll(/[\s./:-]+/g, '_').replace(/_+$/, '');
}

function checkStated(dataset: Dataset, header: readonly string[], file: string, stated: StatedColumns): void {
  for (const [name, column] of Object.entries(stated)) {
    const known = FIELDS[dataset].map((one) => one.name);
    if (!known.includes(name)) {
      throw new UsageError({
        code: 'import-column-unknown',
        message: `${TITLES[dataset]} have no field of this name`,
        found: name,
        allowed: known.join(', '),
      });
    }
    if (!header.some((one) => one.trim() === column)) {
      throw new UsageError({
        code: 'import-column-unknown',
        message: `${file} has no column of this name for ${name}`,
        found: column,
        allowed: header.map((one) => one.trim()).join(', '),
      });
    }
  }
}

const TITLES: Readonly<Record<Dataset, string>> = {
  daily_bars: 'Daily bars',
  splits: 'Splits',
  dividends: 'Dividends',
  listings: 'Listings',
};

/** Returns an error that names the missing columns first, in few words, before any list. */
function missingColumns(dataset: Dataset, match: Match, header: readonly string[], file: string): UsageError {
  const names = match.missing.map(({ name }) => name);
  const isSymbolOnly = names.length === 1 && names[0] === 'symbol';
  return new UsageError({
    code: 'import-columns-missing',
    message: `${file} looks like ${dataset.replace('_', ' ')}, but has no column for ${names.join(', ')}`,
    action: isSymbolOnly
      ? 'Add --symbol AAPL, or --symbol-from-name for files such as AAPL.csv, or --column symbol=NAME'
      : `Name them with --column ${names[0]}=NAME. Its columns: ${header.map((one) => one.trim()).join(', ')}`,
    ...(isSymbolOnly
      ? {}
      : { allowed: match.missing.map((one) => `${one.name} as ${one.names.join(' | ')}`).join('; ') }),
  });
}
