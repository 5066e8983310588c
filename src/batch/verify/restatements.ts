import { CondvestError } from '#base/errors.ts';
import { isUnreadable } from '#lake/engine-error.ts';
import type { Lake } from '#lake/lake.ts';
import { inUnits } from '#lake/put.sql.ts';
import { RESTORE } from '#lake/restore.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { DAILY_BARS, RESTATEMENTS } from '#lake/tables.ts';
import type { DailyBar } from '#market/bar.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { type Restatement, restatementsOf, restoredValues } from '#market/restatement.ts';
import type { SessionSet } from '#market/session-set.ts';
import { settledBefore } from '../ledger/settled-before.ts';
import { restatementsKey } from '../restatements/restatements-key.ts';
import type { Findings, Report } from './findings.ts';
import { selectRestatable, selectRestatements } from './verify.sql.ts';

/**
 * Derives restatements again from the versions of daily bars that can still be read, and compares them with the stored ones,
 * up to the checkpoint. Returns the number of versions compared.
 */
export async function verifyRestatements(
  lake: Lake,
  calendar: Calendar,
  stored: Snapshot,
  findings: Findings,
): Promise<number> {
  const report = findings.of(RESTATEMENTS);
  const bars = lake.table(DAILY_BARS);
  const head = await bars.head();
  const checkpoint = head === undefined ? undefined : stored.txns.get(restatementsKey(head.tableId));
  if (head === undefined || checkpoint === undefined) return 0;
  if (checkpoint > head.version) {
    const message = `The table was derived up to version ${checkpoint} of the bars; the newest version is ${head.version}`;
    report('checkpoint', RESTATEMENTS.name, message);
    return 0;
  }
  let compared = 0;
  for (let version = checkpoint; version >= 1; version -= 1) {
    const expected = await restatedAt(lake, calendar, version);
    if (expected === undefined) break;
    await compareVersion(lake, stored, version, expected, report);
    compared += 1;
  }
  return compared;
}

/** Returns the restatements of a version, each as a string; undefined if its inputs can no longer be read. */
async function restatedAt(lake: Lake, calendar: Calendar, version: number): Promise<Set<string> | undefined> {
  const table = lake.table(DAILY_BARS);
  const expected = new Set<string>();
  try {
    for await (const commit of table.commits(version, version)) {
      // Without a removed file, no row was replaced.
      if (!commit.dataChange || commit.removed.length === 0) return expected;
      const before = await readBars(lake, await table.at({ version: version - 1 }), commit.units);
      const settled = await settledBefore(lake, commit.timestampMs);
      const after = await readBars(lake, await table.at({ version }), commit.units);
      for (const [key, bar] of after) {
        const old = before.get(key);
        if (old === undefined) continue;
        const changes =
          commit.operation === RESTORE
            ? restoredValues(old, bar, commit.timestampMs)
            : restatementsOf(old, bar, calendar.settlesAtMs(bar.session), settled.has(bar.session));
        for (const change of changes) {
          expected.add(textOf({ ...change, version }));
        }
      }
    }
    return expected;
  } catch (cause) {
    if (isUnreadable(cause) || (cause instanceof CondvestError && FORGOTTEN.has(cause.code))) return undefined;
    throw cause;
  }
}

const FORGOTTEN: ReadonlySet<string> = new Set(['lake-commit-missing', 'lake-as-of-too-old', 'engine-io']);

async function readBars(
  lake: Lake,
  at: Snapshot | undefined,
  units: SessionSet | undefined,
): Promise<Map<string, DailyBar>> {
  const files = units === undefined ? at?.files : at?.filesTouching(units);
  const scan = await lake.table(DAILY_BARS).scanSql(files ?? []);
  const sql = selectRestatable(scan, units === undefined ? 'true' : inUnits('session', units));
  const rows = await lake.records<DailyBar>(sql);
  return new Map(rows.map((row) => [`${row.symbol} ${row.session}`, row]));
}

interface StoredRestatement extends Omit<Restatement, 'seenAtMs'> {
  readonly version: number;
}

async function compareVersion(
  lake: Lake,
  stored: Snapshot,
  version: number,
  expected: Set<string>,
  report: Report,
): Promise<void> {
  const scan = await lake.table(RESTATEMENTS).scanSql(stored.files);
  for (const row of await lake.rows<StoredRestatement>(selectRestatements(scan, version, version))) {
    const text = textOf(row);
    if (!expected.delete(text))
      report('restatement-unexpected', text, 'The restatement is stored, but the versions do not yield it');
  }
  for (const text of expected)
    report('restatement-missing', text, 'The versions yield the restatement, but it is not stored');
}

function textOf(row: StoredRestatement): string {
  const { symbol, session, version, kind, field, old, new: now } = row;
  return `${symbol} ${session} version ${version}: ${kind} of ${field} from ${String(old)} to ${String(now)}`;
}
