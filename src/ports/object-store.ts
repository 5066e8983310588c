/**
 * Where the lake's files live: a flat space of keys with `/` inside them, relative to the root of the lake.
 *
 * The port demands just what both a local file system and S3 with conditional puts can give. What the lake relies on:
 *
 * 1. **Durable when resolved.** A put or publish that resolved survives a power cut: content, name and all new parents.
 * 2. **Whole or absent.** No reader ever sees part of an object under its key, whatever crashed.
 * 3. **First wins.** Of any number of `putIfAbsent` calls for one key, from any processes, at most one is ever `stored`.
 * 4. **Read your writes.** After a put resolved, `get`, `head` and `list` in any process see it.
 * 5. **No order is promised between keys**, and a delete may be seen late by others.
 *
 * Failures of the outside world are thrown as `CondvestError` of kind `transient` (try again), `permanent` (no space,
 * read-only, forbidden) or `corrupt`; a missing object is never an error but `undefined`.
 */
export interface ObjectStore {
  /** The bytes, or undefined where there is no such object. */
  get(key: string): Promise<Uint8Array | undefined>;

  /** Size and time of change, or undefined where there is no such object. A failed check is thrown, never "absent". */
  head(key: string): Promise<ObjectInfo | undefined>;

  /**
   * Every object whose key starts with `prefix` (a plain text prefix, not a folder) and sorts after `startAfter`, in
   * ascending order of key (by UTF-16 code unit).
   */
  list(prefix: string, options?: { readonly startAfter?: string }): AsyncIterable<ObjectInfo>;

  /** Writes or replaces an object. Readers see the old or the new bytes. */
  put(key: string, bytes: Uint8Array): Promise<void>;

  /** Writes an object only if there is none of that key. See `PutIfAbsentOutcome`. */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<PutIfAbsentOutcome>;

  /** Removes objects; a key that is not there counts as removed. Not atomic over several keys. */
  delete(keys: readonly string[]): Promise<void>;

  /**
   * Makes the finished scratch file at `localPath` the object `key`, durably, and consumes the scratch file. The key must
   * be new (callers make it unique); an existing object is left alone and reported as a `corrupt` error.
   */
  publish(localPath: string, key: string): Promise<ObjectInfo>;

  /**
   * A path on this machine from which DuckDB can read the object: the object itself, or a cached copy where the store is
   * remote. Stays readable at least until the object is deleted.
   */
  localPath(key: string): Promise<string>;

  /** A new, unique path for a scratch file on this machine, its folder existing, outside the space of keys. */
  scratchPath(suffix: string): Promise<string>;

  /** Removes a scratch file that will not be published. One that is not there, or cannot be removed, is left to the sweep. */
  discardScratch(localPath: string): Promise<void>;

  /** Removes scratch files left by processes that died. Safe beside running ones: only files older than `olderThanMs`. */
  sweepScratch(olderThanMs: number): Promise<void>;
}

export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  /** When the object was last written, whole UTC milliseconds by the store's clock. Not trusted for time travel. */
  readonly modifiedMs: number;
}

/**
 * - `stored`: this call wrote the object.
 * - `exists`: there is one already; this call changed nothing.
 * - `undecided`: the store could not tell the winner (S3's 409); nothing was written by this call; put again.
 * - `unknown`: the reply was lost; the object may or may not have been written by this call; read it and compare.
 */
export type PutIfAbsentOutcome = 'stored' | 'exists' | 'undecided' | 'unknown';
