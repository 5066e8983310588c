/**
 * `npm run simulate -- --seeds 1000 [--seed 1] [--nights | --live]`: runs simulations as long as you like. A seed of nights
 * is a month; one of the live layer is a morning with kills.
 */
import { parseArgs } from 'node:util';

import { runLiveSeed } from './live/live-world.ts';
import { liveMonths } from './nightly.ts';
import { runSeeds, SeedFailed } from './seeds.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    nights: { type: 'boolean', default: false },
    live: { type: 'boolean', default: false },
  },
});
const from = Number(values.seed);
const count = Number(values.seeds);
if (!Number.isInteger(from) || !Number.isInteger(count) || count < 1) {
  process.stderr.write('simulate: --seed and --seeds take whole numbers, --seeds at least 1\n');
  process.exit(2);
}
const started = performance.now();
if (values.nights) {
  await liveMonths(from, from + count, {
    onSeed: (seed) => void process.stderr.write(`month ${seed - from + 1} of ${count}\n`),
  });
  process.stdout.write(`${count} months of nights from seed ${from}: every one came out right\n`);
  process.exit(0);
}
if (values.live) {
  for (let seed = from; seed < from + count; seed += 1) {
    await runLiveSeed(seed);
    if ((seed - from) % 20 === 19) process.stderr.write(`${seed - from + 1} of ${count} seeds\n`);
  }
  process.stdout.write(`${count} mornings from seed ${from}: every one came out right\n`);
  process.exit(0);
}
try {
  await runSeeds(from, from + count, {
    onSeed: (seed) => {
      const done = seed - from;
      if (done > 0 && done % 20 === 0) {
        process.stderr.write(
          `${done} of ${count} seeds, ${((performance.now() - started) / done).toFixed(0)} ms each\n`,
        );
      }
    },
  });
  process.stdout.write(`${count} seeds from ${from}: every one came out right\n`);
} catch (cause) {
  if (!(cause instanceof SeedFailed)) throw cause;
  process.stdout.write(
    `${cause.stack ?? cause.message}\n${cause.cause instanceof Error ? (cause.cause.stack ?? '') : ''}\n`,
  );
  process.exitCode = 1;
}
