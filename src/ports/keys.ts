import type { InstantMs, IsoDate } from '#base/dates.ts';

/**
 * API keys of a server's callers. Gives the guarantees of `Runs`, and:
 *
 * 1. **No secrets.** Only the digest of a key is stored.
 * 2. **Names are unique among active keys**, whichever processes create them.
 */
export interface Keys {
  /** Throws `key-name-taken` if an active key has that name. */
  createKey(key: NewKey): Promise<void>;
  /** Finds a key by id, revoked keys included. */
  findKey(id: string): Promise<StoredKey | undefined>;
  /** Returns up to `limit` keys, ascending by creation and id. */
  keys(limit: number): Promise<StoredKey[]>;
  /** Returns whether any key is active. */
  hasKeys(): Promise<boolean>;
  /**
   * Revokes a key, by id or by the name of an active key, and returns it as it was before; undefined if there is none.
   */
  revokeKey(idOrName: string, nowMs: InstantMs): Promise<StoredKey | undefined>;
  /** Adds requests made with keys and returns each key's total for the day, across processes. */
  addUses(uses: readonly KeyUse[]): Promise<ReadonlyMap<string, number>>;
}

export type KeyScope = 'read' | 'admin';

export interface NewKey {
  /** Public part of the key, used to find it. */
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
  /** Last UTC day of use, and the requests on that day. */
  readonly usedDay: IsoDate | null;
  readonly usedRequests: number;
}

export interface KeyUse {
  readonly id: string;
  readonly day: IsoDate;
  readonly requests: number;
  readonly lastUsedMs: InstantMs;
}
