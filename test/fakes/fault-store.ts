import { writeFile } from 'node:fs/promises';

import { CondvestError } from '#base/errors.ts';
import type { Clock } from '#ports/clock.ts';
import type { ObjectInfo, ObjectStore, PublishedObject, PutIfAbsentOutcome } from '#ports/object-store.ts';
import type { Random } from '#ports/random.ts';

/** Faults, each as a probability per call. A fault that is not given never happens. */
export interface Faults {
  /** A read (get, head, list, localPath) fails; the same read may succeed later. */
  readonly failRead: number;
  /** A write fails before it has any effect. */
  readonly failBefore: number;
  /** A write takes effect and is reported as failed. */
  readonly failAfter: number;
  /** `putIfAbsent` stores nothing and cannot tell who won, like S3's 409. */
  readonly undecided: number;
  /** `putIfAbsent` stores the object, but the reply is lost. */
  readonly unknownStored: number;
  /** `putIfAbsent` stores nothing, and the reply is lost. */
  readonly unknownNotStored: number;
  /** A call waits first, so that others overtake it. */
  readonly delay: number;
  /** A process killed during a write leaves part of the bytes in the scratch folder. */
  readonly tornScratch: number;
}

export const NO_FAULTS: Faults = {
  failRead: 0,
  failBefore: 0,
  failAfter: 0,
  undecided: 0,
  unknownStored: 0,
  unknownNotStored: 0,
  delay: 0,
  tornScratch: 0,
};

const DELAY_MS_MAX = 50;

/**
 * The end of a simulated process. Thrown by the call in which it died and by every later one. Not a `CondvestError`.
 */
export class Killed extends Error {
  constructor() {
    super('this process was killed');
    this.name = 'Killed';
  }
}

export interface FaultStoreOptions {
  readonly random: Random;
  readonly faults?: Partial<Faults>;
  /** If given, objects carry this clock's time instead of the file system's; processes share it through `times`. */
  readonly clock?: Clock;
  readonly times?: Map<string, number>;
}

/**
 * One process's view of a real store, with faults. Several views of one store are several processes. A kill can occur
 * before or after each effect on the store, and between the keys of one `delete`.
 */
export class FaultStore implements ObjectStore {
  readonly #inner: ObjectStore;
  readonly #random: Random;
  readonly #clock: Clock | undefined;
  readonly #times: Map<string, number>;
  #faults: Faults;
  #killPointsLeft: number | undefined;
  #killed = false;
  /** Number of kill points passed so far: two per effect. */
  killPoints = 0;

  constructor(inner: ObjectStore, options: FaultStoreOptions) {
    this.#inner = inner;
    this.#random = options.random;
    this.#faults = { ...NO_FAULTS, ...options.faults };
    this.#clock = options.clock;
    this.#times = options.times ?? new Map<string, number>();
  }

  /** Kills this process at the n-th kill point from now; 1 is the next one. */
  killAt(point: number): void {
    this.#killPointsLeft = point;
  }

  get killed(): boolean {
    return this.#killed;
  }

  setFaults(faults: Partial<Faults>): void {
    this.#faults = { ...NO_FAULTS, ...faults };
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    await this.#beforeRead('get', key);
    return this.#inner.get(key);
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    await this.#beforeRead('head', key);
    const info = await this.#inner.head(key);
    return info === undefined ? undefined : this.#timed(info);
  }

