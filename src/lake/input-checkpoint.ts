import { createHash } from 'node:crypto';

/**
 * The checkpoint of a silver table: the version of each input that its rows were derived from. It is stored as Delta
 * `txn` actions in the table's own data commits, so that rows and checkpoint never disagree.
 */

/** An input table as pinned for a run. */
export interface PinnedTable {
  readonly tableId: string;
  readonly version: number;
}

/** The inputs of a run; a table that does not exist yet counts as empty. */
export interface PinnedInputs {
  readonly bars: PinnedTable;
  readonly splits: PinnedTable | undefined;
  readonly listings: PinnedTable | undefined;
  /** Hex SHA-256 of the exchange calendar. */
  readonly calendarHash: string;
}

/** The work due on a table, according to its checkpoint. */
export type Decision =
  | { readonly mode: 'full'; readonly reason: string }
  | {
      readonly mode: 'incremental';
      /** Versions that the stored rows were derived from; undefined if the input did not exist yet. */
      readonly bars: number;
      readonly splits: number | undefined;
      readonly listings: number | undefined;
      readonly calendarChanged: boolean;
      /** Index of the last session that counted as published; undefined in checkpoints from before it was stored. */
      readonly published: number | undefined;
    }
  /** Stored rows were derived from later versions than the pinned ones: another process was faster. */
  | { readonly mode: 'ahead' }
  /** Stored rows were derived from tables that no longer exist. */
  | { readonly mode: 'input-gone'; readonly gone: readonly ('splits' | 'listings')[] };

const PREFIX = 'resample:';
const CALENDAR_KEY = `${PREFIX}calendar`;
/** Bars of a session that has not closed do not count, so what was published depends on the clock too. */
const PUBLISHED_KEY = `${PREFIX}published`;
/** Returns a digest of the input tables' ids, so that a replaced table is detected. */
const INPUTS_KEY = `${PREFIX}inputs`;

/** The checkpoint of a table that lost files: whatever its inputs are, it is due to be rebuilt. */
export const REBUILD_TXNS: ReadonlyMap<string, number> = new Map([[INPUTS_KEY, 0]]);

function inputKey(tableId: string): string {
  return `${PREFIX}${tableId}`;
}

/**
 * Returns the `txn` versions of a commit derived from these inputs. `published`: index of the last session that counted
 * as published; without one, any negative number.
 */
export function checkpointTxns(inputs: PinnedInputs, published: number): ReadonlyMap<string, number> {
  const txns = new Map<string, number>();
  for (const table of [inputs.bars, inputs.splits, inputs.listings]) {
    if (table !== undefined) txns.set(inputKey(table.tableId), table.version);
  }
  txns.set(CALENDAR_KEY, leading48Bits(inputs.calendarHash));
  txns.set(PUBLISHED_KEY, Math.max(-1, published));
  txns.set(INPUTS_KEY, digestOf(inputs.bars, inputs.splits, inputs.listings));
  return txns;
}

/** Compares a silver table's checkpoint (undefined if there is no such table) with the inputs pinned for this run. */
export function decide(txns: ReadonlyMap<string, number> | undefined, inputs: PinnedInputs): Decision {
  if (txns === undefined) return { mode: 'full', reason: 'the table is new' };
  const stored = txns.get(INPUTS_KEY);
  const bars = txns.get(inputKey(inputs.bars.tableId));
  const calendar = txns.get(CALENDAR_KEY);
  if (stored === undefined || calendar === undefined) return { mode: 'full', reason: 'the table has no checkpoint' };
  if (stored === 0) return { mode: 'full', reason: 'damaged files of the table were removed' };
  const then = inputsThen(stored, inputs);
  if (then === undefined || bars === undefined) {
    const before = inputIdsOf(txns);
    const gone = (['splits', 'listings'] as const).filter((name) => before?.[name] && inputs[name] === undefined);
    if (gone.length > 0) return { mode: 'input-gone', gone };
    return { mode: 'full', reason: 'an input table was replaced by another one' };
  }
  const splits = then.splits ? versionOf(txns, inputs.splits) : undefined;
  const listings = then.listings ? versionOf(txns, inputs.listings) : undefined;
  const ahead = bars > inputs.bars.version || isAhead(splits, inputs.splits) || isAhead(listings, inputs.listings);
  if (ahead) return { mode: 'ahead' };
  return {
    mode: 'incremental',
    bars,
    splits,
    listings,
    calendarChanged: calendar !== leading48Bits(inputs.calendarHash),
    published: txns.get(PUBLISHED_KEY),
  };
}

const NO_IDS: ReadonlySet<string> = new Set([CALENDAR_KEY, PUBLISHED_KEY, INPUTS_KEY]);

/** Ids of the tables that a silver table was derived from; those that did not exist are empty. */
export interface InputIds {
  readonly bars: string;
  readonly splits: string;
  readonly listings: string;
}

/** A table keeps the ids of inputs that were replaced, so there may be more than three. */
const IDS_MAX = 12;

/** Returns the tables that a checkpoint refers to; undefined if there is none. The digest tells which id is of which. */
export function inputIdsOf(txns: ReadonlyMap<string, number>): InputIds | undefined {
  const digest = txns.get(INPUTS_KEY);
  const keys = [...txns.keys()].filter((key) => key.startsWith(PREFIX) && !NO_IDS.has(key));
  const ids = keys.slice(-IDS_MAX).map((key) => key.slice(PREFIX.length));
  for (const bars of ids) {
    for (const splits of ['', ...ids]) {
      for (const listings of ['', ...ids]) {
        if (digestOfIds([bars, splits, listings]) === digest) return { bars, splits, listings };
      }
    }
  }
  return undefined;
}

/**
 * Returns which of the current splits and listings tables existed at the checkpoint, or undefined if it refers to other
 * tables.
 */
function inputsThen(digest: number, inputs: PinnedInputs): { splits: boolean; listings: boolean } | undefined {
  for (const splits of [true, false]) {
    for (const listings of [true, false]) {
      const then = digestOf(inputs.bars, splits ? inputs.splits : undefined, listings ? inputs.listings : undefined);
      if (then === digest) return { splits, listings };
    }
  }
  return undefined;
}

function versionOf(txns: ReadonlyMap<string, number>, table: PinnedTable | undefined): number | undefined {
  return table === undefined ? undefined : txns.get(inputKey(table.tableId));
}

function isAhead(version: number | undefined, table: PinnedTable | undefined): boolean {
  return version !== undefined && table !== undefined && version > table.version;
}

function digestOf(...tables: readonly (PinnedTable | undefined)[]): number {
  return digestOfIds(tables.map((table) => table?.tableId ?? ''));
}

function digestOfIds(ids: readonly string[]): number {
  return leading48Bits(createHash('sha256').update(ids.join('|')).digest('hex'));
}

/**
 * Returns the first twelve hex digits as an integer, which a `txn` version (a long) and a number both hold exactly.
 */
function leading48Bits(hex: string): number {
  return Number.parseInt(hex.slice(0, 12), 16);
}
