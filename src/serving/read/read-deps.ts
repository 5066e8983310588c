import type { Lake } from '#lake/lake.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Clock } from '#ports/clock.ts';
import type { LiveBars } from '#ports/live-bars.ts';
import type { MarketCaches } from './market-caches.ts';

/** What readers of the lake need. */
export interface ReadDeps {
  readonly lake: Lake;
  readonly caches: MarketCaches;
  readonly calendar: Calendar;
  readonly clock: Clock;
}

/** The same for those that join live bars to published ones. */
export interface LiveReadDeps extends ReadDeps {
  readonly live: LiveBars;
}
