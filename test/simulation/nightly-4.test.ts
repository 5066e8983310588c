import { test } from 'node:test';
import { liveMonths } from './nightly.ts';

test('the last five of twenty months of nights with faults and kills end with the truth, told once (seeds 16 to 20)', async () => {
  await liveMonths(16, 21);
});
