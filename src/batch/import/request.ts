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
  /** The dataset of all files; default: recognized by the columns of each. */
  readonly dataset?: Dataset;
  /**
   * Where the values come from: decides what they may replace. `flat-file` for the vendor's flat files, else `import`.
   */
  readonly source?: string;
  /** Replace what sources of higher rank gave, too. */
  readonly replace?: boolean;
  /** Largest share of refused rows, from 0 to 1; above it nothing is written. */
  readonly quarantineBound: number;
  /** Say what would be done, and write nothing. */
  readonly dryRun?: boolean;
  /** Told what is being done, for progress on a screen. */
  readonly onStep?: (step: string) => void;
}

export const DEFAULT_SOURCE = 'import';
export const FLAT_FILE_SOURCE = 'flat-file';
