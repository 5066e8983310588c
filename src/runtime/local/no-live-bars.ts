import type { LiveBars } from '#ports/live-bars.ts';

/** Nobody listens to a live feed: a session has bars once the pipeline published it. */
export const noLiveBars: LiveBars = {
  bar: () => Promise.resolve(undefined),
  bars: () => Promise.resolve([]),
  has: () => Promise.resolve(false),
  revision: () => '',
};
