import type { InstantMs } from '#base/dates.ts';
import type { LiveScenarioName } from '#ports/live-scenario-names.ts';
import { RandomSource } from './random-source.ts';
import { MINUTE_MS, type TradingMinutes } from './trading-minutes.ts';

/**
 * Faults between the simulated tape and its listeners, by name. Each depends on the seed, the session and the security
 * only, so every machine and every process sees the same ones. None changes the truth, which is the daily bar: what was
 * lost is in the history of trades, and what was wrong is canceled or corrected.
 */
export type LiveFault =
  /** Trades arrive long after their event time, by one of these spans. */
  | { readonly name: 'late-prints'; readonly share: number; readonly delaysMs: readonly [number, ...number[]] }
  /** Trades at wild prices that are canceled, each after one of these spans. */
  | { readonly name: 'busts'; readonly share: number; readonly delaysMs: readonly [number, ...number[]] }
  /** Trades with a wrong price or size, each corrected after one of these spans. */
  | { readonly name: 'trade-corrections'; readonly share: number; readonly delaysMs: readonly [number, ...number[]] }
  /** Trades that arrive again, half of them a third time. */
  | { readonly name: 'duplicate-trades'; readonly share: number }
  /** Trades that arrive behind later ones. */
  | { readonly name: 'out-of-order'; readonly share: number; readonly byMsMax: number }
  /** The connection is closed, and no other one is accepted for a while. */
  | { readonly name: 'disconnects'; readonly everyMinutes: number; readonly forMs: number }
  /** The connection stays open, and nothing arrives. */
  | { readonly name: 'silent-socket'; readonly everyMinutes: number; readonly forMs: number }
  /** Securities are halted within a session. */
  | { readonly name: 'halts' }
  /** Frames beside the good ones that cannot be read, as a whole or in part. */
  | { readonly name: 'malformed-frames'; readonly everyMinutes: number }
  /** Trades with a condition that no table knows. Their volume counts. None of them makes a price of the day. */
  | { readonly name: 'unknown-condition'; readonly share: number; readonly condition: number }
  /** Another program connects with the same key and keeps the connection for a while. */
  | { readonly name: 'key-elsewhere'; readonly everyMinutes: number; readonly forMs: number }
  /** The first attempts are refused. For ever if `times` is infinite: then the feed gives up. */
  | { readonly name: 'feed-refused'; readonly times: number }
  /** Minute bars are sent too early, without their last trade, and again within this span. */
  | { readonly name: 'rebroadcast'; readonly share: number; readonly withinMs: number }
  /** Nothing arrives for a while, and then everything at once. The connection is alive. */
  | { readonly name: 'burst'; readonly everyMinutes: number; readonly forMs: number }
  /** The feed's clock is ahead of the local one. */
  | { readonly name: 'clock-ahead'; readonly byMs: number }
  /** The history of trades reaches back only so far. */
  | { readonly name: 'recovery-short'; readonly knownMs: number };

const SECOND_MS = 1000;
const DAY_MINUTES = 24 * 60;
const LATER_MS = [2 * SECOND_MS, 30 * SECOND_MS, 5 * MINUTE_MS, 16 * MINUTE_MS, 25 * MINUTE_MS] as const;

/** Span after its event time within which all about a trade has arrived, whatever the faults. */
export const ARRIVES_WITHIN_MS = 30 * MINUTE_MS;

const NAMED: Readonly<Record<LiveScenarioName, readonly LiveFault[]>> = {
  'late-prints': [{ name: 'late-prints', share: 1 / 200, delaysMs: [2100, 14 * MINUTE_MS, 16 * MINUTE_MS] }],
  busts: [{ name: 'busts', share: 1 / 500, delaysMs: LATER_MS }],
  'trade-corrections': [{ name: 'trade-corrections', share: 1 / 500, delaysMs: LATER_MS }],
  'duplicate-trades': [{ name: 'duplicate-trades', share: 1 / 50 }],
  'out-of-order': [{ name: 'out-of-order', share: 1 / 3, byMsMax: 1900 }],
  disconnects: [
    { name: 'disconnects', everyMinutes: 60, forMs: 30 * SECOND_MS },
    { name: 'disconnects', everyMinutes: DAY_MINUTES, forMs: 10 * MINUTE_MS },
  ],
  'silent-socket': [{ name: 'silent-socket', everyMinutes: 60, forMs: 2 * MINUTE_MS }],
  halts: [{ name: 'halts' }],
  'malformed-frames': [{ name: 'malformed-frames', everyMinutes: 1 }],
  'unknown-condition': [{ name: 'unknown-condition', share: 1 / 100, condition: 99 }],
  'key-elsewhere': [{ name: 'key-elsewhere', everyMinutes: DAY_MINUTES, forMs: 12 * MINUTE_MS }],
  'feed-refused': [{ name: 'feed-refused', times: 3 }],
  rebroadcast: [{ name: 'rebroadcast', share: 1 / 10, withinMs: 14 * MINUTE_MS }],
  burst: [{ name: 'burst', everyMinutes: 60, forMs: MINUTE_MS }],
  'clock-ahead': [{ name: 'clock-ahead', byMs: 60 * MINUTE_MS }],
  'recovery-short': [{ name: 'recovery-short', knownMs: 5 * MINUTE_MS }],
};

/** Returns the faults of scenarios. */
export function liveFaults(names: readonly LiveScenarioName[]): LiveFault[] {
  return names.flatMap((name) => NAMED[name]);
}

/** Returns the fault of a name that comes first, or undefined. */
export function faultOf<Name extends LiveFault['name']>(
  faults: readonly LiveFault[],
  name: Name,
): Extract<LiveFault, { name: Name }> | undefined {
  return faults.find((fault): fault is Extract<LiveFault, { name: Name }> => fault.name === name);
}

/** A stretch of time in which a fault acts: from, and up to but not including. */
export interface FaultySpan {
  readonly fromMs: InstantMs;
  readonly untilMs: InstantMs;
}

type Recurring = Extract<LiveFault, { readonly everyMinutes: number; readonly forMs: number }>;

/**
 * Returns the span of a recurring fault at an instant of a session, or undefined. Each stretch of `everyMinutes` of regular
 * trading hours has one, at a random place in it.
 */
export function spanAt(
  seed: number,
  fault: Recurring,
  minutes: TradingMinutes,
  atMs: InstantMs,
): FaultySpan | undefined {
  const openMs = minutes.startMs + minutes.open * MINUTE_MS;
  const closeMs = minutes.startMs + minutes.close * MINUTE_MS;
  const lengthMs = Math.min(fault.everyMinutes * MINUTE_MS, closeMs - openMs);
  const stretch = Math.floor((atMs - openMs) / lengthMs);
  const stretchMs = openMs + stretch * lengthMs;
  if (stretch < 0 || stretchMs >= closeMs) return undefined;
  const random = new RandomSource(seed, `${fault.name} ${fault.forMs} ${minutes.session} ${stretch}`);
  const fromMs = stretchMs + random.whole(0, Math.max(0, lengthMs - fault.forMs));
  return atMs >= fromMs && atMs < fromMs + fault.forMs ? { fromMs, untilMs: fromMs + fault.forMs } : undefined;
}
