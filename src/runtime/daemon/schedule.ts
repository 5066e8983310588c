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

export interface EndedRun {
  readonly startedMs: InstantMs;
  readonly endedMs: InstantMs;
  /** Something is worth trying again soon. */
  readonly again: boolean;
}

/**
 * The run after one that has ended. What was scheduled while it ran comes right after it: it began too early to do that one's work.
 */
export function runAfter(calendar: Calendar, { startedMs, endedMs, again }: EndedRun): ScheduledRun {
  const scheduled = nextRun(calendar, startedMs);
  const atMs = endedMs + AGAIN_MS;
  if (!again || scheduled.atMs <= atMs) return scheduled;
  return { atMs, reason: 'again', session: calendar.lastClosedSession(endedMs) };
}

/**
 * Vacuum comes once a week, when the last session of a week has settled, or as soon after as there is somebody to do it. Where
 * nobody has done it yet it is due.
 */
export function isVacuumDue(calendar: Calendar, lastMs: InstantMs | undefined, nowMs: InstantMs): boolean {
  if (lastMs === undefined) return true;
  let session = calendar.lastClosedSession(nowMs);
  while (weekOf(session) === weekOf(calendar.next(session)) || calendar.settlesAtMs(session) + AFTER_MS > nowMs)
    session = calendar.previous(session);
  return lastMs < calendar.settlesAtMs(session) + AFTER_MS;
}

/** Weeks since a Monday long ago. */
function weekOf(date: IsoDate): number {
  return Math.floor((Date.parse(date) / 86_400_000 + 3) / 7);
}
