import { type IsoDate, parseIsoDate, toEpochDay } from '#base/dates.ts';
import { isRecord } from '#base/is-record.ts';
import { SessionSet } from '#market/session-set.ts';

import type { Add } from './actions.ts';

/** Key of the tag that lists the units (sessions, or windows by their first session) in one of our files. */
export const UNITS_TAG = 'condvest.sessions';

/**
 * Key of the tag of a file that was merged from verified files: its rows were proved equal by reading both, its order
 * was checked, and its statistics and units follow from theirs.
 */
export const PROVED_TAG = 'condvest.proved';

/** Key of the tag with the SHA-256 of one of our files, in hexadecimal, as it was handed to the store. */
export const CHECKSUM_TAG = 'condvest.sha256';

/** A column's value in statistics, in Delta's JSON form: a date is `YYYY-MM-DD`. */
export type StatsValue = string | number | boolean | null;

/** Statistics of a file. Any field may be missing in foreign files. */
export interface FileStats {
  readonly numRecords?: number | undefined;
  readonly minValues?: Readonly<Record<string, StatsValue>> | undefined;
  readonly maxValues?: Readonly<Record<string, StatsValue>> | undefined;
  readonly nullCount?: Readonly<Record<string, number>> | undefined;
}

/** A data file that is written and durable, and to which no commit refers yet. */
export interface NewFile {
  /** Relative to the table's folder: `year=2024/<uuid>.parquet`. */
  readonly path: string;
  readonly partitionValues: Readonly<Record<string, string | null>>;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly sha256: string;
  readonly stats: FileStats;
  /** The units it contains; undefined in a table without a unit column. */
  readonly units: SessionSet | undefined;
  /** Merged from verified files, and proved to contain the same rows. */
  readonly isProved?: boolean;
}

/**
 * A data file of a version of a table. A table has thousands and a query needs a few, so everything but the path is
 * parsed on first use.
 */
export class DataFile {
  /** Relative to the table's folder, decoded: `year=2024/<uuid>.parquet`. A file's identity. */
  readonly path: string;
  #add: Add | (() => Add);
  readonly #unitColumn: string | undefined;
  #stats: FileStats | undefined;
  /** Undefined until it is computed; `anything` if the result is unknown. */
  #units: SessionSet | 'anything' | undefined;
  #columns: ReadonlySet<string> | undefined;
  /** Read from the file itself if its metadata does not say: by `scanSql` and `heldFiles`. A file never changes. */
  readColumns: ReadonlySet<string> | undefined;
  readUnits: SessionSet | undefined;
  /** True once its bytes were found to be those of its checksum: by `checkIntact`. */
  isIntact = false;

  constructor(path: string, add: Add | (() => Add), unitColumn: string | undefined) {
    this.path = path;
    this.#add = add;
    this.#unitColumn = unitColumn;
  }

  /** The add action, as in the log. */
  get add(): Add {
    if (typeof this.#add === 'function') this.#add = this.#add();
    return this.#add;
  }

  get partitionValues(): Readonly<Record<string, string | null>> {
    return this.add.partitionValues;
  }

  get sizeBytes(): number {
    return this.add.size;
  }

  get modifiedMs(): number {
    return this.add.modificationTime;
  }

  get tags(): Readonly<Record<string, string | null>> {
    return this.add.tags ?? {};
  }

  /** Whether a merge proved that it contains the rows of verified files. */
  get isProved(): boolean {
    return this.tags[PROVED_TAG] !== undefined;
  }

  /** SHA-256 of its bytes, in hexadecimal. Undefined for files of other programs, and for ours from before it was stored. */
  get sha256(): string | undefined {
    return this.tags[CHECKSUM_TAG] ?? undefined;
  }

  /** Undefined if the writer gave none, or none that can be parsed. */
  get stats(): FileStats | undefined {
    this.#stats ??= parseStats(this.add.stats);
    return this.#stats;
  }

  /** The columns of one of our files. Undefined for files that may be foreign. */
  get columns(): ReadonlySet<string> | undefined {
    if (this.tags[UNITS_TAG] !== undefined) this.#columns ??= columnsOf(this.stats);
    return this.#columns;
  }

  /**
   * The units whose rows it may contain: by our tag, else by the minimum and maximum of the unit column, else by the
   * partition's year. Undefined means anything.
   */
  get units(): SessionSet | undefined {
    this.#units ??= unitsOf(this.add.tags, this.add.partitionValues, () => this.stats, this.#unitColumn) ?? 'anything';
    return this.#units === 'anything' ? undefined : this.#units;
  }
}

/** Returns the columns of one of our files: its statistics count the nulls of each. */
export function columnsOf(stats: FileStats | undefined): ReadonlySet<string> | undefined {
  return stats?.nullCount === undefined ? undefined : new Set(Object.keys(stats.nullCount));
}

/** Returns the units that a file may contain, from its add or remove action. Undefined means anything. */
export function unitsOf(
  tags: Readonly<Record<string, string | null>> | undefined,
  partitionValues: Readonly<Record<string, string | null>> | undefined,
  statsOf: () => FileStats | undefined,
  unitColumn: string | undefined,
): SessionSet | undefined {
  if (unitColumn === undefined) return undefined;
  const tag = tags?.[UNITS_TAG];
  if (typeof tag === 'string') {
    const tagged = SessionSet.parse(tag);
    if (tagged !== undefined) return tagged;
  }
  const stats = statsOf();
  const min = dateIn(stats?.minValues?.[unitColumn]);
  const max = dateIn(stats?.maxValues?.[unitColumn]);
  if (min !== undefined && max !== undefined) return rangeOf(min, max);
  const { year } = partitionValues ?? {};
  if (typeof year !== 'string') return undefined;
  const [first, last] = [parseIsoDate(`${year}-01-01`), parseIsoDate(`${year}-12-31`)];
  return first === undefined || last === undefined ? undefined : rangeOf(first, last);
}

/** Returns the units between two dates. Beyond any market history, the result is "anything", not a set of millions. */
function rangeOf(min: IsoDate, max: IsoDate): SessionSet | undefined {
  if (min > max || toEpochDay(max) - toEpochDay(min) > RANGE_DAYS_MAX) return undefined;
  // The ranges of the text form exclude weekends, but a foreign file's own bounds are always included.
  return SessionSet.parse(`${min}..${max}`)?.union(SessionSet.of([min, max]));
}

const RANGE_DAYS_MAX = 366 * 200;

function dateIn(value: StatsValue | undefined): IsoDate | undefined {
  return typeof value === 'string' ? parseIsoDate(value) : undefined;
}

function parseStats(text: string | null | undefined): FileStats | undefined {
  if (text === null || text === undefined || text === '') return undefined;
  try {
    const stats: unknown = JSON.parse(text);
    return isRecord(stats) ? stats : undefined;
  } catch {
    // Statistics only help to skip files; a file with unreadable statistics is never skipped.
    return undefined;
  }
}
