import { assert } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { FoldedRow } from '#market/window.ts';
import type { LiveBar } from '#ports/live-bars.ts';

/**
 * The seam between the batch layer and the speed layer: batch up to the last session published, live strictly after it. So a
 * session is never in an answer twice, and is there from its first trade on: as a live bar until batch publishes it, as the
 * published one from then on, however long the live one is still kept.
 */

/** Sessions that may still be live when batch has not caught up, the newest ones. What is older waits for batch. */
export const LIVE_SESSIONS_MAX = 5;

/** The sessions after the last one published, up to a date, ascending: those that a live bar may stand for. */
export function unpublishedSessions(calendar: Calendar, lastPublished: IsoDate, until: IsoDate): readonly IsoDate[] {
  return newestSessions(calendar, until).filter((session) => session > lastPublished);
}

/** The newest sessions up to a date, ascending: all that a live bar may stand for, whatever is published. */
export function newestSessions(calendar: Calendar, until: IsoDate): readonly IsoDate[] {
  const last = calendar.indexOnOrBefore(until);
  const sessions: IsoDate[] = [];
  for (let i = Math.max(0, last - LIVE_SESSIONS_MAX + 1); i <= last; i += 1) sessions.push(calendar.sessionAt(i));
  return sessions;
}

export interface MergedRows {
  /** Ascending by session, each session once. Each row in the share count of its own session. */
  readonly rows: readonly FoldedRow[];
  /** Those of them that are live. */
  readonly live: readonly FoldedRow[];
}

/** `batch`: rows of one security, ascending, none later than `lastPublished`. `live`: its live bars, in any order. */
export function mergeLive(batch: readonly FoldedRow[], live: readonly LiveBar[], lastPublished: IsoDate): MergedRows {
  const last = batch.at(-1);
  assert(last === undefined || last.session <= lastPublished, `batch ends with ${lastPublished}: ${last?.session}`);
  const bySession = new Map<IsoDate, LiveBar>();
  for (const bar of live) {
    if (bar.session <= lastPublished) continue;
    const other = bySession.get(bar.session);
    if (other === undefined || other.updatedMs <= bar.updatedMs) bySession.set(bar.session, bar);
  }
  const added = [...bySession.values()].sort((a, b) => (a.session < b.session ? -1 : 1)).map(rowOf);
  return {
    rows: added.length === 0 ? batch : [...batch, ...added],
    live: added,
  };
}

function rowOf({ symbol, session, open, high, low, close, volume, vwap, trades }: LiveBar): FoldedRow {
  return { symbol, session, open, high, low, close, volume, vwap, trades };
}
