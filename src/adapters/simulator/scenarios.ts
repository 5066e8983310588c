import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { RawDailyRow } from '#market/quality.ts';

import { RandomSource } from './random-source.ts';

/**
 * Faults between a market and its callers, by name. Each is a pure function of the request and its time: the same
 * scenario gives the same faults on every machine. Splits announced ahead, halts and half-days need no scenario: they
 * are part of the market, and so are a few symbol changes, reused symbols and delistings.
 */
export type Fault =
  /** Values differ slightly until the session settles; correct after that. */
  | { readonly name: 'corrected-bars'; readonly share: number }
  /** Some symbols are missing until the session settles. */
  | { readonly name: 'late-bars'; readonly share: number }
  /** Only part of a session until an instant. */
  | { readonly name: 'partial-session'; readonly session: IsoDate; readonly share: number; readonly untilMs: InstantMs }
  /** Nothing of a session until an instant. */
  | { readonly name: 'missing-session'; readonly session: IsoDate; readonly untilMs: InstantMs }
  /** The exchange was closed, but our calendar does not know. */
  | { readonly name: 'surprise-closure'; readonly session: IsoDate }
  /** The first responses break off. */
  | { readonly name: 'truncated-reply'; readonly session: IsoDate; readonly times: number }
  /** Invalid rows next to the others. */
  | { readonly name: 'bad-rows'; readonly count: number }
  /** Rows that arrive twice; until the session settles, the last symbol with two different values. */
  | { readonly name: 'duplicate-rows'; readonly count: number }
  /** No response at all between two instants. */
  | { readonly name: 'outage'; readonly fromMs: InstantMs; readonly untilMs: InstantMs }
  /** The first requests of each kind are rejected. */
  | { readonly name: 'too-many-requests'; readonly times: number }
  /** Every response is delayed. */
  | { readonly name: 'slow'; readonly ms: number }
  /** Splits are listed only some sessions after their ex-date. */
  | { readonly name: 'late-split'; readonly sessions: number }
  /** A symbol's splits, or all symbols' if none is given, are listed with two ratios. */
  | { readonly name: 'two-split-values'; readonly symbol?: string }
  /** A security has another symbol from a session on. */
  | { readonly name: 'rename'; readonly symbol: string; readonly to: string; readonly session: IsoDate }
  /** A security is delisted after a session. */
  | { readonly name: 'delisting'; readonly symbol: string; readonly session: IsoDate }
  /** A security is delisted after a session, and another one gets its symbol later. */
  | { readonly name: 'reused-symbol'; readonly symbol: string; readonly session: IsoDate; readonly again: IsoDate }
  /** A session's values change after it has settled. */
  | { readonly name: 'restatement'; readonly session: IsoDate; readonly fromMs: InstantMs; readonly factor: number };

export interface Ask {
  readonly session: IsoDate;
  /** From 1. */
  readonly attempt: number;
  readonly nowMs: InstantMs;
  readonly settlesAtMs: InstantMs;
}

/** Returns why there is no response, or undefined if there is one. */
export function isDown(what: string, attempt: number, nowMs: InstantMs, faults: readonly Fault[]): string | undefined {
  for (const fault of faults) {
    if (fault.name === 'outage' && fault.fromMs <= nowMs && nowMs < fault.untilMs) return 'outage';
    if (fault.name === 'too-many-requests' && attempt <= fault.times) return 'too many requests';
    if (fault.name === 'truncated-reply' && what === `bars ${fault.session}` && attempt <= fault.times)
      return 'the response broke off';
  }
  return undefined;
}

/** Returns a session's rows as delivered. */
export function faultyRows(truth: readonly RawDailyRow[], ask: Ask, faults: readonly Fault[]): RawDailyRow[] {
  let rows = [...truth];
  for (const fault of faults) rows = applied(fault, rows, ask);
  return rows;
}

function applied(fault: Fault, rows: RawDailyRow[], ask: Ask): RawDailyRow[] {
  const { session, nowMs, settlesAtMs } = ask;
  const chosen = (row: RawDailyRow, share: number): boolean =>
    new RandomSource(0, `${fault.name} ${session} ${row.symbol}`).uniform() < share;
  switch (fault.name) {
    case 'corrected-bars':
      if (nowMs >= settlesAtMs) return rows;
      return rows.map((row) =>
        chosen(row, fault.share) ? { ...row, volume: (row.volume ?? 0) + 100, trades: (row.trades ?? 0) + 1 } : row,
      );
    case 'late-bars':
      return nowMs >= settlesAtMs ? rows : rows.filter((row) => !chosen(row, fault.share));
    case 'partial-session':
      if (fault.session !== session || nowMs >= fault.untilMs) return rows;
      return rows.slice(0, Math.floor(rows.length * fault.share));
    case 'missing-session':
      return fault.session === session && nowMs < fault.untilMs ? [] : rows;
    case 'surprise-closure':
      return fault.session === session ? [] : rows;
    case 'bad-rows':
      return [...rows, ...badRows(session, fault.count)];
    case 'duplicate-rows':
      return [...rows, ...rows.slice(1, 1 + fault.count), ...(nowMs < settlesAtMs ? doubled(rows) : [])];
    case 'restatement':
      if (fault.session !== session || nowMs < fault.fromMs) return rows;
      return rows.map((row, index) =>
        index === 0 ? { ...row, volume: Math.round((row.volume ?? 0) * fault.factor) } : row,
      );
    default:
      return rows;
  }
}

/** The last symbol once more with a different close: neither can be trusted. */
function doubled(rows: readonly RawDailyRow[]): RawDailyRow[] {
  const last = rows.at(-1);
  return last === undefined ? [] : [{ ...last, volume: (last.volume ?? 0) + 1 }];
}

function badRows(session: IsoDate, count: number): RawDailyRow[] {
  return Array.from({ length: count }, (_, index) => ({
    symbol: `BAD${index}`,
    session,
    open: index % 3 === 0 ? -1 : 10,
    high: index % 3 === 1 ? 5 : 11,
    low: 9,
    close: index % 3 === 2 ? null : 10,
    volume: 100,
    vwap: null,
    trades: null,
  }));
}
