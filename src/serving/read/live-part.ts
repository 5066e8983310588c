import type { IsoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { SymbolSpan } from '#market/security.ts';
import type { LiveBar, LiveBars } from '#ports/live-bars.ts';
import { unpublishedSessions } from './merge-live.ts';

/**
 * The last session that is known of, up to a date: one that anything is traded in, else the last one published. Events up to it
 * count for every security, also for one whose first trade is still to come: so all answers of one instant have one share count.
 */
export async function lastKnown(
  deps: { readonly calendar: Calendar; readonly live: LiveBars },
  { lastPublished, until }: { readonly lastPublished: IsoDate; readonly until: IsoDate },
): Promise<IsoDate> {
  for (const session of unpublishedSessions(deps.calendar, lastPublished, until).toReversed())
    if (await deps.live.has(session)) return session;
  return lastPublished;
}

/** The live bars of one security in the sessions after the last one published, up to a date. */
export async function readLiveBars(
  deps: { readonly calendar: Calendar; readonly live: LiveBars },
  spans: readonly SymbolSpan[],
  range: { readonly lastPublished: IsoDate; readonly until: IsoDate },
): Promise<readonly LiveBar[]> {
  const bars: LiveBar[] = [];
  for (const session of unpublishedSessions(deps.calendar, range.lastPublished, range.until)) {
    const symbol = symbolOn(spans, session);
    const bar = symbol === undefined ? undefined : await deps.live.bar(symbol, session);
    if (bar !== undefined) bars.push(bar);
  }
  return bars;
}

function symbolOn(spans: readonly SymbolSpan[], session: IsoDate): string | undefined {
  return spans.find(({ first, last }) => (first === null || first <= session) && (last === null || session <= last))
    ?.symbol;
}

/** What kept answers depend on that are made from these bars, beside the tables. Empty where nothing is live. */
export function tagOfLive(bars: readonly LiveBar[], lastSession: IsoDate, lastPublished: IsoDate): string {
  if (lastSession === lastPublished) return '';
  const values = bars.map(({ session, close, volume, trades, updatedMs }) =>
    [session, updatedMs, close, volume, trades].join(' '),
  );
  return [lastSession, ...values].join(', ');
}
