import { assert, defined } from '#base/assert.ts';
import { type InstantMs, type IsoDate, yearOf } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { isUnreadable } from '#lake/engine-error.ts';
import type { EngineSession } from '#lake/engine-session.ts';
import { DataFile } from '#lake/files.ts';
import type { Lake } from '#lake/lake.ts';
import { byYear } from '#lake/put.ts';
import { RESTORE } from '#lake/restore.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import type { CommitRecord, RemovedFile, Table } from '#lake/table.ts';
import { DAILY_BARS, RESTATEMENTS } from '#lake/tables.ts';
import type { WritePlan } from '#lake/write-plan.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { SessionSet } from '#market/session-set.ts';
import { settledBefore } from '../ledger/settled-before.ts';
import {
  COUNT_RESTATED,
  CREATE_RESTATED,
  forgetVersion,
  insertRestated,
  SELECT_RESTATED,
  SETTLING,
  selectSessions,
} from './restatements.sql.ts';
import { restatementsKey } from './restatements-key.ts';

export interface RestatementsDeps {
  readonly lake: Lake;
  readonly calendar: Calendar;
}

/** Versions of daily_bars, both included, of which nobody can tell any more what they restated. */
export interface RestatementGap {
  readonly fromVersion: number;
  readonly toVersion: number;
  readonly reason: 'the commits are gone from the log' | 'files that they replaced are gone';
}

export interface RestatementsReport {
  /** Values recorded by this run: `settlements` while their session was provisional, `restatements` after, and `restored`. */
  readonly added: number;
  readonly settlements: number;
  readonly restatements: number;
  /** Values that a restore brought back. */
  readonly restored: number;
  /** Versions of daily_bars looked at, both included; undefined where there was nothing new. */
  readonly versions: { readonly from: number; readonly to: number } | undefined;
  readonly gaps: readonly RestatementGap[];
  /** Version of the restatements table that was committed. */
  readonly version?: number;
}

const NOTHING_NEW: RestatementsReport = {
  added: 0,
  settlements: 0,
  restatements: 0,
  restored: 0,
  versions: undefined,
  gaps: [],
};

/**
 * Derives `bronze/restatements` from the versions of daily_bars since its checkpoint: every value that replaced another one.
 * Rows and checkpoint are one commit, so a run that dies is simply run again. What was cleaned away before it could be
 * looked at is reported as a gap, and passed over for good.
 */
export async function deriveRestatements(deps: RestatementsDeps): Promise<RestatementsReport> {
  const { lake } = deps;
  const bars = lake.table(DAILY_BARS);
  let report = NOTHING_NEW;
  const committed = await lake.table(RESTATEMENTS).write(async (base) => {
    report = NOTHING_NEW;
    const head = await bars.head();
    if (head === undefined) return undefined;
    const from = (base?.txns.get(restatementsKey(head.tableId)) ?? -1) + 1;
    if (from > head.version) return undefined;
    const derived = await derive(deps, head, from);
    report = derived.report;
    return derived.plan;
  });
  return committed === undefined ? report : { ...report, version: committed.version };
}

async function derive(
  deps: RestatementsDeps,
  head: Snapshot,
  from: number,
): Promise<{ plan: WritePlan; report: RestatementsReport }> {
  const { lake } = deps;
  using session = await lake.session();
  await session.run(CREATE_RESTATED);
  const gaps = new Gaps();
  for await (const entry of commitsFrom(lake.table(DAILY_BARS), from, head.version)) {
    if (typeof entry === 'number') gaps.add(entry, 'the commits are gone from the log');
    else if (!(await compareReadable(deps, session, entry)))
      gaps.add(entry.version, 'files that they replaced are gone');
  }
  const [counted] =
    await session.rows<Pick<RestatementsReport, 'settlements' | 'restatements' | 'restored'>>(COUNT_RESTATED);
  const counts = defined(counted, 'a count has a row');
  const added = counts.settlements + counts.restatements + counts.restored;
  const file =
    added === 0 ? undefined : await lake.table(RESTATEMENTS).writeDataFile({ select: SELECT_RESTATED, session });
  assert(added === 0 || file !== undefined, 'restated values make a file');
  const plan: WritePlan = {
    operation: 'WRITE',
    add: file === undefined ? [] : [file],
    remove: [],
    units: SessionSet.empty,
    dataChange: file !== undefined,
    txns: new Map([[restatementsKey(head.tableId), head.version]]),
    operationMetrics: { added, gaps: gaps.list.length },
  };
  return { plan, report: { added, ...counts, versions: { from, to: head.version }, gaps: gaps.list } };
}

