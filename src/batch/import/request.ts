import type { IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Clock } from '#ports/clock.ts';
import type { LocalFiles } from '#ports/local-files.ts';

import type { PutRules } from '../put/put-bars.ts';
import type { Dataset, StatedColumns } from './columns.ts';
import type { DateOrder } from './date-style.ts';

export interface ImportDeps {
  readonly lake: Lake;
  readonly calendar: Calendar;
  readonly clock: Clock;
  readonly files: LocalFiles;
  readonly rules: PutRules;
}

/** Statements of the user about all files of an import, which do not make them. */
export interface ImportStatements {
  /** Dataset of the files; guessed from the columns of each by default. */
  readonly dataset?: Dataset | undefined;
  /** Symbol of all rows, for files without a column for it. */
  readonly symbol?: string | undefined;
  /** Takes the symbol from the name of each file: `AAPL.csv`. */
  readonly symbolFromName?: boolean | undefined;
  /** Ending to remove from symbols, such as `.US`. */
  readonly stripSuffix?: string | undefined;
  /** Converts symbols to upper case. */
  readonly upperCase?: boolean | undefined;
  /** Column of a field by its name in the files. */
  readonly columns?: StatedColumns | undefined;
  /** Order of year, month and day in dates that have several readings. */
  readonly dateOrder?: DateOrder | undefined;
  /** Whether prices are as traded (`none`) or adjusted for splits, which are then undone. */
  readonly adjusted?: 'none' | 'split' | undefined;
  /** Last day whose splits the prices are adjusted for; by default the last day of each file. */
  readonly adjustedThrough?: IsoDate | undefined;
  /** First day from which the stored splits are complete; by default that of the first of them. */
  readonly splitsFrom?: IsoDate | undefined;
  /** Accepts bars that are as far apart as weekly or monthly ones. */
  readonly sparse?: boolean | undefined;
}

export interface ImportRequest extends ImportStatements {
  /** Paths of files, folders, and patterns. */
  readonly files: readonly string[];
  /**
   * Source of the values, whose rank decides what they replace. By default `flat-file` for flat files, `import-unadjusted` for
   * bars whose adjustment was undone, else `import`.
   */
  readonly source?: string;
  /** Replaces values of sources of higher rank, too. */
  readonly replace?: boolean;
  /** Largest share of rejected rows of a file, from 0 to 1; a file above it is left out. One row is always allowed, unless it is 0. */
  readonly quarantineBound: number;
  /** Imports nothing if any file cannot be imported. */
  readonly strict?: boolean;
  /** Reports what would be done, and writes nothing. */
  readonly dryRun?: boolean;
  /** Called at each step, to show progress. */
  readonly onStep?: (step: string) => void;
}

export const DEFAULT_SOURCE = 'import';
export const FLAT_FILE_SOURCE = 'flat-file';
export const UNADJUSTED_SOURCE = 'import-unadjusted';
