import { test } from 'node:test';
import { liveMonths } from './nightly.ts';

test('three months of nights with faults and kills end with the truth, told once (seeds 1 to 3)', async () => {
  await liveMonths(1, 4);
});