/** The commits of these versions in order; in the place of one that is gone, its version. */
async function* commitsFrom(bars: Table, from: number, to: number): AsyncGenerator<CommitRecord | number> {
  let next = from;
  while (next <= to) {
    try {
      for await (const commit of bars.commits(next, to)) {
        yield commit;
        next = commit.version + 1;
      }
    } catch (cause) {
      if (!(cause instanceof CondvestError) || cause.code !== 'lake-commit-missing') throw cause;
      yield next;
      next += 1;
    }
  }
}

class Gaps {
  readonly list: RestatementGap[] = [];

  add(version: number, reason: RestatementGap['reason']): void {
    const last = this.list.at(-1);
    if (last?.reason !== reason || last.toVersion !== version - 1) {
      this.list.push({ fromVersion: version, toVersion: version, reason });
    } else this.list[this.list.length - 1] = { ...last, toVersion: version };
  }
}

/** Collects what one commit restated. False where a file that it took out of the table is gone or damaged. */
async function compareReadable(deps: RestatementsDeps, session: EngineSession, commit: CommitRecord): Promise<boolean> {
  try {
    return await compare(deps, session, commit);
  } catch (cause) {
    if (!isUnreadable(cause)) throw cause;
    await session.run(forgetVersion(commit.version));
    return false;
  }
}

/** Collects what one commit restated. False where a file it took out of the table no longer exists. */
async function compare(deps: RestatementsDeps, session: EngineSession, commit: CommitRecord): Promise<boolean> {
  // Where no file went, or none came, no row can have been replaced.
  if (!commit.dataChange || commit.removed.length === 0 || commit.added.length === 0) return true;
  const { lake, calendar } = deps;
  const removed = commit.removed.map(fileOf);
  for (const file of [...removed, ...commit.added]) {
    if ((await lake.table(DAILY_BARS).storedSize(file)) === undefined) return false;
  }
  const sessions = commit.units ?? (await sessionsIn(lake, session, commit.added));
  const settled = await settledAt(lake, commit.timestampMs);
  // Year by year: a correction of the whole history is compared in bounded memory.
  for (const [year, ofYear] of byYear(sessions)) {
    const touching = (files: readonly DataFile[]): DataFile[] =>
      files.filter((file) => file.units === undefined || [...file.units].some((unit) => yearOf(unit) === year));
    const before = touching(removed);
    const after = touching(commit.added);
    if (before.length === 0 || after.length === 0) continue;
    await session.load(
      SETTLING.name,
      SETTLING.columns,
      [...ofYear].map((date) => [date, settlesAtMs(calendar, date), settled.has(date)]),
    );
    const sql = insertRestated({
      removed: await lake.table(DAILY_BARS).scanSql(before),
      added: await lake.table(DAILY_BARS).scanSql(after),
      sessions: ofYear,
      version: commit.version,
      restoredAtMs: commit.operation === RESTORE ? commit.timestampMs : undefined,
    });
    await session.run(sql);
  }
  return true;
}

/** None where the ledger of then is gone: the instants at which the values arrived decide alone. */
async function settledAt(lake: Lake, instantMs: InstantMs): Promise<ReadonlySet<IsoDate>> {
  try {
    return await settledBefore(lake, instantMs);
  } catch (cause) {
    if (cause instanceof CondvestError && cause.code === 'lake-as-of-too-old') return new Set();
    throw cause;
  }
}

/** A removed file, which its tombstone describes well enough to be read. */
function fileOf({ path, remove }: RemovedFile): DataFile {
  const add = {
    path: remove.path,
    partitionValues: remove.partitionValues ?? {},
    size: remove.size ?? 0,
    modificationTime: 0,
    dataChange: remove.dataChange,
    tags: remove.tags,
  };
  return new DataFile(path, add, DAILY_BARS.unitColumn);
}

/** For the commit of another program that does not say which sessions it changed. */
async function sessionsIn(lake: Lake, session: EngineSession, files: readonly DataFile[]): Promise<SessionSet> {
  const scan = await lake.table(DAILY_BARS).scanSql(files);
  const rows = await session.rows<{ session: IsoDate }>(selectSessions(scan));
  return SessionSet.of(rows.map((row) => row.session));
}

/** 11:00 New York on the next session; also for a date that turned out to be no session. */
function settlesAtMs(calendar: Calendar, date: IsoDate): InstantMs {
  return calendar.settlesAtMs(calendar.sessionAt(Math.max(0, calendar.indexOnOrBefore(date))));
}
