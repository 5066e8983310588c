import { test } from 'node:test';
import { liveMonths } from './nightly.ts';

test('two months of nights with faults and kills end with the truth, told once (seeds 1 and 2)', async () => {
  await liveMonths(1, 3);
});
