import { defined } from '#base/assert.ts';
import { UsageError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';

import { columnNamed, type Dataset, hasPrices, plain } from './columns.ts';
import { distinctValuesSql } from './read.sql.ts';
import type { ImportStatements } from './request.ts';
import type { SourceFile } from './source-file.ts';

/**
 * Compares what a file says of itself with the dataset it is read as: columns that only another kind of data has, columns
 * that say how long its bars are, and signs that its prices are adjusted. A contradiction stops the file.
 */
export async function checkContent(
  lake: Lake,
  file: SourceFile,
  dataset: Dataset,
  statements: ImportStatements,
): Promise<void> {
  if (dataset !== 'daily_bars') {
    if (!hasPrices(file.header, statements.columns)) return;
    throw contradiction(file, `has open, high, low and close, so it has bars, not ${dataset}`, {
      action: 'Import it without --dataset',
    });
  }
  checkNotWindows(file);
  for (const check of VALUE_CHECKS) await checkValues(lake, file, check);
  checkEnvelope(file);
  if (statements.adjusted === undefined) checkTraded(file);
}

/** N-session bars are derived here, from daily bars, splits and listings. */
function checkNotWindows(file: SourceFile): void {
  const marks = ['first_session', 'last_session', 'firstsession', 'lastsession', 'sessions', 'expected', 'complete'];
  const found = file.header.filter((column) => marks.includes(plain(column)));
  if (found.length < 2) return;
  throw contradiction(file, `has bars of several sessions (${found.join(', ')}), which are derived, not imported`, {
    action: 'Import the daily bars and run condvest resample',
  });
}

interface ValueCheck {
  /** Names of the column. */
  readonly names: readonly string[];
  /** A further column must exist for the check to apply. */
  readonly beside?: readonly string[];
  readonly allowed: RegExp;
  readonly problem: string;
}

const DAILY = /^(1?[ _-]?d|1?[ _-]?day|daily|1440|session)$/i;

const VALUE_CHECKS: readonly ValueCheck[] = [
  {
    names: ['interval', 'timespan', 'per', 'period', 'frequency', 'freq', 'resolution'],
    allowed: DAILY,
    problem: 'has bars of another length than a day',
  },
  { names: ['multiplier'], allowed: /^1$/, problem: 'has bars of several days' },
  // A record type of a market-data archive: 35 is a daily bar.
  { names: ['rtype'], allowed: /^35$/, problem: 'has records that are not daily bars' },
  {
    names: ['time'],
    beside: ['date', 'session'],
    allowed: /^(0+|0?0:00(:00)?|16:?00(:?00)?)$/,
    problem: 'has bars at times of the day, so they are not daily bars',
  },
];

async function checkValues(lake: Lake, file: SourceFile, check: ValueCheck): Promise<void> {
  const index = columnNamed(file.header, check.names);
  if (index === undefined || (check.beside !== undefined && columnNamed(file.header, check.beside) === undefined))
    return;
  const column = defined(file.readNames[index], 'each column has a name');
  const values = await lake.rows<{ value: string }>(distinctValuesSql(file, column));
  const wrong = values.find(({ value }) => !check.allowed.test(value.trim()));
  if (wrong === undefined) return;
  throw contradiction(file, check.problem, {
    found: `${file.header[index]?.trim()} is ${wrong.value.slice(0, 40)}`,
    action: 'Import daily bars only',
  });
}

/** A response says how long its bars are beside them. */
function checkEnvelope({ path, envelope = {} }: SourceFile): void {
  const { interval, multiplier, timespan } = envelope;
  const isDaily =
    (interval === undefined || interval === 1 || DAILY.test(String(interval))) &&
    (multiplier === undefined || multiplier === 1) &&
    (timespan === undefined || DAILY.test(String(timespan)));
  if (!isDaily)
    throw contradiction({ path }, 'has bars of another length than a day', { action: 'Import daily bars only' });
}

/** Adjusted prices must not be stored as traded ones, and adjusted again on reading. */
function checkTraded(file: SourceFile): void {
  const has = (...names: readonly string[]): boolean => columnNamed(file.header, names) !== undefined;
  const { adjusted, adjust } = file.envelope ?? {};
  const sign =
    adjusted === true || (typeof adjust === 'string' && adjust !== 'raw')
      ? 'the response says that they are adjusted'
      : has('closeunadj', 'close_unadjusted', 'unadjusted_close')
        ? 'the close as traded is in a column of its own'
        : has('finality')
          ? 'Condvest serves bars adjusted for splits by default'
          : has('dividends') && has('stock_splits') && !has('adj_close')
            ? 'yfinance adjusts for splits and dividends by default'
            : undefined;
  if (sign === undefined) return;
  throw new UsageError({
    code: 'import-adjusted',
    message: `Prices of ${file.path} may be adjusted, and bars are stored as traded: ${sign}`,
    action: 'If they are as traded, add --adjusted none; if they are adjusted for splits alone, add --adjusted split',
  });
}

function contradiction(
  file: Pick<SourceFile, 'path'>,
  problem: string,
  parts: { readonly found?: string; readonly action: string },
): UsageError {
  return new UsageError({ code: 'import-contradiction', message: `${file.path} ${problem}`, ...parts });
}
