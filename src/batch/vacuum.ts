import { UsageError } from '#base/errors.ts';
import type { NeededVersion } from '#lake/clean-log.ts';
import { decide, type PinnedInputs } from '#lake/input-checkpoint.ts';
import type { Lake } from '#lake/lake.ts';
import type { Table } from '#lake/table.ts';
import { DAILY_BARS, LISTINGS, RESTATEMENTS, SPLITS } from '#lake/tables.ts';
import type { VacuumFile, VacuumOptions } from '#lake/vacuum.ts';
import type { Calendar } from '#market/calendar/calendar.ts';

import { abandonedBars } from './abandoned-bars.ts';
import { restatementsKey } from './restatements/restatements-key.ts';

export interface VacuumDeps {
  readonly lake: Lake;
  readonly calendar: Calendar;
  /** Lengths of the N-session bars that are kept up; all that are stored unless given. Others hold nothing back. */
  readonly intervals?: readonly number[];
}

export interface VacuumRequest {
  /** Days for which versions stay readable; default: each table's own retention (400 days). */
  readonly retentionDays?: number;
  readonly dryRun?: boolean;
  /** Deletes even what a running reader or a derived table that has not caught up may need. */
  readonly force?: boolean;
}

export interface TableVacuum {
  readonly table: string;
  /** Data files deleted, by path relative to the table. */
  readonly files: readonly VacuumFile[];
  /** Files of the table's log deleted, by path relative to the lake. */
  readonly logFiles: readonly { readonly path: string; readonly sizeBytes: number }[];
  readonly bytes: number;
  /** The oldest version that can be read afterwards. */
  readonly oldestVersion: number;
}

export interface VacuumLakeReport {
  readonly dryRun: boolean;
  readonly tables: readonly TableVacuum[];
  readonly files: number;
  readonly bytes: number;
  /** Remarks, one sentence each. */
  readonly notes: readonly string[];
}

const MS_PER_DAY = 86_400_000;

/**
 * Deletes the files of all tables that no version inside the retention refers to, and the part of their logs that is
 * older than that. Everything is looked at before anything is deleted: where one table refuses, none is touched. A dry
 * run lists exactly what the real run deletes.
 */
export async function vacuumLake(deps: VacuumDeps, request: VacuumRequest = {}): Promise<VacuumLakeReport> {
  const { lake } = deps;
  const { retentionDays, dryRun = false, force = false } = request;
  checkRetention(retentionDays);
  const tables = await lake.existingTables();
  const abandoned = abandonedBars(tables, deps.intervals);
  const needs = await neededVersions(
    deps,
    tables.filter((table) => !abandoned.includes(table)),
  );
  const options = (name: string, dry: boolean): VacuumOptions => ({
    ...(retentionDays === undefined ? {} : { retentionMs: retentionDays * MS_PER_DAY }),
    dryRun: dry,
    force,
    neededVersions: needs.get(name) ?? [],
  });
  const pass = async (dry: boolean): Promise<TableVacuum[]> => {
    const done: TableVacuum[] = [];
    for (const table of tables) {
      const { name } = table.def;
      const data = await table.vacuum(options(name, dry));
      const log = await table.cleanLog({ dryRun: dry, neededVersions: force ? [] : (needs.get(name) ?? []) });
      if (data === undefined || log === undefined) continue;
      done.push({
        table: name,
        files: data.files,
        logFiles: log.files,
        bytes: data.bytes + log.bytes,
        oldestVersion: Math.max(data.oldestVersion, log.oldestVersion),
      });
    }
    return done;
  };
  const planned = await pass(true);
  const done = dryRun ? planned : await pass(false);
  return {
    dryRun,
    tables: done,
    files: done.reduce((sum, table) => sum + table.files.length + table.logFiles.length, 0),
    bytes: done.reduce((sum, table) => sum + table.bytes, 0),
    notes: abandoned.map(
      ({ def }) => `${def.name} is no longer maintained (CONDVEST_INTERVALS) and holds back no versions`,
    ),
  };
}

/** By table, the versions that derived tables still have to read on from, each with the name of the one that does. */
async function neededVersions(
  { lake, calendar }: VacuumDeps,
  tables: readonly Table[],
): Promise<Map<string, NeededVersion[]>> {
  const needs = new Map<string, NeededVersion[]>();
  const need = (table: string, version: number | undefined, by: string): void => {
    if (version === undefined) return;
    needs.set(table, [...(needs.get(table) ?? []), { version, by }]);
  };
  const bars = await lake.table(DAILY_BARS).head();
  if (bars === undefined) return needs;
  const inputs: PinnedInputs = {
    bars,
    splits: await lake.table(SPLITS).head(),
    listings: await lake.table(LISTINGS).head(),
    calendarHash: calendar.hash,
  };
  for (const table of tables) {
    if (!table.def.name.startsWith('silver/')) continue;
    const decision = decide((await table.head())?.txns, inputs);
    // A table that must be rebuilt in full reads no old version.
    if (decision.mode !== 'incremental') continue;
    need(DAILY_BARS.name, decision.bars, table.def.name);
    need(SPLITS.name, decision.splits, table.def.name);
    need(LISTINGS.name, decision.listings, table.def.name);
  }
  const restatements = await lake.table(RESTATEMENTS).head();
  need(DAILY_BARS.name, restatements?.txns.get(restatementsKey(bars.tableId)) ?? 0, RESTATEMENTS.name);
  return needs;
}

function checkRetention(days: number | undefined): void {
  if (days === undefined || (Number.isFinite(days) && days >= 0)) return;
  throw new UsageError({
    code: 'vacuum-retention',
    message: 'Retention must be a number of days',
    found: String(days),
    allowed: '0 or more',
  });
}
