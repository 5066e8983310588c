import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { LedgerRow } from '#market/ledger.ts';

/** Plans fetches: the calendar minus the ledger. Pure. */

export type FetchReason =
  /** The ledger has no row: a gap, however old. */
  | 'missing'
  /** Too few rows have arrived so far. */
  | 'partial'
  /** Fetched while the vendor was still correcting it, or later with fewer rows than stored. Corrections are over now. */
  | 'settling'
  /** Requested by name, whatever the ledger says. */
  | 'again';

/** Sessions that one run fetches; those beyond wait for the next one. Keeps the state of a run far below 256 KB. */
export const RUN_SESSIONS_MAX = 60;

export interface PlannedSession {
  readonly session: IsoDate;
  readonly reason: FetchReason;
}

export interface FetchPlanInputs {
  readonly calendar: Calendar;
  readonly ledger: ReadonlyMap<IsoDate, LedgerRow>;
  readonly nowMs: InstantMs;
  /** First session to plan; by default the first one in the ledger, else the last one that closed. */
  readonly from?: IsoDate | undefined;
  /** Last session to plan; by default the last one that closed. */
  readonly to?: IsoDate | undefined;
  /** The newest session known to be outside the vendor plan. Older sessions are no gaps. */
  readonly horizon?: IsoDate | undefined;
  /** Plans only sessions whose corrections are over. */
  readonly settleOnly?: boolean;
  /** Plans settled sessions, too. */
  readonly again?: boolean;
  /**
   * Omits sessions whose corrections are over and that were fetched since the last close: fetching them again before the next
   * close gives no second opinion on what is missing. For callers that plan on a schedule.
   */
  readonly newOpinionsOnly?: boolean;
}

/** Returns the sessions to fetch, in ascending order. Sessions that have not closed are never planned. */
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
 * Returns the last session with no gap before it, counted from the first session in the ledger. Derived, never stored. A
 * partial session is a gap. Undefined if the ledger is empty or its first session is a gap.
 */
export function completeThrough(
  calendar: Calendar,
  ledger: ReadonlyMap<IsoDate, LedgerRow>,
  horizon?: IsoDate,
): IsoDate | undefined {
  const first = firstOf(ledger);
  const last = lastOf(ledger);
  if (first === undefined || last === undefined) return undefined;
  let through: IsoDate | undefined;
  for (const session of calendar.range(first, last)) {
    const row = ledger.get(session);
    const isBeyond = row === undefined && horizon !== undefined && session <= horizon;
    if (!isBeyond && (row === undefined || row.state === 'partial')) return through;
    through = session;
  }
  return through;
}

export function firstOf(ledger: ReadonlyMap<IsoDate, LedgerRow>): IsoDate | undefined {
  return [...ledger.keys()].sort()[0];
}

function lastOf(ledger: ReadonlyMap<IsoDate, LedgerRow>): IsoDate | undefined {
  return [...ledger.keys()].sort().at(-1);
}
