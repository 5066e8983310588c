import type { IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';
import type { TableDefinition } from '#lake/schema.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DAILY_BARS, DIVIDENDS, LISTINGS, SESSIONS, SPLITS } from '#lake/tables.ts';
import {
  type AppliedDividend,
  type AppliedSplit,
  type DividendFact,
  type Resolved,
  resolveDividends,
  resolveSplits,
  type SplitFact,
} from '#market/corporate-actions.ts';
import { type Listing, Listings } from '#market/security.ts';
import { SessionSet } from '#market/session-set.ts';

import { allOf, ledgerStates, ofSymbols } from './bars.sql.ts';
import type { Finality } from './served-bars.ts';

/** Facts that answers need besides bars, read once per version and cached: they do not change within a version. */

/** Answers kept in memory: a few versions of each kind. The largest is a few megabytes for a whole market. */
const ANSWERS_MAX = 16;

/** Beyond so many commits, looking at each costs more than reading daily rows. */
const COMMITS_MAX = 1000;

export class FactCache {
  readonly #lake: Lake;
  readonly #kept = new Map<string, Promise<unknown>>();

  constructor(lake: Lake) {
    this.#lake = lake;
  }

  listings(snapshot: Snapshot | undefined): Promise<Listings> {
    if (snapshot === undefined) return Promise.resolve(Listings.none);
    return this.#once(keyOf('listings', snapshot), async () => {
      const rows = await this.#rows<ListingRow>(LISTINGS, snapshot, LISTING_COLUMNS, ['symbol', 'first_session']);
      return new Listings(rows.map(toListing));
    });
  }

  splits(snapshot: Snapshot | undefined, listings: Snapshot | undefined): Promise<Resolved<AppliedSplit>> {
    return this.#once(keyOf('splits', snapshot, listings), async () => {
      const rows = await this.#rows<SplitRow>(SPLITS, snapshot, SPLIT_COLUMNS, SPLITS.sortBy);
      return resolveSplits(await this.listings(listings), rows.map(toSplit));
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
  ): Promise<Resolved<AppliedDividend>> {
    if (snapshot === undefined) return { applied: new Map(), held: [] };
    const scan = await this.#lake.table(DIVIDENDS).scanSql(snapshot.files);
    const sql = ofSymbols(scan, symbols, DIVIDEND_COLUMNS, DIVIDENDS.sortBy);
    const rows = await this.#lake.rows<DividendRow>(sql);
    return resolveDividends(await this.listings(listings), rows.map(toDividend));
  }

  /** Returns the ledger state of each session of the daily bars. */
  states(snapshot: Snapshot | undefined): Promise<ReadonlyMap<IsoDate, Finality>> {
    if (snapshot === undefined) return Promise.resolve(new Map());
    return this.#once(keyOf('states', snapshot), async () => {
      const scan = await this.#lake.table(SESSIONS).scanSql(snapshot.files);
      const rows = await this.#lake.rows<{ session: IsoDate; state: Finality }>(ledgerStates(scan));
      return new Map(rows.map(({ session, state }) => [session, state]));
    });
  }

  /** The sessions whose daily bars changed after a version; undefined: it may be any. */
  changedSince(bars: Snapshot, version: number): Promise<SessionSet | undefined> {
    return this.#once(`${keyOf('changed', bars)} since ${version}`, async () => {
      if (bars.version - version > COMMITS_MAX) return undefined;
      let changed = SessionSet.empty;
      try {
        for await (const commit of this.#lake.table(DAILY_BARS).commits(version + 1, bars.version)) {
          if (!commit.dataChange) continue;
          if (commit.units === undefined) return undefined;
          changed = changed.union(commit.units);
        }
      } catch (cause) {
        // The log no longer says what changed: then everything may have.
        if (cause instanceof CondvestError && cause.code === 'lake-commit-missing') return undefined;
        throw cause;
      }
      return changed;
    });
  }

  /** The sessions that occur in daily_bars. */
  published(bars: Snapshot): Promise<SessionSet> {
    return this.#once(keyOf('published', bars), async () => {
      const held = await this.#lake.table(DAILY_BARS).heldFiles(bars.files);
      return SessionSet.of(held.flatMap(({ units }) => [...units]));
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

  /** The answers asked for last are kept; a failed one is not. */
  #once<T>(key: string, read: () => Promise<T>): Promise<T> {
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    // Each key stands for one kind of answer: the cast gives back what the same caller put in.
    const answer = kept === undefined ? read() : (kept as Promise<T>);
    this.#kept.set(key, answer);
    if (kept === undefined) answer.catch(() => this.#kept.delete(key));
    for (const oldest of this.#kept.keys()) if (this.#kept.size > ANSWERS_MAX) this.#kept.delete(oldest);
    return answer;
  }
}

function keyOf(kind: string, ...snapshots: readonly (Snapshot | undefined)[]): string {
  return [
    kind,
    ...snapshots.map((snapshot) => (snapshot === undefined ? '-' : `${snapshot.tableId}@${snapshot.version}`)),
  ].join(' ');
}

const LISTING_COLUMNS = ['security_id', 'symbol', 'first_session', 'last_session'];
const SPLIT_COLUMNS = ['symbol', 'ex_date', 'split_from', 'split_to', 'source'];
const DIVIDEND_COLUMNS = ['symbol', 'ex_date', 'kind', 'cash_amount', 'source'];

interface ListingRow {
  readonly security_id: string;
  readonly symbol: string;
  readonly first_session: IsoDate;
  readonly last_session: IsoDate | null;
}

interface SplitRow {
  readonly symbol: string;
  readonly ex_date: IsoDate;
  readonly split_from: number;
  readonly split_to: number;
  readonly source: string | null;
}

interface DividendRow {
  readonly symbol: string;
  readonly ex_date: IsoDate;
  readonly kind: string;
  readonly cash_amount: number;
  readonly source: string | null;
}

function toListing(row: ListingRow): Listing {
  return {
    securityId: row.security_id,
    symbol: row.symbol,
    firstSession: row.first_session,
    lastSession: row.last_session,
  };
}

function toSplit(row: SplitRow): SplitFact {
  return {
    symbol: row.symbol,
    exDate: row.ex_date,
    splitFrom: row.split_from,
    splitTo: row.split_to,
    source: row.source,
  };
}

function toDividend(row: DividendRow): DividendFact {
  return { symbol: row.symbol, exDate: row.ex_date, kind: row.kind, cashAmount: row.cash_amount, source: row.source };
}