  async *list(prefix: string, options?: { readonly startAfter?: string }): AsyncIterable<ObjectInfo> {
    await this.#beforeRead('list', prefix);
    for await (const info of this.#inner.list(prefix, options)) yield this.#timed(info);
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.#effect('put', key, bytes, async () => {
      await this.#inner.put(key, bytes);
      this.#touch(key);
    });
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<PutIfAbsentOutcome> {
    await this.#delayed();
    if (this.#chance(this.#faults.undecided)) return 'undecided';
    if (this.#chance(this.#faults.unknownNotStored)) return 'unknown';
    const outcome = await this.#effect('putIfAbsent', key, bytes, async () => {
      const answer = await this.#inner.putIfAbsent(key, bytes);
      if (answer === 'stored') this.#touch(key);
      return answer;
    });
    return this.#chance(this.#faults.unknownStored) ? 'unknown' : outcome;
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      await this.#effect('delete', key, undefined, () => this.#inner.delete([key]));
      this.#times.delete(key);
    }
  }

  async publish(localPath: string, key: string): Promise<PublishedObject> {
    return this.#effect('publish', key, undefined, async () => {
      const info = await this.#inner.publish(localPath, key);
      this.#touch(key);
      return { ...info, ...this.#timed(info) };
    });
  }

  async sha256(key: string): Promise<string | undefined> {
    await this.#beforeRead('sha256', key);
    return this.#inner.sha256(key);
  }

  async localPath(key: string): Promise<string> {
    await this.#beforeRead('localPath', key);
    return this.#inner.localPath(key);
  }

  async scratchPath(suffix: string): Promise<string> {
    this.#assertAlive();
    return this.#inner.scratchPath(suffix);
  }

  async discardScratch(localPath: string): Promise<void> {
    // A killed process leaves its scratch files behind.
    if (!this.#killed) await this.#inner.discardScratch(localPath);
  }

  async sweepScratch(olderThanMs: number): Promise<void> {
    this.#assertAlive();
    await this.#inner.sweepScratch(olderThanMs);
  }

  /** Runs an effect on something other than the store; the process can be killed before and after it. */
  async effectElsewhere<T>(act: () => Promise<T>): Promise<T> {
    await this.#killPoint(undefined);
    const result = await act();
    await this.#killPoint(undefined);
    return result;
  }

  async #beforeRead(action: string, key: string): Promise<void> {
    await this.#delayed();
    if (this.#chance(this.#faults.failRead)) throw faultOf(action, key, 'nothing was read');
  }

  async #effect<T>(action: string, key: string, bytes: Uint8Array | undefined, act: () => Promise<T>): Promise<T> {
    await this.#delayed();
    if (this.#chance(this.#faults.failBefore)) throw faultOf(action, key, 'nothing was done');
    await this.#killPoint(bytes);
    const result = await act();
    await this.#killPoint(undefined);
    if (this.#chance(this.#faults.failAfter)) throw faultOf(action, key, 'it was done all the same');
    return result;
  }

  async #killPoint(unfinished: Uint8Array | undefined): Promise<void> {
    this.#assertAlive();
    this.killPoints += 1;
    if (this.#killPointsLeft === undefined) return;
    this.#killPointsLeft -= 1;
    if (this.#killPointsLeft > 0) return;
    this.#killed = true;
    if (unfinished !== undefined && this.#chance(this.#faults.tornScratch)) {
      const torn = unfinished.subarray(0, Math.floor(this.#random.next() * unfinished.length));
      await writeFile(await this.#inner.scratchPath('.torn'), torn);
    }
    throw new Killed();
  }

  async #delayed(): Promise<void> {
    this.#assertAlive();
    if (!this.#chance(this.#faults.delay)) return;
    await (this.#clock?.sleep(this.#random.next() * DELAY_MS_MAX) ?? new Promise((go) => setImmediate(go)));
    this.#assertAlive();
  }

  #assertAlive(): void {
    if (this.#killed) throw new Killed();
  }

  #chance(probability: number): boolean {
    // A fault that is off draws nothing, so switching one on does not change a seed's other faults.
    return probability > 0 && this.#random.next() < probability;
  }

  #touch(key: string): void {
    if (this.#clock !== undefined) this.#times.set(key, this.#clock.nowMs());
  }

  #timed(info: ObjectInfo): ObjectInfo {
    const modifiedMs = this.#clock === undefined ? undefined : this.#times.get(info.key);
    return modifiedMs === undefined ? info : { ...info, modifiedMs };
  }
}

function faultOf(action: string, key: string, what: string): CondvestError {
  return new CondvestError({
    code: 'fault-injected',
    kind: 'transient',
    message: `A fault was injected into ${action}: ${what}`,
    found: key,
  });
}
