import { test } from 'node:test';
import { runSeeds } from './seeds.ts';

test('a hundred random histories with faults and kills in them come out right (seeds 1 to 100)', async () => {
  await runSeeds(1, 101);
});
