import type { IsoDate } from '#base/dates.ts';
import type { CondvestError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { SessionState } from '#market/ledger.ts';
import type { Clock } from '#ports/clock.ts';
import type { DailySource } from '#ports/daily-source.ts';
import type { PutRules } from '../put/put-bars.ts';
import type { FetchReason } from './plan.ts';

/** Dependencies of a fetch. */
export interface FetchDeps {
  readonly lake: Lake;
  readonly calendar: Calendar;
  readonly clock: Clock;
  readonly source: DailySource;
  readonly rules: PutRules & { readonly quarantineBound: number };
}

/** Result of fetching one session. */
export interface FetchedSession {
  readonly session: IsoDate;
  readonly reason: FetchReason;
  readonly outcome: 'fetched' | 'empty' | 'not-yet' | 'beyond-plan' | 'failed';
  /** State in the ledger afterwards; undefined while the session is missing. */
  readonly state?: SessionState;
  readonly rows: number;
  /** Rows in the lake that count towards `expected`. */
  readonly counted: number;
  readonly expected: number | null;
  readonly inserted: number;
  readonly replaced: number;
  readonly quarantined: number;
  /** Settled although it stayed short of the expected rows. */
  readonly settledShort: boolean;
  readonly detail?: string;
  readonly error?: CondvestError;
}
