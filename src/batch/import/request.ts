import type { Lake } from '#lake/lake.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Clock } from '#ports/clock.ts';
import type { LocalFiles } from '#ports/local-files.ts';

import type { PutRules } from '../put/put-bars.ts';
import type { Dataset } from './columns.ts';

export interface ImportDeps {
  readonly lake: Lake;
  readonly calendar: Calendar;
  readonly clock: Clock;
  readonly files: LocalFiles;
  readonly rules: PutRules;
}

export interface ImportRequest {
  /** Paths of files: Parquet, CSV, CSV.gz. */
  readonly files: readonly string[];
  /** Dataset of all files; guessed from the columns of each by default. */
  readonly dataset?: Dataset;
  /**
   * Source of the values, whose rank decides what they replace; by default `flat-file` for flat files, else `import`.
   */
  readonly source?: string;
  /** Replaces values of sources of higher rank, too. */
  readonly replace?: boolean;
  /** Largest share of rejected rows, from 0 to 1; above it nothing is written. */
  readonly quarantineBound: number;
  /** Reports what would be done, and writes nothing. */
  readonly dryRun?: boolean;
  /** Called at each step, to show progress. */
  readonly onStep?: (step: string) => void;
}

export const DEFAULT_SOURCE = 'import';
export const FLAT_FILE_SOURCE = 'flat-file';
