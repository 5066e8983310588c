/**
 * The store of the lake's files: a flat space of keys with `/` inside them, relative to the root of the lake.
 *
 * The port demands only what both a local file system and S3 with conditional puts can provide. The lake relies on:
 *
 * 1. **Durable when resolved.** A put or publish that has resolved survives a power cut: content, name and all new
 * parents. 2. **Whole or absent.** No reader ever sees part of an object under its key, whatever crashed. 3. **First
 * wins.** Of any number of `putIfAbsent` calls for one key, from any processes, at most one is ever `stored`. 4. **Read
 * your writes.** After a put has resolved, `get`, `head` and `list` in any process see it. 5. **No ordering between
 * keys**, and other processes may see a delete late.
 *
 * Failures of the outside world are thrown as `CondvestError` of kind `transient` (retry), `permanent` (no space,
 * read-only, forbidden) or `corrupt`; a missing object is never an error but `undefined`.
 */
export interface ObjectStore {
  /** Returns the bytes, or undefined if there is no such object. */
  get(key: string): Promise<Uint8Array | undefined>;

  /**
   * Returns size and modification time, or undefined if there is no such object. A failed check is thrown, never
   * reported as absent.
   */
  head(key: string): Promise<ObjectInfo | undefined>;

  /**
   * Yields every object whose key starts with `prefix` (a plain text prefix, not a folder) and sorts after
   * `startAfter`, in ascending key order (by UTF-16 code unit).
   */
  list(prefix: string, options?: { readonly startAfter?: string }): AsyncIterable<ObjectInfo>;

  /** Writes or replaces an object. Readers see the old or the new bytes. */
  put(key: string, bytes: Uint8Array): Promise<void>;

  /** Writes an object only if its key does not exist. See `PutIfAbsentOutcome`. */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<PutIfAbsentOutcome>;

  /** Removes objects; a missing key counts as removed. Not atomic over several keys. */
  delete(keys: readonly string[]): Promise<void>;

  /**
   * Durably publishes the finished scratch file at `localPath` as the object `key`, and consumes the file. The key must
   * be new (callers make it unique); an existing object is left unchanged and reported as a `corrupt` error.
   */
  publish(localPath: string, key: string): Promise<PublishedObject>;

  /**
   * Returns the SHA-256 of the bytes that the store has now, in hexadecimal, or undefined if there is no such object.
   * Memory does not grow with the object.
   */
  sha256(key: string): Promise<string | undefined>;

  /**
   * Returns a local path from which DuckDB can read the object: the object itself, or a cached copy if the store is
   * remote. It stays readable at least until the object is deleted.
   */
  localPath(key: string): Promise<string>;

  /** Returns a new, unique local path for a scratch file in an existing folder outside the key space. */
  scratchPath(suffix: string): Promise<string>;

  /**
   * Removes a scratch file that will not be published. One that is missing or cannot be removed is left to the sweep.
   */
  discardScratch(localPath: string): Promise<void>;

  /**
   * Removes scratch files of dead processes. Safe next to running ones, since it removes only files older than
   * `olderThanMs`.
   */
  sweepScratch(olderThanMs: number): Promise<void>;
}

export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  /** When the object was last written, in whole UTC milliseconds by the store's clock. Not trusted for time travel. */
  readonly modifiedMs: number;
}

export interface PublishedObject extends ObjectInfo {
  /** SHA-256 of the scratch file as it was handed over, in hexadecimal. */
  readonly sha256: string;
}

/**
 * - `stored`: this call wrote the object.
 * - `exists`: the object already exists; this call changed nothing.
 * - `undecided`: the store could not tell who won (S3's 409); this call wrote nothing; put again.
 * - `unknown`: the reply was lost; this call may or may not have written the object; read it and compare.
 */
export type PutIfAbsentOutcome = 'stored' | 'exists' | 'undecided' | 'unknown';
