import type { Clock } from '#ports/clock.ts';
import type { ObjectStore } from '#ports/object-store.ts';
import type { Random } from '#ports/random.ts';
import type { Engine } from './engine.ts';

/** What the tables of a lake work with. */
export interface LakeDeps {
  readonly store: ObjectStore;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
}
