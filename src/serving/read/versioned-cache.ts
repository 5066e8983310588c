import { LRUCache } from 'lru-cache';
import { cancelable, cancellation } from '#lake/cancellation.ts';

/** A kind of cached value: its label in the metrics, and roughly how many bytes of memory a value takes. */
export interface CacheKind<T> {
  readonly name: string;
  readonly bytesOf: (value: T) => number;
}

/** Counters of one kind. `hits` and `misses` count lookups; `evictions` count values dropped to stay within the bound. */
export interface CacheStats {
  bytes: number;
  hits: number;
  misses: number;
  evictions: number;
}

/** A computation that goes on, and whether anybody still waits for it. */
interface Pending {
  readonly value: Promise<unknown>;
  /** Aborted when all its callers have left. */
  readonly unwanted: AbortController;
  callers: number;
}

interface Entry {
  readonly version: string;
  /** State in which `get` last returned it. */
  state: string | undefined;
  readonly value: unknown;
  readonly bytes: number;
  readonly stats: CacheStats;
}

/** Memory that an entry takes besides its value: the key, the record, the links of the list. */
const ENTRY_BYTES = 512;
/** No value may take more than this share of the cache, so that one cannot push out all others. */
const ENTRY_SHARE_MAX = 1 / 4;

/**
 * Values computed once and cached under a key and a version, which together name everything they depend on, such as the versions of
 * tables: a cached value is never stale. The version is what changes under a key, such as live bars: a value of another version
 * replaces the cached one, so that superseded values do not push out others. Bounded in bytes; the least recently used values are
 * evicted first. Concurrent callers share one computation, and a failed one is not cached.
 *
 * One server owns one cache. A cache shared between servers (Redis) would be consulted here, between memory and `compute`, for
 * the kinds whose values are bytes.
 */
export class VersionedCache {
  readonly bytesMax: number;
  readonly #entries: LRUCache<string, Entry>;
  readonly #pending = new Map<string, Pending>();
  readonly #stats = new Map<string, CacheStats>();

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
    this.#entries = new LRUCache({
      maxSize: bytesMax,
      maxEntrySize: Math.max(1, Math.floor(bytesMax * ENTRY_SHARE_MAX)),
      sizeCalculation: ({ bytes }) => bytes,
      onInsert: ({ bytes, stats }) => {
        stats.bytes += bytes;
      },
      dispose: ({ bytes, stats }, _, reason) => {
        stats.bytes -= bytes;
        if (reason === 'evict') stats.evictions += 1;
      },
    });
  }

  /** Counters by kind, of the kinds looked up so far. */
  get stats(): ReadonlyMap<string, Readonly<CacheStats>> {
    return this.#stats;
  }

  /**
   * Returns the cached value, or computes and caches it. Every key of a kind must belong to one type of value. `state`: names
   * everything that the version was worked out from; `recall` then returns the value without a version. `leaving`: makes the signal
   * that is aborted when this caller leaves, asked for only if there is something to wait for; default: that of the work it is part
   * of. Once all callers of a computation have left, it is canceled and its own signal is aborted.
   */
  async get<T>(
    kind: CacheKind<T>,
    key: string,
    compute: (unwanted: AbortSignal) => Promise<T>,
    version = '',
    state?: string,
    leaving: () => AbortSignal | undefined = cancellation,
  ): Promise<T> {
    const fullKey = `${kind.name} ${key}`;
    const stats = this.#statsOf(kind.name);
    const entry = this.#entries.get(fullKey);
    if (entry?.version === version) {
      stats.hits += 1;
      entry.state = state;
      return entry.value as T;
    }
    stats.misses += 1;
    const pendingKey = `${fullKey} ${version}`;
    let pending = this.#pending.get(pendingKey);
    if (pending === undefined) {
      const unwanted = new AbortController();
      const value = cancelable(unwanted.signal, () => compute(unwanted.signal))
        .then((computed) => {
          const bytes = Math.ceil(kind.bytesOf(computed)) + pendingKey.length * 2 + ENTRY_BYTES;
          this.#entries.set(fullKey, { version, state, value: computed, bytes, stats });
          return computed;
        })
        .finally(() => this.#forget(pendingKey, value));
      pending = { value, unwanted, callers: 0 };
      this.#pending.set(pendingKey, pending);
    }
    pending.callers += 1;
    const signal = leaving();
    if (signal === undefined) return pending.value as Promise<T>;
    const { value } = pending;
    const leave = (): void => this.#leave(pendingKey, value);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave);
    try {
      return (await value) as T;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** Takes one caller off. What nobody waits for is given up, and who asks next begins anew. */
  #leave(key: string, value: Promise<unknown>): void {
    const pending = this.#pending.get(key);
    if (pending?.value !== value) return;
    pending.callers -= 1;
    if (pending.callers > 0) return;
    this.#pending.delete(key);
    pending.unwanted.abort();
  }

  #forget(key: string, value: Promise<unknown>): void {
    if (this.#pending.get(key)?.value === value) this.#pending.delete(key);
  }

  /** Returns the cached value of a version without waiting; undefined if there is none, which does not count as a miss. */
  peek<T>(kind: CacheKind<T>, key: string, version = ''): T | undefined {
    return this.#hit(kind, key, (entry) => entry.version === version);
  }

  /** Returns, without waiting, the value that `get` last returned in the same state; undefined as for `peek`. */
  recall<T>(kind: CacheKind<T>, key: string, state: string): T | undefined {
    return this.#hit(kind, key, (entry) => entry.state === state);
  }

  #hit<T>(kind: CacheKind<T>, key: string, isCurrent: (entry: Entry) => boolean): T | undefined {
    const entry = this.#entries.get(`${kind.name} ${key}`);
    if (entry === undefined || !isCurrent(entry)) return undefined;
    entry.stats.hits += 1;
    return entry.value as T;
  }

  #statsOf(name: string): CacheStats {
    let stats = this.#stats.get(name);
    if (stats === undefined) {
      stats = { bytes: 0, hits: 0, misses: 0, evictions: 0 };
      this.#stats.set(name, stats);
    }
    return stats;
  }
}
