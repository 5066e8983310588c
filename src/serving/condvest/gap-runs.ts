import type { IsoDate } from '#base/dates.ts';
import type { GapsReport } from '#lake/reports.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { GapsAnswer } from './shapes/ledger.ts';

/** Joins sessions that follow each other and lack the same into runs, newest first. The sessions must ascend. */
export function gapRuns(calendar: Calendar, sessions: GapsReport['sessions']): GapsAnswer['runs'] {
  const runs: { first: IsoDate; last: IsoDate; sessions: number; reason: string }[] = [];
  for (const { session, reason } of sessions) {
    const run = runs.at(-1);
    if (run !== undefined && run.reason === reason && calendar.next(run.last) === session) {
      run.last = session;
      run.sessions += 1;
    } else runs.push({ first: session, last: session, sessions: 1, reason });
  }
  return runs.reverse();
}
