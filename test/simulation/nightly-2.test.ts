import { test } from 'node:test';
import { effort } from '#test/fixtures/effort.ts';
import { liveMonths } from './nightly.ts';

/** Those before it are in `nightly-1.test.ts`, which runs beside this one. */
const FIRST = effort({ usual: 4, long: 31 });
const LAST = effort({ usual: 6, long: 60 });

test(`more months of nights end with the true data, each condition notified once (seeds ${FIRST} to ${LAST})`, async () => {
  await liveMonths(FIRST, LAST + 1);
});
