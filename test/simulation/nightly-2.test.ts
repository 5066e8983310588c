import { test } from 'node:test';
import { liveMonths } from './nightly.ts';

test('three more months of nights with faults and kills end with the truth, told once (seeds 4 to 6)', async () => {
  await liveMonths(4, 7);
});
