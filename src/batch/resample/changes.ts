import { CondvestError } from '#base/errors.ts';
import type { Decision } from '#lake/input-checkpoint.ts';
import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import type { Table } from '#lake/table.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { AppliedSplit } from '#market/corporate-actions.ts';
import { SessionSet } from '#market/session-set.ts';
import { type Actions, type Inputs, inputTables, readActions } from './inputs.ts';
import type { Changes } from './plan.ts';
import { relinkedRanges } from './symbol-spans.ts';

export type Since = Extract<Decision, { mode: 'incremental' }>;

/**
 * Returns the changes of the inputs between a checkpoint and the pinned versions, or, as a string, why they are no
 * longer known and everything has to be recomputed.
 */
export async function changesSince(
  lake: Lake,
  calendar: Calendar,
  inputs: Inputs,
  since: Since,
): Promise<Changes | string> {
  try {
    const rows = await changedSessions(lake, inputs, since.bars);
    if (rows === undefined) return 'another program changed daily_bars without saying which sessions';
    const { splits, listings } = inputs.pinned;
    if (since.splits === splits?.version && since.listings === listings?.version)
      return { sessions: rows, exDates: [] };
    const tables = inputTables(lake);
    const before = await readActions(
      lake,
      await versionOf(tables.splits, since.splits),
      await versionOf(tables.listings, since.listings),
    );
    return {
      sessions: rows.union(relinkedSessions(calendar, inputs, before)),
      exDates: differingSplits(before.splits, inputs.splits).map((split) => split.exDate),
    };
  } catch (cause) {
    if (!(cause instanceof CondvestError) || !FORGOTTEN.has(cause.code)) throw cause;
    return `what changed since the last resample was cleaned away: ${cause.message}`;
  }
}

/**
 * Returns the stored sessions that are published now and were not at the checkpoint, or the other way round, because the
 * clock went on or was set back. Before the checkpoint said so, all stored sessions counted.
 */
export function recountedSessions(
  calendar: Calendar,
  { stored, published }: Pick<Inputs, 'stored' | 'published'>,
  then: number = Number.POSITIVE_INFINITY,
): SessionSet {
  const after = Math.min(then, published.last);
  const upTo = Math.max(then, published.last);
  return stored.filter((session) => {
    const index = calendar.isSession(session) ? calendar.sessionIndex(session) : Number.NEGATIVE_INFINITY;
    return index > after && index <= upTo;
  });
}

/** Error codes for a version or a commit that is no longer in the log. */
const FORGOTTEN: ReadonlySet<string> = new Set(['lake-commit-missing', 'lake-as-of-too-old']);

/** Undefined where a foreign commit may have changed anything. */
async function changedSessions(lake: Lake, inputs: Inputs, version: number): Promise<SessionSet | undefined> {
  const changed: SessionSet[] = [];
  if (version < inputs.bars.version) {
    for await (const commit of inputTables(lake).bars.commits(version + 1, inputs.bars.version)) {
      if (!commit.dataChange) continue;
      if (commit.units === undefined) return undefined;
      changed.push(commit.units);
    }
  }
  return changed.reduce((all, some) => all.union(some), SessionSet.empty);
}

async function versionOf(table: Table, version: number | undefined): Promise<Snapshot | undefined> {
  return version === undefined ? undefined : table.at({ version });
}

/** The published sessions on which some symbol belongs to another security now. */
function relinkedSessions(calendar: Calendar, inputs: Inputs, before: Actions): SessionSet {
  const { first, last } = inputs.published;
  const indexes = new Set<number>();
  for (const range of relinkedRanges(before.spans, inputs.spans)) {
    const from = Math.max(first, calendar.indexOnOrAfter(range.first));
    const to = Math.min(last, calendar.indexOnOrBefore(range.last));
    for (let index = from; index <= to; index += 1) if (inputs.published.indexes.has(index)) indexes.add(index);
  }
  return SessionSet.of([...indexes].map((index) => calendar.sessionAt(index)));
}

/** Splits that are applied by one list and not by the other. */
function differingSplits(before: readonly AppliedSplit[], after: readonly AppliedSplit[]): AppliedSplit[] {
  const keyOf = (split: AppliedSplit): string =>
    JSON.stringify([split.securityId, split.exDate, split.splitFrom, split.splitTo]);
  const then = new Set(before.map(keyOf));
  const now = new Set(after.map(keyOf));
  return [...before.filter((split) => !now.has(keyOf(split))), ...after.filter((split) => !then.has(keyOf(split)))];
}
