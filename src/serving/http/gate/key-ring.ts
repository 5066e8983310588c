import { createHash, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type InstantMs, type IsoDate, isoDate, MS_PER_DAY } from '#base/dates.ts';
import { CondvestError, RetryLater, UsageError } from '#base/errors.ts';
import type { Clock } from '#ports/clock.ts';
import type { Keys, KeyUse, StoredKey } from '#ports/keys.ts';
import type { Timers } from '#ports/timers.ts';
import type { Caller } from '../serving.ts';
import { RateLimit } from './rate-limit.ts';

/** Time for which a key is cached: a revoked key is rejected within this time. */
const KNOWN_MS = 3000;
/** Time for which an unknown id stays unknown: ids are random, and nobody has one before it is stored. */
const UNKNOWN_MS = 60_000;
/** Time for which keys that were valid are still accepted while the store is unavailable. */
const GRACE_MS = 10 * 60_000;
/** Wait for a store that does not respond, if the key was valid before. */
const WAIT_MS = 1000;
/** Interval at which uses are stored; a crash loses at most those of one interval. */
const WRITE_MS = 5000;
/** Bound on cached keys. */
const KEYS_MAX = 10_000;
/** Limit on unknown keys per minute from one address, and bound on the addresses tracked. */
const WRONG_PER_MINUTE = 30;
const ADDRESSES_MAX = 10_000;

/** `cvk_`, a public id, and 256 random bits in base64url. */
const KEY_PATTERN = /^cvk_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

/** Returns the id in a key; undefined for a text that is not one of our keys. */
export function keyIdOf(key: string): string | undefined {
  return KEY_PATTERN.exec(key)?.[1];
}

/**
 * Returns the stored digest of a key. A plain digest is enough: slow hashes make up for guessable passwords, and nobody
 * guesses 256 random bits. So a key can be checked on every request.
 */
export function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

interface KnownKey {
  readonly key: StoredKey | undefined;
  readonly caller: Caller;
  readonly readMs: InstantMs;
}

/** A lookup in progress. */
interface Look {
  readonly found: Promise<KnownKey>;
  /** Resolves once it has taken too long to wait for. */
  readonly tooLong: Promise<void>;
}

interface Use {
  day: IsoDate;
  /** Requests of the day that the store knows, and those not stored yet. */
  stored: number;
  pending: number;
  lastUsedMs: InstantMs;
}

/** Checks keys against the store and enforces their rate limits. */
export class KeyRing {
  readonly #keys: Keys;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #known = new LRUCache<string, KnownKey>({ max: KEYS_MAX });
  /** By id: concurrent requests with one key share a lookup. */
  readonly #looks = new Map<string, Look>();
  readonly #uses = new Map<string, Use>();
  readonly #rates = new RateLimit({ namesMax: KEYS_MAX });
  readonly #wrong = new RateLimit({ namesMax: ADDRESSES_MAX });
  /** Lookups of ids that do not exist, by address. */
  readonly #guesses = new RateLimit({ namesMax: ADDRESSES_MAX });
  #writtenMs: InstantMs;
  #writing: Promise<void> | undefined;

  constructor(deps: { readonly keys: Keys; readonly clock: Clock; readonly timers: Timers }) {
    this.#keys = deps.keys;
    this.#timers = deps.timers;
    this.#clock = deps.clock;
    this.#writtenMs = deps.clock.nowMs();
  }

  /**
   * Returns the caller of a key. Throws `key-missing`, `key-unknown`, and `rate-limited` for too many requests with a
   * key or too many unknown keys from an address. `isWeighed`: the request counts against the key's limits.
   */
  async admit(text: string | undefined, address: string, isWeighed: boolean): Promise<Caller> {
    const nowMs = this.#clock.nowMs();
    if (text === undefined) throw keyMissing();
    const id = keyIdOf(text);
    const known = id === undefined ? undefined : await this.#find(id, address, nowMs);
    if (known?.key === undefined || known.key.revokedMs !== null || !isSame(digestOf(text), known.key.digest)) {
      // Only unknown keys count, so that other callers at the address are not locked out.
      const waitMs = this.#wrong.take(address, WRONG_PER_MINUTE, nowMs);
      throw waitMs === undefined ? keyUnknown() : tooManyWrong(waitMs);
    }
    if (isWeighed) this.#weigh(known.key, nowMs);
    this.#writeInTurn(nowMs);
    return known.caller;
  }

  /** Stores the uses since the last time. */
  async flush(): Promise<void> {
    await this.#writing;
    await this.#write();
  }

