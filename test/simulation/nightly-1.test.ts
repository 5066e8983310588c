import { test } from 'node:test';
import { liveMonths } from './nightly.ts';

test('five months of nights with faults and kills end with the truth, told once (seeds 1 to 5)', async () => {
  await liveMonths(1, 6);
});
