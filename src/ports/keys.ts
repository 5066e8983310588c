import type { InstantMs, IsoDate } from '#base/dates.ts';

/**
 * The keys of those who may use a server. What a key is made of is not kept: only its digest. Every call is one transaction,
 * and fails as those of `Operations` do.
 */
export interface Keys extends AsyncDisposable {
  /** Throws `key-name-taken` where a key of that name is in use. */
  createKey(key: NewKey): Promise<void>;
  /** With those that were revoked. */
  findKey(id: string): Promise<StoredKey | undefined>;
  /** Ascending by creation, then id; at most `limit`. */
  keys(limit: number): Promise<StoredKey[]>;
  /** There is a key that was not revoked. */
  hasKeys(): Promise<boolean>;
  /** Ends a key, by its id, or by its name while it is in use; it as it was, or undefined where there is none. Again is once. */
  revokeKey(idOrName: string, nowMs: InstantMs): Promise<StoredKey | undefined>;
  /** Adds what was asked with some keys; returns the requests of the day so far by key, those of other processes among them. */
  addUses(uses: readonly KeyUse[]): Promise<ReadonlyMap<string, number>>;
}

export type KeyScope = 'read' | 'admin';

export interface NewKey {
  /** Part of the key itself, and no secret: what a key is found by. */
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the whole key, lower-case hex. */
  readonly digest: string;
  readonly scopes: readonly KeyScope[];
  /** Null: no limit. */
  readonly requestsPerMinute: number | null;
  readonly requestsPerDay: number | null;
  readonly createdMs: InstantMs;
}

export interface StoredKey extends NewKey {
  readonly lastUsedMs: InstantMs | null;
  readonly revokedMs: InstantMs | null;
  /** The last day in UTC that it was used on, and the requests of that day. */
  readonly usedDay: IsoDate | null;
  readonly usedRequests: number;
}

export interface KeyUse {
  readonly id: string;
  readonly day: IsoDate;
  readonly requests: number;
  readonly lastUsedMs: InstantMs;
}
