import { defined } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { newYorkAt } from '#market/calendar/new-york.ts';
import type { SymbolSpan } from '#market/security.ts';
import type { LiveBar, LiveBars } from '#ports/live-bars.ts';
import { unpublishedSessions } from './merge-live.ts';
import type { LiveReadDeps } from './read-deps.ts';
import type { LakeView } from './view.ts';

/**
 * The last session that is known of, up to a date: one that anything is traded in, else the last one published. Events
 * up to it count for every security, also for one whose first trade is still to come: so all answers of one instant
 * have one share count.
 */
export async function lastKnown(
  deps: { readonly calendar: Calendar; readonly live: LiveBars },
  { lastPublished, until }: { readonly lastPublished: IsoDate; readonly until: IsoDate },
): Promise<IsoDate> {
  for (const session of unpublishedSessions(deps.calendar, lastPublished, until).toReversed())
    if (await deps.live.has(session)) return session;
  return lastPublished;
}

/** A live bar, with the token of the state that it was read in. */
export interface RevisedBar extends LiveBar {
  readonly revision: string;
}

/** Reads the live bars of one security in the sessions after the last one published, up to a date. */
export async function readLiveBars(
  { calendar, live }: { readonly calendar: Calendar; readonly live: LiveBars },
  spans: readonly SymbolSpan[],
  range: { readonly lastPublished: IsoDate; readonly until: IsoDate },
): Promise<readonly RevisedBar[]> {
  const bars: RevisedBar[] = [];
  for (const session of unpublishedSessions(calendar, range.lastPublished, range.until)) {
    const symbol = symbolOn(spans, session);
    if (symbol === undefined) continue;
    // Read before the bar: a change in between is seen by the next request.
    const revision = live.revision(session, symbol);
    const bar = await live.bar(symbol, session);
    if (bar !== undefined) bars.push({ ...bar, revision });
  }
  return bars;
}

/** The symbol of a security on a session. */
function symbolOn(spans: readonly SymbolSpan[], session: IsoDate): string | undefined {
  return spans.find(({ first, last }) => (first === null || first <= session) && (last === null || session <= last))
    ?.symbol;
}

/** Identifies the live bars that a result shows. Empty where no session is live. */
export function tagOfLive(bars: readonly RevisedBar[], lastSession: IsoDate, lastPublished: IsoDate): string {
  if (lastSession === lastPublished) return '';
  return [lastSession, ...bars.map(({ session, symbol, revision }) => `${session} ${symbol} ${revision}`)].join(', ');
}

/**
 * Identifies the live bars of all symbols that a result made from a view may show, and the day. Empty where nothing is
 * live, or the view is that of an earlier instant. Results of one symbol depend on less: see `tagOfLive`.
 */
export async function liveTag(
  { caches, calendar, clock, live }: Omit<LiveReadDeps, 'lake'>,
  view: Pick<LakeView, 'asOfMs' | 'snapshot' | 'until'>,
): Promise<string> {
  const bars = view.snapshot(DAILY_BARS);
  if (view.asOfMs !== undefined || bars === undefined) return '';
  const { max } = await caches.published(bars, view.until);
  const today = newYorkAt(clock.nowMs()).date;
  const sessions = unpublishedSessions(calendar, defined(max, 'a table of daily bars holds a session'), today);
  const revisions = sessions.map((session) => live.revision(session));
  return revisions.every((revision) => revision === '') ? '' : [today, ...revisions].join(' ');
}
