import { test } from 'node:test';
import { liveMonths } from './nightly.ts';

test('and five more months of nights with faults and kills end with the truth, told once (seeds 11 to 15)', async () => {
  await liveMonths(11, 16);
});
