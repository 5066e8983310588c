import type { IsoDate } from '#base/dates.ts';
import { DAILY_BARS } from '#lake/tables.ts';
import { historyOf } from './bars.sql.ts';
import { readBars } from './bars.ts';
import type { ReadDeps } from './read-deps.ts';
import type { BarsRequest, BarsResult } from './served-bars.ts';
import type { CacheKind } from './versioned-cache.ts';
import type { LakeView } from './view.ts';

/** The newest bars of a request. */
export interface NewestBars {
  readonly result: BarsResult;
  /** The range has bars before these. */
  readonly hasEarlier: boolean;
}

/** Share of sessions without a bar that the first reading allows for. */
const SLACK = 1.1;

/**
 * Reads the newest `limit` bars of a request. Reads only as far back as they reach for a security that traded in nearly
 * every session; from the start for one that did not. Throws as `readBars` does.
 */
export async function readNewestBars(
  deps: ReadDeps,
  request: BarsRequest,
  view: LakeView,
  limit: number,
): Promise<NewestBars> {
  const from = likelyStart(deps, request, view, limit);
  if (from !== undefined) {
    const newest = newestOf(await readBars(deps, { ...request, from }, view), limit);
    if (newest.hasEarlier) return newest;
  }
  return newestOf(await readBars(deps, request, view), limit);
}

/** Undefined if the range begins no earlier. */
function likelyStart(
  { calendar, clock }: ReadDeps,
  { from, to, interval = 1 }: BarsRequest,
  view: LakeView,
  limit: number,
): IsoDate | undefined {
  const last = calendar.lastClosedSession(view.asOfMs ?? clock.nowMs());
  const end = to === undefined || to > last ? last : to;
  const sessions = Math.ceil((limit + 2) * interval * SLACK);
  const start = calendar.indexOnOrBefore(end) - sessions;
  if (start <= 0) return undefined;
  const session = calendar.sessionAt(start);
  return from !== undefined && session <= from ? undefined : session;
}

function newestOf(result: BarsResult, limit: number): NewestBars {
  const hasEarlier = result.bars.length > limit;
  if (result.grain === 'session') return { result: { ...result, bars: result.bars.slice(-limit) }, hasEarlier };
  return { result: { ...result, bars: result.bars.slice(-limit) }, hasEarlier };
}

/** From when to when a security has bars; null where it has none. */
export interface History {
  readonly first: IsoDate;
  readonly last: IsoDate;
}

const HISTORIES: CacheKind<History | null> = { name: 'histories', bytesOf: () => 64 };

export function historyOfSecurity(
  { lake, caches }: ReadDeps,
  view: LakeView,
  { securityId, segments, lastPublished }: BarsResult,
): Promise<History | null> {
  return caches.get(HISTORIES, `${view.tag([DAILY_BARS.name])} ${JSON.stringify([securityId, segments])}`, async () => {
    const rows = await lake.table(DAILY_BARS).scanSql(view.bars().files);
    const [found] = await lake.rows<{ first: IsoDate | null; last: IsoDate | null }>(
      historyOf(rows, segments, lastPublished),
    );
    return found?.first == null || found.last === null ? null : { first: found.first, last: found.last };
  });
}
