import type { InstantMs, IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Serving } from '../serving.ts';

/** Parts of the server that readiness depends on. */
export type ReadinessDeps = Pick<Serving, 'calendar' | 'caches' | 'clock' | 'operations' | 'views'>;

/** Whether the server should be asked, and why not. */
export interface Readiness {
  readonly ok: boolean;
  /** For a person; null where it is ready. */
  readonly reason: string | null;
  /** The last session that is published. */
  readonly lastPublished: IsoDate | null;
  /** The last session that must be published by now. */
  readonly expected: IsoDate;
  /** Number of sessions between the two. */
  readonly sessionsBehind: number;
}

/** Not ready: while the lake is built, is empty or is stale, or the store of runs and keys cannot be reached. */
export async function readinessOf(serving: ReadinessDeps): Promise<Readiness> {
  const { calendar, caches, clock, operations, views } = serving;
  const expected = expectedSession(calendar, clock.nowMs());
  const state = (reason: string | null, lastPublished: IsoDate | null, sessionsBehind: number): Readiness => ({
    ok: reason === null,
    reason,
    lastPublished,
    expected,
    sessionsBehind,
  });
  const view = await views.current();
  const bars = view.snapshot(DAILY_BARS);
  const lastPublished = bars === undefined ? undefined : (await caches.published(bars, view.until)).max;
  const behind =
    lastPublished === undefined
      ? 0
      : Math.max(0, calendar.sessionIndex(expected) - calendar.indexOnOrBefore(lastPublished));
  const building = operations.building();
  if (building !== undefined && building.error === null)
    return state('The lake is being built', lastPublished ?? null, behind);
  if (lastPublished === undefined) return state('The lake is empty', null, 0);
  if (behind > 0)
    return state(`The last session published is ${lastPublished}, and ${expected} is due`, lastPublished, behind);
  try {
    await operations.runs(1);
  } catch (cause) {
    if (!(cause instanceof CondvestError)) throw cause;
    return state('The store of runs and keys cannot be reached', lastPublished, behind);
  }
  return state(null, lastPublished, behind);
}

/**
 * A session is due when its corrections are over: eleven o'clock in New York on the next one. Every vendor has it by
 * then.
 */
export function expectedSession(calendar: Calendar, nowMs: InstantMs): IsoDate {
  const last = calendar.lastClosedSession(nowMs);
  return calendar.settlesAtMs(last) <= nowMs ? last : calendar.previous(last);
}
