import { test } from 'node:test';
import { liveMonths } from './nightly.ts';

test('two more months of nights with faults and kills end with the truth, told once (seeds 3 and 4)', async () => {
  await liveMonths(3, 5);
});
