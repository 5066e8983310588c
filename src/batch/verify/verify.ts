import { assert, defined } from '#base/assert.ts';
import type { InstantMs } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { plural } from '#base/plural.ts';
import type { DataFile } from '#lake/files.ts';
import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import type { Table } from '#lake/table.ts';
import { DAILY_BARS, LISTINGS, RESTATEMENTS, SESSIONS, SPLITS } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Clock } from '#ports/clock.ts';
import { abandonedBars, intervalOf } from '../abandoned-bars.ts';
import { CLOCKS_APART_MS_MAX } from '../clock-doubt.ts';
import { verifyDerived } from './deep.ts';
import { verifyFiles } from './files.ts';
import { type Finding, type FindingCheck, Findings } from './findings.ts';
import { verifyLedger } from './ledger.ts';
import { verifyRestatements } from './restatements.ts';
import { type DerivedTable, readDerivedFrom, verifyCheckpoint, verifyWindows } from './silver.ts';

export type { Finding, FindingCheck } from './findings.ts';

export interface VerifyDeps {
  readonly lake: Lake;
  readonly calendar: Calendar;
  readonly clock: Clock;
  /** Lengths of the N-session bars that are maintained; all stored ones by default. Of the others, only files are checked. */
  readonly intervals?: readonly number[];
  /** Called before each table is checked. */
  readonly onProgress?: (progress: { readonly table: string; readonly done: number; readonly total: number }) => void;
}

export interface VerifyRequest {
  /** Derives silver and restatements again from bronze, and compares every row. */
  readonly deep?: boolean;
  /**
   * Checks only existence and size of files older than this instant, and of files that a merge proved to hold the rows of such
   * files: what a nightly run can afford on a lake of decades. Not allowed together with `deep`.
   */
  readonly sinceMs?: number;
}

export interface VerifiedTable {
  readonly table: string;
  readonly version: number;
  readonly files: number;
  readonly rows: number;
}

