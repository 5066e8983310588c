import { test } from 'node:test';
import { liveMonths } from './nightly.ts';

test('five more months of nights with faults and kills end with the truth, told once (seeds 6 to 10)', async () => {
  await liveMonths(6, 11);
});
