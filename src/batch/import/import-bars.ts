import { defined } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';
import { sqlText } from '#lake/engine.ts';
import { scanSql } from '#lake/scan.ts';
import { LISTINGS, SPLITS } from '#lake/tables.ts';
import type { DailyRowRules } from '#market/quality.ts';

import { type PutBarsReport, putBars, sumOutcomes } from '../put-bars.ts';
import { barWarnings, type BarWarnings } from './bar-warnings.ts';
import { checkBound, type FileCounts } from './bound.ts';
import type { ImportDeps, ImportSettings } from './import-deps.ts';
import { barReasonSql } from './quality.sql.ts';
import { type QuarantineJob, quarantineRows } from './quarantine.ts';
import type { SourceReading } from './read.sql.ts';
import type { DatasetReport } from './report.ts';
import { stageReadings } from './stage.ts';
import {
  acceptedSql,
  crowdedCountSql,
  disorderSql,
  duplicateCountsSql,
  duplicateReasonSql,
  duplicatesSql,
  surveySql,
  uniqueSql,
  type Walk,
} from './survey.sql.ts';

/** Daily bars of an import, read, judged and proved to fit under the bound, before anything of them is written. */
export interface PreparedBars extends AsyncDisposable {
  readonly counts: readonly FileCounts[];
  /** Writes quarantine, bars and ledger, in that order. */
  commit(): Promise<DatasetReport>;
}
