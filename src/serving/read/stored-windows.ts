import type { IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { decide } from '#lake/input-checkpoint.ts';
import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';
import { silverBars } from '#lake/tables.ts';
import type { AppliedSplit } from '#market/corporate-actions.ts';
import { SessionSet } from '#market/session-set.ts';
import type { WindowBar } from '#market/window.ts';
import { windowNumber } from '#market/window.ts';
import { storedWindowsOf } from './bars.sql.ts';
import type {} from './bars-query.ts';
import type { Pinned } from './pinned.ts';
import type { ReadDeps } from './read-deps.ts';

/** Which stored bars of an N-session table still say what its inputs say, at the versions pinned for an answer. */
export interface Freshness {
  /** False: nothing that is stored may be served for this security. */
  readonly usable: boolean;
  /** Windows whose inputs changed since the checkpoint. */
  readonly staleWindows: ReadonlySet<number>;
}

export const NOTHING_USABLE: Freshness = { usable: false, staleWindows: new Set() };

export async function freshnessOf(
  deps: ReadDeps,
  request: { readonly interval: number; readonly securityId: string },
  pinned: Pinned,
): Promise<Freshness> {
  const { calendar, caches } = deps;
  if (pinned.silver === undefined) return NOTHING_USABLE;
  const decision = decide(pinned.silver.txns, {
    bars: pinned.bars,
    splits: pinned.splits,
    listings: pinned.listings,
    calendarHash: calendar.hash,
  });
  if (decision.mode !== 'incremental' || decision.calendarChanged) return NOTHING_USABLE;
  const sameEvents =
    decision.splits === pinned.splits?.version && decision.listings === pinned.listings?.version
      ? true
      : await sameEventsThen(deps, request, pinned, decision);
  if (!sameEvents) return NOTHING_USABLE;
  const changed = await caches.changedSince(pinned.bars, decision.bars);
  if (changed === undefined) return NOTHING_USABLE;
  const staleWindows = new Set<number>();
  const recounted = await recountedSessions(deps, pinned, decision.published);
  for (const session of changed.union(recounted)) {
    if (calendar.isSession(session)) staleWindows.add(windowNumber(calendar, request.interval, session));
  }
  return { usable: true, staleWindows };
}

/**
 * Returns the stored sessions that are published now and were not at the checkpoint, or the other way round; all of those
 * that are not published for a checkpoint that does not say. Empty unless a clock was ahead.
 */
async function recountedSessions(
  { calendar, caches }: ReadDeps,
  { bars, until }: Pinned,
  then: number | undefined,
): Promise<SessionSet> {
  const { max } = await caches.published(bars, until);
  const now = max === undefined ? -1 : calendar.indexOnOrBefore(max);
  if (then === now || (then === undefined && until === undefined)) return SessionSet.empty;
  const [after, upTo] =
    then === undefined ? [now, Number.POSITIVE_INFINITY] : [Math.min(then, now), Math.max(then, now)];
  return (await caches.published(bars, undefined)).filter((session) => {
    const index = calendar.indexOnOrBefore(session);
    return index > after && index <= upTo;
  });
}

/** True where this security had the same splits and symbols at the checkpoint as it has at the pinned versions. */
async function sameEventsThen(
  deps: ReadDeps,
  request: { readonly securityId: string },
  pinned: Pinned,
  then: { readonly splits: number | undefined; readonly listings: number | undefined },
): Promise<boolean> {
  const at = async (
    now: Snapshot | undefined,
    version: number | undefined,
    name: 'splits' | 'listings',
  ): Promise<Snapshot | undefined> => {
    if (version === undefined || now === undefined) return undefined;
    return version === now.version ? now : deps.lake.table(pinned.definitions[name]).at({ version });
  };
  try {
    const splits = await at(pinned.splits, then.splits, 'splits');
    const listings = await at(pinned.listings, then.listings, 'listings');
    const before = (await deps.caches.splits(splits, listings)).applied.get(request.securityId) ?? [];
    const after = (await deps.caches.splits(pinned.splits, pinned.listings)).applied.get(request.securityId) ?? [];
    const spansBefore = (await deps.caches.listings(listings)).spans(request.securityId);
    const spansAfter = (await deps.caches.listings(pinned.listings)).spans(request.securityId);
    return (
      JSON.stringify(before.map(ratioOf)) === JSON.stringify(after.map(ratioOf)) &&
      JSON.stringify(spansBefore) === JSON.stringify(spansAfter)
    );
  } catch (cause) {
    if (cause instanceof CondvestError && cause.kind === 'permanent') return false;
    throw cause;
  }
}

function ratioOf(split: AppliedSplit): readonly (string | number)[] {
  return [split.exDate, split.splitFrom, split.splitTo];
}

/** The stored bars of a security whose windows touch [from, to], ascending. */
export async function readStoredWindows(
  lake: Lake,
  silver: Snapshot,
  request: {
    readonly interval: number;
    readonly securityId: string;
    readonly symbols: readonly string[];
    readonly from: IsoDate | undefined;
    readonly to: IsoDate;
  },
): Promise<WindowBar[]> {
  const { interval, securityId, symbols, from, to } = request;
  // A window ends at most one year after the year in which it begins.
  const files = silver.files.filter(({ units }) => {
    if (units?.min === undefined || units.max === undefined) return true;
    return units.min <= to && (from === undefined || Number(units.max.slice(0, 4)) + 2 >= Number(from.slice(0, 4)));
  });
  const rows = await lake.table(silverBars(interval)).scanSql(files);
  const found = await lake.records<Omit<WindowBar, 'securityId'>>(storedWindowsOf(rows, securityId, symbols, from, to));
  return found.map((row) => ({ securityId, ...row }));
}
