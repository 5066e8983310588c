import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Engine } from '#lake/engine.ts';
import type { ObjectStore } from '#ports/object-store.ts';
import { live } from './steps.ts';
import { World } from './world.ts';

/** A seed whose world ended up wrong. The cause is the failed assertion; the trace shows what happened before. */
export class SeedFailed extends Error {
  constructor(seed: number, trace: readonly string[], cause: unknown) {
    const what = cause instanceof Error ? cause.message : String(cause);
    super(
      `seed ${seed}: ${what}\n  ${trace.join('\n  ')}\nRun it again: npm run simulate -- --seed ${seed} --seeds 1`,
      { cause },
    );
    this.name = 'SeedFailed';
  }
}

/** Runs seeds from `from` up to but excluding `to`, sequentially. Throws at the first failure. */
export async function runSeeds(
  from: number,
  to: number,
  options: { readonly wrap?: (store: ObjectStore) => ObjectStore; readonly onSeed?: (seed: number) => void } = {},
): Promise<void> {
  const tempFolder = await mkdtemp(join(tmpdir(), 'condvest-simulation-engine-'));
  const engine = await Engine.create({ tempFolder, threads: 1 });
  try {
    for (let seed = from; seed < to; seed += 1) {
      options.onSeed?.(seed);
      await using world = await World.open(seed, engine, options.wrap);
      try {
        await live(world);
      } catch (cause) {
        throw new SeedFailed(seed, world.trace, cause);
      }
    }
  } finally {
    engine.close();
    await rm(tempFolder, { recursive: true, force: true });
  }
}
