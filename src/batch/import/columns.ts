import { UsageError } from '#base/errors.ts';

/**
 * Maps the columns of a file to the fields of a dataset. Columns are matched by the names that vendors and notebooks commonly
 * use, in any case. Missing and ambiguous columns are errors; nothing is guessed.
 */

export type Dataset = 'daily_bars' | 'splits' | 'dividends' | 'listings';

export const DATASETS: readonly Dataset[] = ['daily_bars', 'splits', 'dividends', 'listings'];

export type FieldKind = 'text' | 'number' | 'count' | 'date';

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  readonly required: boolean;
  /** Names of this field; messages show the first. */
  readonly names: readonly string[];
}

/** Column index by field name, without the fields that the file lacks. */
export type ColumnMap = ReadonlyMap<string, number>;

function field(name: string, kind: FieldKind, need: 'required' | 'optional', ...others: readonly string[]): Field {
  return { name, kind, required: need === 'required', names: [name, ...others] };
}

const SYMBOL = field('symbol', 'text', 'required', 'ticker', 'T');
const EX_DATE = field('ex_date', 'date', 'required', 'execution_date', 'ex_dividend_date', 'exdate', 'date');

/** `T` and `t` are two fields of a vendor response (symbol and timestamp), so their case matters. */
const CASE_SENSITIVE_NAMES: ReadonlySet<string> = new Set(['T', 't']);

export const FIELDS: Readonly<Record<Dataset, readonly Field[]>> = {
  daily_bars: [
    SYMBOL,
    field('session', 'date', 'required', 'date', 'window_start', 'timestamp', 't'),
    field('open', 'number', 'required', 'o'),
    field('high', 'number', 'required', 'h'),
    field('low', 'number', 'required', 'l'),
    field('close', 'number', 'required', 'c'),
    field('volume', 'number', 'required', 'v', 'vol'),
    field('vwap', 'number', 'optional', 'vw'),
    field('trades', 'count', 'optional', 'transactions', 'n'),
  ],
  splits: [
    SYMBOL,
    EX_DATE,
    field('split_from', 'number', 'optional', 'from'),
    field('split_to', 'number', 'optional', 'to'),
    field('ratio', 'number', 'optional', 'split_ratio'),
  ],
  dividends: [
    SYMBOL,
    EX_DATE,
    field('cash_amount', 'number', 'required', 'amount', 'dividend', 'cash'),
    field('kind', 'text', 'optional', 'dividend_type', 'type'),
  ],
  listings: [
    SYMBOL,
    field('first_session', 'date', 'required', 'list_date', 'listed', 'first_date', 'start_date'),
    field('last_session', 'date', 'optional', 'delist_date', 'delisted', 'delisted_utc', 'last_date', 'end_date'),
    field('security_id', 'text', 'optional'),
    field('name', 'text', 'optional', 'company', 'company_name'),
    field('type', 'text', 'optional', 'security_type'),
    field('exchange', 'text', 'optional', 'primary_exchange', 'mic'),
    field('figi', 'text', 'optional', 'composite_figi'),
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

/**
 * Finds the columns of a dataset in the header of a file.
 * @throws UsageError `import-columns-missing`, `import-column-ambiguous`.
 */
export function matchColumns(dataset: Dataset, header: readonly string[], file: string): ColumnMap {
  const match = tryMatch(dataset, header);
  const [field, ...rest] = match.ambiguous;
  if (field !== undefined) {
    const found = header.filter((column) => means(field, column));
    throw new UsageError({
      code: 'import-column-ambiguous',
      message: `More than one column of ${file} may be ${field.name}${rest.length > 0 ? ` (and ${rest.length} more fields)` : ''}`,
      found: found.join(', '),
      allowed: `one of ${field.names.join(' | ')}`,
      action: 'Rename or remove the others',
    });
  }
  if (match.missing.length > 0) {
    throw new UsageError({
      code: 'import-columns-missing',
      message: `${file} has no column for ${match.missing.map(({ name }) => name).join(', ')} of ${dataset}`,
      found: header.join(', '),
      allowed: match.missing.map((one) => `${one.name} as ${one.names.join(' | ')}`).join('; '),
    });
  }
  return match.columns;
}

/**
 * Returns the dataset that a header fits.
 * @throws UsageError `import-dataset-unknown` if it fits none or several.
 */
export function guessDataset(header: readonly string[], file: string): Dataset {
  const fits = DATASETS.filter((dataset) => tryMatch(dataset, header).missing.length === 0);
  const [only, ...others] = fits;
  if (only !== undefined && others.length === 0) return only;
  throw new UsageError({
    code: 'import-dataset-unknown',
    message:
      fits.length === 0
        ? `The columns of ${file} fit no dataset`
        : `The columns of ${file} fit more than one dataset (${fits.join(', ')})`,
    found: header.join(', '),
    allowed: DATASETS.map((dataset) => `${dataset}: ${requiredText(dataset)}`).join('; '),
    action: fits.length === 0 ? 'Rename the columns' : 'Choose one with --dataset',
  });
}

interface Match {
  readonly columns: ColumnMap;
  readonly missing: readonly Field[];
  readonly ambiguous: readonly Field[];
}

function tryMatch(dataset: Dataset, header: readonly string[]): Match {
  const columns = new Map<string, number>();
  const missing: Field[] = [];
  const ambiguous: Field[] = [];
  for (const field of FIELDS[dataset]) {
    const indexes = header.flatMap((column, index) => (means(field, column) ? [index] : []));
    const [first] = indexes;
    if (indexes.length > 1) ambiguous.push(field);
    else if (first !== undefined) columns.set(field.name, first);
    else if (field.required) missing.push(field);
  }
  if (dataset === 'splits') missing.push(...missingSplitFields(columns));
  return { columns, missing, ambiguous };
}

/** A split has either both numbers or their ratio. */
function missingSplitFields(columns: ColumnMap): Field[] {
  const from = columns.has('split_from');
  const to = columns.has('split_to');
  if ((from && to) || (!from && !to && columns.has('ratio'))) return [];
  return FIELDS.splits.filter((field) => field.name.startsWith('split_') && !columns.has(field.name));
}

function means(field: Field, column: string): boolean {
  const name = column.trim();
  return field.names.some((known) =>
    CASE_SENSITIVE_NAMES.has(known) || CASE_SENSITIVE_NAMES.has(name)
      ? known === name
      : known.toLowerCase() === plain(name),
  );
}

function plain(column: string): string {
  return column.trim().toLowerCase();
}

function requiredText(dataset: Dataset): string {
  const required = FIELDS[dataset].filter((field) => field.required).map((field) => field.names.join(' | '));
  if (dataset === 'splits') required.push('split_from and split_to, or ratio');
  return required.join(', ');
}
