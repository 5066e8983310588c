import type { InstantMs } from '#base/dates.ts';
import { printable } from '#base/printable.ts';

import { isOurs } from './actions.ts';
import { changesData } from './conflict.ts';
import { DataFile } from './files.ts';
import type { DeltaLog } from './log.ts';
import type { Snapshot } from './snapshot.ts';

/** One version in a table's history. */
export interface HistoryEntry {
  readonly version: number;
  readonly timestampMs: InstantMs | undefined;
  readonly operation: string;
  /** The writer, in its own words: `condvest`, `delta-rs:py-1.6.0`. */
  readonly engine: string;
  readonly ours: boolean;
  readonly dataChange: boolean;
  /** Units whose data changed, as `SessionSet` text, if the writer listed them. */
  readonly units: string | undefined;
  readonly filesAdded: number;
  readonly filesRemoved: number;
  /** Undefined if a file has no row count. */
  readonly rowsAdded: number | undefined;
  readonly bytesAdded: number;
  /** Provenance, as the writer stated it: `command`, `source`, `file` of ours. Values are bounded and printable. */
  readonly parameters: Readonly<Record<string, string | number | boolean | null>>;
  readonly metrics: Readonly<Record<string, unknown>>;
}

/** Enough for every writer we know; another one could state anything. */
const PARAMETERS_MAX = 32;

/** Returns the newest versions of a table, newest first, as far back as its log goes. */
export async function historyOf(log: DeltaLog, head: Snapshot, limit: number): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  const from = Math.max(0, head.version - limit + 1);
  for (const [i, actions] of (await log.commits(from, head.version)).entries()) {
    if (actions === undefined) continue;
    const { commitInfo, adds, removes } = actions;
    const rows = adds.map((add) => new DataFile(add.path, add, undefined).stats?.numRecords);
    entries.push({
      version: from + i,
      timestampMs: await log.timestampOf(from + i),
      operation: commitInfo?.operation ?? 'unknown',
      engine: commitInfo?.engineInfo ?? 'unknown',
      ours: isOurs(commitInfo),
      dataChange: changesData(actions),
      units: commitInfo?.sessions,
      filesAdded: adds.length,
      filesRemoved: removes.length,
      rowsAdded: rows.reduce((sum, count) => (sum === undefined || count === undefined ? undefined : sum + count), 0),
      bytesAdded: adds.reduce((sum, add) => sum + add.size, 0),
      parameters: parametersOf(commitInfo?.operationParameters ?? {}),
      metrics: commitInfo?.operationMetrics ?? {},
    });
  }
  return entries.reverse();
}

function parametersOf(stated: Readonly<Record<string, unknown>>): HistoryEntry['parameters'] {
  const entries = Object.entries(stated).slice(0, PARAMETERS_MAX);
  return Object.fromEntries(entries.map(([name, value]) => [printable(name), parameterOf(value)]));
}

function parameterOf(value: unknown): string | number | boolean | null {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}
