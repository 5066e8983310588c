import { assert, defined } from '#base/assert.ts';
import { CondvestError } from '#base/errors.ts';
import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import type { Table } from '#lake/table.ts';
import { DAILY_BARS, RESTATEMENTS, SESSIONS } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';

import { abandonedBars, intervalOf } from '../abandoned-bars.ts';
import { verifyDerived } from './deep.ts';
import { verifyFiles } from './files.ts';
import { type Finding, Findings } from './findings.ts';
import { verifyLedger } from './ledger.ts';
import { verifyRestatements } from './restatements.ts';
import { type DerivedTable, readDerivedFrom, verifyCheckpoint, verifyWindows } from './silver.ts';

export type { Finding, FindingCheck } from './findings.ts';

export interface VerifyDeps {
  readonly lake: Lake;
  readonly calendar: Calendar;
  /** Lengths of the N-session bars that are kept up; all that are stored unless given. Of others only the files are looked at. */
  readonly intervals?: readonly number[];
  /** Told of each table before it is looked at. */
  readonly onProgress?: (progress: { readonly table: string; readonly done: number; readonly total: number }) => void;
}

export interface VerifyRequest {
  /** Derives silver and restatements again from bronze and compares every row. */
  readonly deep?: boolean;
  /**
   * Of files that are older than this instant, and of those that a merge proved to hold what such files held, only existence and
   * size are looked at: what a nightly run can afford on a lake of decades. Not together with `deep`.
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
  /** What is wrong; at most the first thousand. */
  readonly findings: readonly Finding[];
  /** All findings, also those beyond the thousand. */
  readonly findingCount: number;
  /** Stored rows of silver that were derived again and compared; 0 unless deep. */
  readonly comparedRows: number;
  /** What is right and has not caught up with its inputs yet, or could not be compared: a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Checks the lake against its own rules, all tables pinned at one version each. Nothing is thrown for what is found wrong:
 * it is listed.
 */
export async function verifyLake(deps: VerifyDeps, request: VerifyRequest = {}): Promise<VerifyReport> {
  const { lake, calendar, intervals, onProgress } = deps;
  const { deep = false, sinceMs } = request;
  assert(!deep || sinceMs === undefined, 'a deep verification looks at everything');
  const findings = new Findings();
  const notes: string[] = [];
  const tables: VerifiedTable[] = [];
  const pinned = await pinTables(await lake.existingTables());
  for (const [index, { table, at }] of pinned.entries()) {
    onProgress?.({ table: table.def.name, done: index, total: pinned.length });
    const rows = await verifyFiles(lake, table.def, at, findings, sinceMs);
    tables.push({ table: table.def.name, version: at.version, files: at.fileCount, rows });
  }
  const snapshotOf = (name: string): Snapshot | undefined => pinned.find(({ table }) => table.def.name === name)?.at;
  // A file that cannot be read was found already; what rests on its rows cannot be judged.
  const unreadable = new Set(findings.kept.filter(({ check }) => UNREADABLE.has(check)).map(({ table }) => table));
  const isWhole = (...names: string[]): boolean => !names.some((name) => unreadable.has(name));

  const bars = snapshotOf(DAILY_BARS.name);
  if (isWhole(DAILY_BARS.name, SESSIONS.name)) {
    await verifyLedger(lake, calendar, bars, snapshotOf(SESSIONS.name), findings, sinceMs);
  }
  const abandoned = abandonedBars(
    pinned.map(({ table }) => table),
    intervals,
  );
  const derived: DerivedTable[] = [];
  for (const { table, at } of pinned) {
    const interval = intervalOf(table.def.name);
    if (interval === undefined || !isWhole(table.def.name)) continue;
    if (abandoned.includes(table)) {
      notes.push(`${table.def.name} is kept up no longer (CONDVEST_INTERVALS), so it was not compared with its inputs`);
      continue;
    }
    const found = await verifyCheckpoint(lake, calendar, interval, table.def, at, findings);
    if (found === undefined) continue;
    derived.push(found);
    await verifyWindows(lake, calendar, found, findings, sinceMs);
    if (bars !== undefined && (await isBehind(lake, found.bars, bars.version))) {
      const versions = `version ${found.bars} of the daily bars, of ${bars.version}`;
      notes.push(`${table.def.name} is derived from ${versions}. Run "condvest resample"`);
    }
  }
  let comparedRows = 0;
  if (deep && isWhole(DAILY_BARS.name)) {
    for (const group of byCheckpoint(derived)) {
      onProgress?.({ table: group.map(({ definition }) => definition.name).join(', '), done: 0, total: 1 });
      const from = await readDerivedFrom(lake, defined(group[0], 'a group has a table'));
      if (typeof from === 'string') {
        notes.push(`${group.map(({ definition }) => definition.name).join(', ')} could not be compared: ${from}`);
      } else comparedRows += await verifyDerived(lake, calendar, group, from, findings);
    }
    const restatements = snapshotOf(RESTATEMENTS.name);
    if (restatements !== undefined && isWhole(RESTATEMENTS.name)) {
      await verifyRestatements(lake, calendar, restatements, findings);
    }
  }
  return { deep, tables, findings: findings.kept, findingCount: findings.count, comparedRows, notes };
}

/** True where bars changed since a version, beyond being moved between files; also where that can no longer be told. */
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

const UNREADABLE: ReadonlySet<string> = new Set(['file-missing', 'file-unreadable', 'file-size']);

/**
 * Derived tables before those they are derived from: a checkpoint read first never speaks of a version of its inputs that
 * was made after they were pinned.
 */
async function pinTables(tables: readonly Table[]): Promise<{ table: Table; at: Snapshot }[]> {
  const pinned: { table: Table; at: Snapshot }[] = [];
  for (const table of [...tables].reverse()) {
    const at = await table.head();
    if (at !== undefined) pinned.push({ table, at });
  }
  return pinned.reverse();
}

/** Tables that were derived from the same versions are compared in one pass. */
function byCheckpoint(tables: readonly DerivedTable[]): DerivedTable[][] {
  const groups = new Map<string, DerivedTable[]>();
  for (const table of tables) {
    const key = `${table.bars} ${table.splits} ${table.listings}`;
    groups.set(key, [...(groups.get(key) ?? []), table]);
  }
  return [...groups.values()];
}
