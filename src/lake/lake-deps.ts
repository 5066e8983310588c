import type { Clock } from '#ports/clock.ts';
import type { ObjectStore } from '#ports/object-store.ts';
import type { Random } from '#ports/random.ts';
import type { Engine } from './engine.ts';

/** Ports and settings for the tables of a lake. */
export interface LakeDeps {
  readonly store: ObjectStore;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
}
