import type { LiveBars } from '#ports/live-bars.ts';

/** Live bars without a live feed: a session has bars only once the pipeline has published them. */
export const noLiveBars: LiveBars = {
  bar: () => Promise.resolve(undefined),
  bars: () => Promise.resolve([]),
  has: () => Promise.resolve(false),
  revision: () => '',
};
