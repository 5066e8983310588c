import type { IsoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { SymbolSpan } from '#market/security.ts';
import type { LiveBar, LiveBars } from '#ports/live-bars.ts';
import { unpublishedSessions } from './merge-live.ts';

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

/** What kept answers made from these bars depend on. Empty for none. */
export function tagOfLive(bars: readonly LiveBar[]): string {
  return bars
    .map(({ session, close, volume, trades, updatedMs }) => [session, updatedMs, close, volume, trades].join(' '))
    .join(', ');
}
