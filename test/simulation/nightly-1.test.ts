import { test } from 'node:test';
import { effort } from '#test/fixtures/effort.ts';
import { liveMonths } from './nightly.ts';

const MONTHS = effort({ usual: 3, long: 30 });

test(`months of nights with faults and kills end with the true data, each condition notified once (seeds 1 to ${MONTHS})`, async () => {
  await liveMonths(1, MONTHS + 1);
});