  async #find(id: string, address: string, nowMs: InstantMs): Promise<KnownKey | undefined> {
    const known = this.#known.get(id);
    if (
      known !== undefined &&
      nowMs - known.readMs < (known.key === undefined ? UNKNOWN_MS : KNOWN_MS) &&
      nowMs >= known.readMs
    )
      return known;
    // An address that guesses ids soon no longer reaches the store.
    if (known?.key === undefined && this.#guesses.wait(address, WRONG_PER_MINUTE, nowMs) !== undefined)
      return undefined;
    const look = this.#look(id, nowMs);
    if (known?.key === undefined || nowMs - known.readMs > GRACE_MS) {
      const found = await look.found;
      if (found.key === undefined) this.#guesses.take(address, WRONG_PER_MINUTE, nowMs);
      return found;
    }
    try {
      return await Promise.race([look.found, look.tooLong.then(() => known)]);
    } catch (cause) {
      if (!(cause instanceof CondvestError)) throw cause;
      return known;
    }
  }

  #look(id: string, nowMs: InstantMs): Look {
    let look = this.#looks.get(id);
    if (look !== undefined) return look;
    let cancel = (): void => {};
    const tooLong = new Promise<void>((resolve) => {
      cancel = this.#timers.after(WAIT_MS, resolve);
    });
    const found = this.#keys
      .findKey(id)
      .then((key) => {
        const known = { key, caller: callerOf(key), readMs: nowMs };
        this.#known.set(id, known);
        return known;
      })
      .finally(() => {
        cancel();
        this.#looks.delete(id);
      });
    // Callers that no longer wait do not need the failure.
    found.catch(() => {});
    look = { found, tooLong };
    this.#looks.set(id, look);
    return look;
  }

  #weigh(key: StoredKey, nowMs: InstantMs): void {
    const day = dayOf(nowMs);
    let use = this.#uses.get(key.id);
    if (use === undefined) {
      use = { day, stored: key.usedDay === day ? key.usedRequests : 0, pending: 0, lastUsedMs: nowMs };
      this.#uses.set(key.id, use);
    }
    // Uses of an earlier day no longer count.
    if (use.day !== day) Object.assign(use, { day, stored: 0, pending: 0 });
    const { requestsPerMinute, requestsPerDay } = key;
    if (requestsPerDay !== null && use.stored + use.pending >= requestsPerDay) throw overBudget(requestsPerDay, nowMs);
    if (requestsPerMinute !== null) {
      const waitMs = this.#rates.take(key.id, requestsPerMinute, nowMs);
      if (waitMs !== undefined) throw overRate(requestsPerMinute, waitMs);
    }
    use.pending += 1;
    use.lastUsedMs = nowMs;
  }

  /** Stores uses when due. Requests trigger it, so there is no timer. */
  #writeInTurn(nowMs: InstantMs): void {
    if (nowMs - this.#writtenMs < WRITE_MS || this.#writing !== undefined) return;
    this.#writtenMs = nowMs;
    this.#writing = this.#write()
      // The store is unavailable: the counts stay for the next time.
      .catch((cause: unknown) => {
        if (!(cause instanceof CondvestError)) throw cause;
      })
      .finally(() => {
        this.#writing = undefined;
      });
  }

  async #write(): Promise<void> {
    const written: KeyUse[] = [];
    for (const [id, { day, pending, lastUsedMs }] of this.#uses)
      if (pending > 0) written.push({ id, day, requests: pending, lastUsedMs });
    if (written.length === 0) return;
    const totals = await this.#keys.addUses(written);
    for (const { id, day, requests } of written) {
      const use = this.#uses.get(id);
      if (use?.day !== day) continue;
      use.pending -= requests;
      use.stored = totals.get(id) ?? 0;
    }
  }
}

function callerOf(key: StoredKey | undefined): Caller {
  return { name: key?.name ?? '', scopes: key?.scopes ?? [] };
}

function isSame(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}

function dayOf(ms: InstantMs): IsoDate {
  return isoDate(new Date(ms).toISOString().slice(0, 10));
}

/** Worded as by the vendor, whose clients may show it. */
function keyMissing(): UsageError {
  return new UsageError({
    code: 'key-missing',
    message: 'API Key was not provided',
    allowed: 'Authorization: Bearer KEY, or apiKey=KEY in the query',
    action: 'Get a key from whoever runs this server; keys are created with: condvest keys create',
  });
}

/** Worded as by the vendor. */
function keyUnknown(): UsageError {
  return new UsageError({ code: 'key-unknown', message: 'Unknown API Key' });
}

function tooManyWrong(waitMs: number): RetryLater {
  return new RetryLater({
    code: 'rate-limited',
    message: 'Too many requests with unknown API keys from this address',
    afterSeconds: seconds(waitMs),
  });
}

function overRate(perMinute: number, waitMs: number): RetryLater {
  return new RetryLater({
    code: 'rate-limited',
    message: "You've exceeded the maximum requests per minute for this API key",
    allowed: `${perMinute} requests per minute`,
    afterSeconds: seconds(waitMs),
  });
}

function overBudget(perDay: number, nowMs: InstantMs): RetryLater {
  return new RetryLater({
    code: 'rate-limited',
    message: "You've exceeded the maximum requests per day for this API key",
    allowed: `${perDay} requests per day, counted from midnight UTC`,
    afterSeconds: seconds(MS_PER_DAY - (nowMs % MS_PER_DAY)),
  });
}

function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
