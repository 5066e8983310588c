import { defined } from '#base/assert.ts';
import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';

/** When the pipeline runs, on the exchange's clock. Pure: the calendar knows half-days and daylight saving. */

export type ScheduledReason =
  /** Five minutes after the close, also of a half-day. */
  | 'after-close'
  /** The vendor's corrections are over: eleven o'clock and five minutes on the next session. */
  | 'settling'
  /** Something was not to be had yet, or failed. */
  | 'again';

export interface ScheduledRun {
  readonly atMs: InstantMs;
  readonly reason: ScheduledReason;
  /** The session that it is about. */
  readonly session: IsoDate;
}

/** Vendors publish a session's bars some minutes after the close. */
const AFTER_MS = 5 * 60_000;
/** How soon a run is tried again that did not get all it should. */
export const AGAIN_MS = 30 * 60_000;

/** The first scheduled run after an instant. */
export function nextRun(calendar: Calendar, afterMs: InstantMs): ScheduledRun {
  let best: ScheduledRun | undefined;
  const last = calendar.lastClosedSession(afterMs);
  // The session whose corrections are still to end, the last one closed, and the next one to close.
  for (const session of [calendar.previous(last), last, calendar.next(last), calendar.next(last, 2)]) {
    const runs: ScheduledRun[] = [
      { atMs: calendar.closeMs(session) + AFTER_MS, reason: 'after-close', session },
      { atMs: calendar.settlesAtMs(session) + AFTER_MS, reason: 'settling', session },
    ];
    for (const run of runs) if (run.atMs > afterMs && (best === undefined || run.atMs < best.atMs)) best = run;
  }
  return defined(best, 'the next session has a close');
}

/** Consolidation and vacuum come in their turn: vacuum with the settling run of a week's first session. */
export function isVacuumTurn(calendar: Calendar, run: ScheduledRun): boolean {
  if (run.reason !== 'settling') return false;
  const next = calendar.next(run.session);
  return weekOf(run.session) !== weekOf(next);
}

/** Weeks since a Monday long ago. */
function weekOf(date: IsoDate): number {
  return Math.floor((Date.parse(date) / 86_400_000 + 3) / 7);
}
