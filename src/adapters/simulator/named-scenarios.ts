import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { ScenarioName } from '#ports/scenario-names.ts';
import { SimulatedMarket, type SimulatedMarketOptions } from './market.ts';
import { RandomSource } from './random-source.ts';
import type { Fault } from './scenarios.ts';

const HOUR_MS = 3_600_000;
const FOR_EVER_MS = Number.MAX_SAFE_INTEGER;
/** Number of sessions between the end of a symbol's first security and the start of its next one. */
const REUSED_AFTER = 10;

/**
 * Returns the faults of scenarios, drawn for the sessions of a market. They depend on name, seed and calendar only, and are the same on every machine and
 * in every process.
 */
export function scenarioFaults(names: readonly ScenarioName[], market: SimulatedMarketOptions): Fault[] {
  if (names.length === 0) return [];
  const { calendar, seed } = market;
  const sessions = calendar.range(market.from, market.to);
  const chosen = (name: ScenarioName, share: number): IsoDate[] =>
    sessions.filter((session) => new RandomSource(seed, `scenario ${name} ${session}`).uniform() < share);
  /** Every second one of the chosen sessions is never repaired. */
  const until = (index: number, session: IsoDate, hours: number): InstantMs =>
    index % 2 === 1 ? FOR_EVER_MS : calendar.closeMs(session) + hours * HOUR_MS;
  const of: Readonly<Record<ScenarioName, () => Fault[]>> = {
    'late-bars': () => [{ name: 'late-bars', share: 1 / 3 }],
    'corrected-bars': () => [{ name: 'corrected-bars', share: 0.4 }],
    'partial-session': () =>
      chosen('partial-session', 0.1).map((session, index) => ({
        name: 'partial-session',
        session,
        share: 0.4,
        untilMs: until(index, session, 26),
      })),
    'missing-session': () =>
      chosen('missing-session', 0.1).map((session, index) => ({
        name: 'missing-session',
        session,
        untilMs: until(index, session, 50),
      })),
    'truncated-reply': () =>
      chosen('truncated-reply', 0.2).map((session) => ({ name: 'truncated-reply', session, times: 1 })),
    'bad-rows': () => [{ name: 'bad-rows', count: 1 }],
    'duplicate-rows': () => [{ name: 'duplicate-rows', count: 2 }],
    outage: () =>
      chosen('outage', 0.2).map((session) => {
        const fromMs = calendar.closeMs(session);
        return { name: 'outage', fromMs, untilMs: fromMs + 3 * HOUR_MS };
      }),
    'too-many-requests': () => [{ name: 'too-many-requests', times: 1 }],
    'split-announced-ahead': () => [],
    'late-split': () => [{ name: 'late-split', sessions: 5 }],
    'two-split-values': () => [{ name: 'two-split-values' }],
    rename: () =>
      lives(market, sessions, 0).map(({ symbol, free, session }) => ({ name: 'rename', symbol, to: free, session })),
    'reused-symbol': () =>
      lives(market, sessions, 1).map(({ symbol, session }) => ({
        name: 'reused-symbol',
        symbol,
        session: calendar.previous(session),
        again: calendar.next(session, REUSED_AFTER),
      })),
    delisting: () =>
      lives(market, sessions, 2).map(({ symbol, session }) => ({
        name: 'delisting',
        symbol,
        session: calendar.previous(session),
      })),
    'half-day': () => [],
    'surprise-closure': () =>
      chosen('surprise-closure', 0.02).map((session) => ({ name: 'surprise-closure', session })),
    slow: () => [{ name: 'slow', ms: 2000 }],
    restatement: () =>
      chosen('restatement', 0.05).map((session) => ({
        name: 'restatement',
        session,
        fromMs: calendar.settlesAtMs(session) + 48 * HOUR_MS,
        factor: 1.5,
      })),
  };
  return names.flatMap((name) => of[name]());
}

/**
 * Returns the symbols that change: one per quarter, each once, among securities that would trade throughout. `lane`
 * keeps scenarios apart.
 */
function lives(
  market: SimulatedMarketOptions,
  sessions: readonly IsoDate[],
  lane: number,
): { readonly symbol: string; readonly free: string; readonly session: IsoDate }[] {
  const listings = new SimulatedMarket(market).listings();
  const taken = new Set(listings.map(({ symbol }) => symbol));
  const [first] = sessions;
  const steady = listings.filter(
    ({ symbol, firstSession, lastSession }) =>
      firstSession === first &&
      lastSession === null &&
      listings.filter((other) => other.symbol === symbol).length === 1 &&
      !taken.has(`${symbol}Q`),
  );
  const starts = sessions.filter(
    (session, index) => index > 0 && quarterOf(session) !== quarterOf(sessions[index - 1]),
  );
  return starts.flatMap((session, index) => {
    const listing = steady[index * 3 + lane];
    return listing === undefined ? [] : [{ symbol: listing.symbol, free: `${listing.symbol}Q`, session }];
  });
}

function quarterOf(session: IsoDate | undefined): string {
  return session === undefined ? '' : `${session.slice(0, 4)} ${Math.floor((Number(session.slice(5, 7)) - 1) / 3)}`;
}
