import type { Lake } from '#lake/lake.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Clock } from '#ports/clock.ts';
import type { LiveBars } from '#ports/live-bars.ts';
import type { MarketCaches } from './market-caches.ts';

/** Dependencies of readers of the lake. */
export interface ReadDeps {
  readonly lake: Lake;
  readonly caches: MarketCaches;
  readonly calendar: Calendar;
  readonly clock: Clock;
}

/** Dependencies of readers that join live bars to published ones. */
export interface LiveReadDeps extends ReadDeps {
  readonly live: LiveBars;
}
