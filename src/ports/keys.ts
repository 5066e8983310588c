import type { InstantMs, IsoDate } from '#base/dates.ts';

/**
 * API keys of callers. Only the digest of a key is stored, never the key itself. Every call is one transaction and
 * fails like those of `Operations`.
 */
export interface Keys extends AsyncDisposable {
  /** Throws `key-name-taken` if a key of that name is in use. */
  createKey(key: NewKey): Promise<void>;
  /** Including revoked keys. */
  findKey(id: string): Promise<StoredKey | undefined>;
  /** Ascending by creation, then id; at most `limit`. */
  keys(limit: number): Promise<StoredKey[]>;
  /** Returns whether there is a key that is not revoked. */
  hasKeys(): Promise<boolean>;
  /**
   * Revokes a key by its id, or by its name while it is in use. Returns the key as it was, or undefined if there is
   * none. Idempotent.
   */
  revokeKey(idOrName: string, nowMs: InstantMs): Promise<StoredKey | undefined>;
  /** Adds request counts of keys. Returns the day's requests so far by key, including those of other processes. */
  addUses(uses: readonly KeyUse[]): Promise<ReadonlyMap<string, number>>;
}

export type KeyScope = 'read' | 'admin';

export interface NewKey {
  /** The public part of the key, by which it is looked up. */
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the whole key, lower-case hex. */
  readonly digest: string;
  readonly scopes: readonly KeyScope[];
  /** Null means no limit. */
  readonly requestsPerMinute: number | null;
  readonly requestsPerDay: number | null;
  readonly createdMs: InstantMs;
}

export interface StoredKey extends NewKey {
  readonly lastUsedMs: InstantMs | null;
  readonly revokedMs: InstantMs | null;
  /** The last UTC day on which it was used, and the requests of that day. */
  readonly usedDay: IsoDate | null;
  readonly usedRequests: number;
}

export interface KeyUse {
  readonly id: string;
  readonly day: IsoDate;
  readonly requests: number;
  readonly lastUsedMs: InstantMs;
}
