import type { IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';
import type { TableDefinition } from '#lake/schema.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DAILY_BARS, DIVIDENDS, LISTINGS, SESSIONS, SPLITS } from '#lake/tables.ts';
import {
  type AppliedDividend,
  type AppliedSplit,
  type FiledDividend,
  type Resolved,
  resolveDividends,
  resolveSplits,
  type SplitFact,
} from '#market/corporate-actions.ts';
import { type Listing, Listings } from '#market/security.ts';
import { SessionSet } from '#market/session-set.ts';

import { allOf, ledgerStates, ofSymbols } from './bars.sql.ts';
import type { Finality } from './served-bars.ts';
import { type CacheKind, VersionedCache } from './versioned-cache.ts';

/** Memory of a row, roughly: an object of a few fields and short strings. */
const ROW_BYTES = 256;

const LISTINGS_KIND: CacheKind<Listings> = {
  name: 'listings',
  bytesOf: (listings) => 2 * ROW_BYTES * [...listings.symbols].length,
};
const SPLITS_KIND: CacheKind<Resolved<AppliedSplit>> = {
  name: 'splits',
  bytesOf: ({ applied, held }) => 2 * ROW_BYTES * (applied.size + held.length),
};
const STATES: CacheKind<ReadonlyMap<IsoDate, Finality>> = {
  name: 'session_states',
  bytesOf: (states) => 64 * states.size,
};
const PUBLISHED: CacheKind<SessionSet> = { name: 'published_sessions', bytesOf: ({ size }) => 32 * size };
const CHANGED: CacheKind<SessionSet | undefined> = {
  name: 'changed_sessions',
  bytesOf: (sessions) => 32 * (sessions?.size ?? 0),
};

/** Bound of a cache that no server owns, such as that of the library: the readings of one whole market fit in. */
const CACHE_BYTES_DEFAULT = 64 * 2 ** 20;

/** Beyond so many commits, looking at each costs more than reading daily rows. */
const COMMITS_MAX = 1000;

/**
 * Cached readings of one lake. Each is keyed by the versions it was made from: the facts that most answers need besides bars have
 * methods here, other readers name a kind of their own.
 */
export class MarketCaches {
  readonly #lake: Lake;
  readonly #cache: VersionedCache;

  constructor(lake: Lake, cache: VersionedCache = new VersionedCache(CACHE_BYTES_DEFAULT)) {
    this.#lake = lake;
    this.#cache = cache;
  }

  /** Returns a reading by its kind and by the versions and parameters it depends on; reads it where it is not cached. */
  get<T>(kind: CacheKind<T>, key: string, read: () => Promise<T>, version?: string): Promise<T> {
    return this.#cache.get(kind, key, read, version);
  }

  listings(snapshot: Snapshot | undefined): Promise<Listings> {
    if (snapshot === undefined) return Promise.resolve(Listings.none);
    return this.get(LISTINGS_KIND, keyOf(snapshot), async () => {
      return new Listings(await this.#rows<Listing>(LISTINGS, snapshot, LISTING_COLUMNS, ['symbol', 'first_session']));
    });
  }

  splits(snapshot: Snapshot | undefined, listings: Snapshot | undefined): Promise<Resolved<AppliedSplit>> {
    return this.get(SPLITS_KIND, keyOf(snapshot, listings), async () => {
      const rows = await this.#rows<SplitFact>(SPLITS, snapshot, SPLIT_COLUMNS, SPLITS.sortBy);
      return resolveSplits(await this.listings(listings), rows);
    });
  }

  /**
   * The dividends of some symbols. Not kept: there are many, `total` alone needs them, and a file sorted by symbol
   * gives those of one in no time.
   */
  async dividends(
    snapshot: Snapshot | undefined,
    listings: Snapshot | undefined,
    symbols: readonly string[],
  ): Promise<Resolved<AppliedDividend & FiledDividend>> {
    if (snapshot === undefined) return { applied: new Map(), held: [] };
    const scan = await this.#lake.table(DIVIDENDS).scanSql(snapshot.files);
    const sql = ofSymbols(scan, symbols, DIVIDEND_COLUMNS, DIVIDENDS.sortBy);
    const rows = await this.#lake.rows<FiledDividend>(sql);
    return resolveDividends(await this.listings(listings), rows);
  }

  /** Returns the ledger state of each session of the daily bars. */
  states(snapshot: Snapshot | undefined): Promise<ReadonlyMap<IsoDate, Finality>> {
    if (snapshot === undefined) return Promise.resolve(new Map());
    return this.get(STATES, keyOf(snapshot), async () => {
      const scan = await this.#lake.table(SESSIONS).scanSql(snapshot.files);
      const rows = await this.#lake.rows<{ session: IsoDate; state: Finality }>(ledgerStates(scan));
      return new Map(rows.map(({ session, state }) => [session, state]));
    });
  }

  /** The sessions whose daily bars changed after a version; undefined: it may be any. */
  changedSince(bars: Snapshot, version: number): Promise<SessionSet | undefined> {
    return this.get(CHANGED, `${keyOf(bars)} since ${version}`, async () => {
      if (bars.version - version > COMMITS_MAX) return undefined;
      let changed = SessionSet.empty;
      try {
        for await (const commit of this.#lake.table(DAILY_BARS).commits(version + 1, bars.version)) {
          if (!commit.dataChange) continue;
          if (commit.units === undefined) return undefined;
          changed = changed.union(commit.units);
        }
      } catch (cause) {
        // The log no longer says what changed, so anything may have.
        if (cause instanceof CondvestError && cause.code === 'lake-commit-missing') return undefined;
        throw cause;
      }
      return changed;
    });
  }

  /** The sessions that occur in daily_bars, up to one if it is given: see `publishedUntil`. */
  published(bars: Snapshot, until: IsoDate | undefined): Promise<SessionSet> {
    return this.get(PUBLISHED, `${keyOf(bars)} until ${until}`, async () => {
      const held = await this.#lake.table(DAILY_BARS).heldFiles(bars.files);
      const sessions = held.flatMap(({ units }) => [...units]);
      return SessionSet.of(until === undefined ? sessions : sessions.filter((session) => session <= until));
    });
  }

  async #rows<T>(
    definition: TableDefinition,
    snapshot: Snapshot | undefined,
    columns: readonly string[],
    orderBy: readonly string[],
  ): Promise<T[]> {
    if (snapshot === undefined) return [];
    const rows = await this.#lake.table(definition).scanSql(snapshot.files);
    return this.#lake.rows<T>(allOf(rows, columns, orderBy));
  }
}

function keyOf(...snapshots: readonly (Snapshot | undefined)[]): string {
  return snapshots
    .map((snapshot) => (snapshot === undefined ? '-' : `${snapshot.tableId}@${snapshot.version}`))
    .join(' ');
}

const LISTING_COLUMNS = [
  'security_id AS "securityId"',
  'symbol',
  'first_session AS "firstSession"',
  'last_session AS "lastSession"',
];
const SPLIT_COLUMNS = ['symbol', 'ex_date AS "exDate"', 'split_from AS "splitFrom"', 'split_to AS "splitTo"', 'source'];
const DIVIDEND_COLUMNS = [
  'symbol',
  'ex_date AS "exDate"',
  'kind',
  'cash_amount AS "cashAmount"',
  'declaration_date AS "declarationDate"',
  'record_date AS "recordDate"',
  'pay_date AS "payDate"',
  'frequency',
  'source',
];
