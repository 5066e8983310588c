import { defined } from '#base/assert.ts';
import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';

/** Schedule of the pipeline in exchange time. Pure: the calendar handles half-days and daylight saving time. */

export type ScheduledReason =
  /** Five minutes after the close, on half-days too. */
  | 'after-close'
  /** The vendor's corrections have ended: 11:05 ET on the next session. */
  | 'settling'
  /** Retry of something that was unavailable or failed. */
  | 'again';

export interface ScheduledRun {
  readonly atMs: InstantMs;
  readonly reason: ScheduledReason;
  /** Session that the run is for. */
  readonly session: IsoDate;
}

/** Vendors publish a session's bars a few minutes after the close. */
const AFTER_MS = 5 * 60_000;
/** Delay of the retry after an incomplete run. */
export const AGAIN_MS = 30 * 60_000;

/** Returns the first scheduled run after an instant. */
export function nextRun(calendar: Calendar, afterMs: InstantMs): ScheduledRun {
  let best: ScheduledRun | undefined;
  const last = calendar.lastClosedSession(afterMs);
  // The session that may still have to settle, the last one that closed, and the next ones to close.
  for (const session of [calendar.previous(last), last, calendar.next(last), calendar.next(last, 2)]) {
    const runs: ScheduledRun[] = [
      { atMs: calendar.closeMs(session) + AFTER_MS, reason: 'after-close', session },
      { atMs: calendar.settlesAtMs(session) + AFTER_MS, reason: 'settling', session },
    ];
    for (const run of runs) if (run.atMs > afterMs && (best === undefined || run.atMs < best.atMs)) best = run;
  }
  return defined(best, 'the next session has a close');
}

export interface EndedRun {
  readonly startedMs: InstantMs;
  readonly endedMs: InstantMs;
  /** Whether to retry soon. */
  readonly again: boolean;
}

/**
 * Returns the run after one that ended. A run that came due meanwhile follows at once: the one that ended started too
 * early to do its work.
 */
export function runAfter(calendar: Calendar, { startedMs, endedMs, again }: EndedRun): ScheduledRun {
  const scheduled = nextRun(calendar, startedMs);
  const atMs = endedMs + AGAIN_MS;
  if (!again || scheduled.atMs <= atMs) return scheduled;
  return { atMs, reason: 'again', session: calendar.lastClosedSession(endedMs) };
}

/** Returns whether vacuum is due: once a week after the week's last session has settled, and if it has never run. */
export function isVacuumDue(calendar: Calendar, lastMs: InstantMs | undefined, nowMs: InstantMs): boolean {
  if (lastMs === undefined) return true;
  let session = calendar.lastClosedSession(nowMs);
  while (weekOf(session) === weekOf(calendar.next(session)) || calendar.settlesAtMs(session) + AFTER_MS > nowMs)
    session = calendar.previous(session);
  return lastMs < calendar.settlesAtMs(session) + AFTER_MS;
}

/** Numbers weeks, each starting on Monday. */
function weekOf(date: IsoDate): number {
  return Math.floor((Date.parse(date) / 86_400_000 + 3) / 7);
}
