import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { LedgerRow } from '#market/ledger.ts';

/** Which sessions to fetch, and why: the calendar minus the ledger. Pure. */

export type FetchReason =
  /** There is no row in the ledger: a hole, however old. */
  | 'missing'
  /** Too few rows came so far. */
  | 'partial'
  /** Fetched while the vendor still changed it, or short of what is stored after that; its corrections are over now. */
  | 'settling'
  /** Asked for by name, whatever the ledger says. */
  | 'again';

export interface PlannedSession {
  readonly session: IsoDate;
  readonly reason: FetchReason;
}

export interface FetchPlanInputs {
  readonly calendar: Calendar;
  readonly ledger: ReadonlyMap<IsoDate, LedgerRow>;
  readonly nowMs: InstantMs;
  /** First session to look at; the ledger's first, else the last one closed, unless given. */
  readonly from?: IsoDate | undefined;
  /** Last session to look at; the last one closed unless given. */
  readonly to?: IsoDate | undefined;
  /** The newest session that the plan of the source was found not to cover. No older one is a hole. */
  readonly horizon?: IsoDate | undefined;
  /** Only sessions whose corrections are over. */
  readonly settleOnly?: boolean;
  /** Also sessions that have settled. */
  readonly again?: boolean;
  /**
   * Leaves out sessions that were looked at since the last close, where their corrections are over: a second look before the next
   * close is no second opinion on what is missing. For whoever plans by itself, time after time.
   */
  readonly newOpinionsOnly?: boolean;
}

/** Ascending by session. Sessions that have not closed are never planned. */
export function planFetch(inputs: FetchPlanInputs): PlannedSession[] {
  const { calendar, ledger, nowMs, settleOnly = false, again = false, newOpinionsOnly = false } = inputs;
  const lastClosed = calendar.lastClosedSession(nowMs);
  const to = inputs.to === undefined || inputs.to > lastClosed ? lastClosed : inputs.to;
  const from = inputs.from ?? firstOf(ledger) ?? lastClosed;
  const planned: PlannedSession[] = [];
  for (const session of calendar.range(from, to)) {
    const reason = reasonFor(session);
    if (reason === undefined || (settleOnly && reason !== 'settling')) continue;
    planned.push({ session, reason });
  }
  return planned;

  function reasonFor(session: IsoDate): FetchReason | undefined {
    const row = ledger.get(session);
    if (row === undefined) {
      const isBeyond = inputs.horizon !== undefined && session <= inputs.horizon && inputs.from === undefined;
      return isBeyond ? undefined : 'missing';
    }
    const isDue = row.state === 'partial' || (row.state === 'provisional' && nowMs >= calendar.settlesAtMs(session));
    if (!isDue) return again ? 'again' : undefined;
    if (newOpinionsOnly && !isNewOpinion(row)) return undefined;
    return row.state === 'partial' ? 'partial' : 'settling';
  }

  function isNewOpinion({ session, lastFetchMs }: LedgerRow): boolean {
    return lastFetchMs < calendar.settlesAtMs(session) || calendar.lastClosedSession(lastFetchMs) < lastClosed;
  }
}

/**
 * The last session with no hole before it, back to the ledger's first: derived, never stored. A partial session is a hole.
 * Undefined for an empty ledger, and where its first session is a hole.
 */
export function completeThrough(
  calendar: Calendar,
  ledger: ReadonlyMap<IsoDate, LedgerRow>,
  horizon?: IsoDate,
): IsoDate | undefined {
  const first = firstOf(ledger);
  const last = lastOf(ledger);
  if (first === undefined || last === undefined) return undefined;
  let watermark: IsoDate | undefined;
  for (const session of calendar.range(first, last)) {
    const row = ledger.get(session);
    const isBeyond = row === undefined && horizon !== undefined && session <= horizon;
    if (!isBeyond && (row === undefined || row.state === 'partial')) return watermark;
    watermark = session;
  }
  return watermark;
}

export function firstOf(ledger: ReadonlyMap<IsoDate, LedgerRow>): IsoDate | undefined {
  return [...ledger.keys()].reduce<IsoDate | undefined>(
    (min, key) => (min === undefined || key < min ? key : min),
    undefined,
  );
}

export function lastOf(ledger: ReadonlyMap<IsoDate, LedgerRow>): IsoDate | undefined {
  return [...ledger.keys()].reduce<IsoDate | undefined>(
    (max, key) => (max === undefined || key > max ? key : max),
    undefined,
  );
}