export interface VerifyReport {
  readonly deep: boolean;
  readonly tables: readonly VerifiedTable[];
  /** The first thousand findings. */
  readonly findings: readonly Finding[];
  /** The number of all findings. */
  readonly findingCount: number;
  /** Stored silver rows that were derived again and compared; 0 unless deep. */
  readonly comparedRows: number;
  /** Tables that have not caught up with their inputs, or could not be compared: a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Verifies the lake against its own rules, with every table pinned at one version. Violations are listed as findings; they do
 * not throw.
 */
export async function verifyLake(deps: VerifyDeps, request: VerifyRequest = {}): Promise<VerifyReport> {
  const { lake, calendar, clock, intervals, onProgress } = deps;
  const { deep = false, sinceMs } = request;
  assert(!deep || sinceMs === undefined, 'a deep verification checks everything');
  const findings = new Findings();
  const notes: string[] = [];
  const tables: VerifiedTable[] = [];
  const { pinned, lost } = await pinTables(await lake.knownTables(), findings);
  for (const [index, { table, at }] of pinned.entries()) {
    onProgress?.({ table: table.def.name, done: index, total: pinned.length });
    const rows = await verifyFiles(lake, table, at, findings, sinceMs);
    tables.push({ table: table.def.name, version: at.version, files: at.fileCount, rows });
  }
  notes.push(...pinned.flatMap((one) => futureNote(one, clock.nowMs())));
  if (sinceMs === undefined) notes.push(...checksumNote(pinned.flatMap(({ at }) => at.files)));
  const snapshotOf = (name: string): Snapshot | undefined => pinned.find(({ table }) => table.def.name === name)?.at;
  // Unreadable files are reported already; checks that depend on their rows are skipped.
  const unreadable = new Set([...lost, ...findings.tablesWith(UNREADABLE)]);
  const isWhole = (...names: string[]): boolean => !names.some((name) => unreadable.has(name));

  const bars = snapshotOf(DAILY_BARS.name);
  if (isWhole(DAILY_BARS.name, SESSIONS.name)) {
    const lastClosed = calendar.lastClosedSession(clock.nowMs());
    await verifyLedger(lake, calendar, { bars, ledger: snapshotOf(SESSIONS.name), lastClosed, sinceMs }, findings);
  }
  const abandoned = abandonedBars(
    pinned.map(({ table }) => table),
    intervals,
  );
  const derived: DerivedTable[] = [];
  for (const { table, at } of pinned) {
    const interval = intervalOf(table.def.name);
    if (interval === undefined || !isWhole(table.def.name, DAILY_BARS.name, SPLITS.name, LISTINGS.name)) continue;
    if (abandoned.includes(table)) {
      notes.push(
        `${table.def.name} is no longer maintained (CONDVEST_INTERVALS), so it was not compared with its inputs`,
      );
      continue;
    }
    const found = await verifyCheckpoint(lake, calendar, interval, table.def, at, findings);
    if (found === undefined) continue;
    derived.push(found);
    await verifyWindows(lake, calendar, found, findings, sinceMs);
    if (bars !== undefined && (await isBehind(lake, found.bars, bars.version))) {
      const versions = `version ${found.bars} of the daily bars; the newest is ${bars.version}`;
      notes.push(`${table.def.name} is derived from ${versions}. Run "condvest resample"`);
    }
  }
  let comparedRows = 0;
  const repeats = findings.tablesWith(REPEATS);
  const incomparable = [DAILY_BARS, SPLITS, LISTINGS].find(({ name }) => repeats.has(name) || !isWhole(name));
  if (deep && incomparable !== undefined) {
    notes.push(`Derived tables were not compared with their inputs, since those of ${incomparable.name} are damaged`);
  } else if (deep) {
    for (const group of byCheckpoint(derived)) {
      onProgress?.({ table: group.map(({ definition }) => definition.name).join(', '), done: 0, total: 1 });
      const from = await readDerivedFrom(lake, calendar, defined(group[0], 'a group has a table'));
      if (typeof from === 'string') {
        notes.push(`${group.map(({ definition }) => definition.name).join(', ')} could not be compared: ${from}`);
      } else comparedRows += await verifyDerived(lake, calendar, group, from, findings);
    }
    const restatements = snapshotOf(RESTATEMENTS.name);
    if (restatements !== undefined && isWhole(RESTATEMENTS.name)) {
      await verifyRestatements(lake, calendar, restatements, findings);
    }
  }
  return { deep, tables, findings: findings.listed, findingCount: findings.count, comparedRows, notes };
}

/** Nothing can be done about such a commit but to wait: its instant is part of the history. */
function futureNote({ table, at }: { readonly table: Table; readonly at: Snapshot }, nowMs: InstantMs): string[] {
  if (at.timestampMs <= nowMs + CLOCKS_APART_MS_MAX) return [];
  const instant = new Date(at.timestampMs).toISOString();
  return [
    `The newest commit of ${table.def.name} is from ${instant}: a clock was ahead, or this one is behind. Until then, --as-of does not show what is written`,
  ];
}

/** A changed value inside such a file looks like any other. */
function checksumNote(files: readonly DataFile[]): string[] {
  const count = files.filter(({ sha256 }) => sha256 === undefined).length;
  if (count === 0) return [];
  const reason = 'because another program or an earlier version of Condvest wrote them';
  return [`No checksum for ${plural(count, 'file')}, ${reason}: a changed value inside cannot be found`];
}

/** Returns whether bars changed since a version, other than by moving between files. True also if the log no longer says. */
async function isBehind(lake: Lake, version: number, head: number): Promise<boolean> {
  if (version >= head) return false;
  try {
    for await (const commit of lake.table(DAILY_BARS).commits(version + 1, head)) if (commit.dataChange) return true;
    return false;
  } catch (cause) {
    if (cause instanceof CondvestError && cause.code === 'lake-commit-missing') return true;
    throw cause;
  }
}

const UNREADABLE: ReadonlySet<FindingCheck> = new Set([
  'file-missing',
  'file-unreadable',
  'file-size',
  'file-checksum',
]);
const REPEATS: ReadonlySet<FindingCheck> = new Set(['key-duplicate', 'key-missing']);

/**
 * Pins derived tables before their inputs: a checkpoint that is read first never refers to a version of its inputs that was
 * committed after they were pinned. Tables whose log is damaged are reported, and returned by name.
 */
async function pinTables(
  tables: readonly Table[],
  findings: Findings,
): Promise<{ pinned: { table: Table; at: Snapshot }[]; lost: ReadonlySet<string> }> {
  const pinned: { table: Table; at: Snapshot }[] = [];
  const lost = new Set<string>();
  for (const table of [...tables].reverse()) {
    try {
      const at = await table.head();
      if (at !== undefined) pinned.push({ table, at });
    } catch (cause) {
      if (!(cause instanceof CondvestError) || cause.kind !== 'corrupt') throw cause;
      lost.add(table.def.name);
      findings.of(table.def)('log-unreadable', table.def.name, cause.message.replace(/\.$/, ''));
    }
  }
  return { pinned: pinned.reverse(), lost };
}

/** Groups tables that were derived from the same versions; each group is compared in one pass. */
function byCheckpoint(tables: readonly DerivedTable[]): DerivedTable[][] {
  return [
    ...Map.groupBy(
      tables,
      ({ bars, splits, listings, published }) => `${bars} ${splits} ${listings} ${published}`,
    ).values(),
  ];
}
