import { createHash } from 'node:crypto';
import type { IsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { RawDailyRow } from '#market/quality.ts';
import type { Clock } from '#ports/clock.ts';
import type {
  AnnouncedDividend,
  AnnouncedSplit,
  BarsReply,
  DailySource,
  ListedSymbol,
  SymbolChange,
  SymbolsRequest,
} from '#ports/daily-source.ts';

import { livedListings, livedRows, livedSymbol } from './life-events.ts';
import { type SimulatedListing, SimulatedMarket } from './market.ts';
import { type Fault, faultyRows, isDown } from './scenarios.ts';
import type { SimulatedSession } from './trading.ts';

export interface SimulatedSourceOptions {
  readonly calendar: Calendar;
  readonly clock: Clock;
  readonly market: { readonly seed: number; readonly securities: number; readonly from: IsoDate };
  /** Faults between the market and the lake; default: none. */
  readonly faults?: readonly Fault[];
  /** Attempts per request before it fails, as with a network source; default: one. */
  readonly attemptsMax?: number;
}

/** Pause between two attempts. */
const RETRY_MS = 1000;

/** Number of traded sessions to hold: a fetch reads the newest ones again, a backfill goes through them in order. */
const HELD_SESSIONS_MAX = 80;
/** Number of sessions before their ex-date at which events are announced. */
const SPLITS_AHEAD = 5;
const DIVIDENDS_AHEAD = 10;

/** The simulated market as a source: the same responses on every machine, given seed, clock and faults. */
export class SimulatedSource implements DailySource {
  readonly name = 'simulated';
  readonly hasReference = true;
  readonly parallelMax = 4;
  readonly #options: SimulatedSourceOptions;
  readonly #held = new Map<IsoDate, SimulatedSession>();
  readonly #splits: SimulatedSession['splits'][number][] = [];
  readonly #dividends: SimulatedSession['dividends'][number][] = [];
  readonly #attempts = new Map<string, number>();
  #market: SimulatedMarket | undefined;
  #running: Generator<SimulatedSession> | undefined;
  #traded: IsoDate | undefined;
  #requests = 0;

  constructor(options: SimulatedSourceOptions) {
    this.#options = options;
  }

  /** Requests answered or rejected so far. */
  get requests(): number {
    return this.#requests;
  }

  async bars(session: IsoDate, signal?: AbortSignal): Promise<BarsReply> {
    const { calendar, clock, market, faults = [] } = this.#options;
    const attempt = await this.#begin(`bars ${session}`, signal);
    const nowMs = clock.nowMs();
    if (session < market.from) return { kind: 'beyond-plan', reason: `the simulated market begins on ${market.from}` };
    if (session > calendar.lastClosedSession(nowMs)) return { kind: 'not-yet', reason: `${session} has not closed` };
    const rows = faultyRows(
      livedRows(this.truth(session), session, faults),
      { session, attempt, nowMs, settlesAtMs: calendar.settlesAtMs(session) },
      faults,
    );
    return { kind: 'bars', rows };
  }

  async symbols(request: SymbolsRequest, signal?: AbortSignal): Promise<ListedSymbol[]> {
    await this.#begin('symbols', signal);
    const { session, delisted } = request;
    const known = this.#listings();
    const listings = known.filter((row) =>
      delisted
        ? row.lastSession !== null && row.lastSession < session
        : row.firstSession <= session && (row.lastSession === null || row.lastSession >= session),
    );
    return listings.map((row) => ({
      symbol: row.symbol,
      name: row.name,
      type: row.type,
      exchange: row.exchange,
      figi: figiOf(row),
      delistedOn: delisted ? row.lastSession : null,
    }));
  }

  async splits(from: IsoDate, signal?: AbortSignal): Promise<AnnouncedSplit[]> {
    await this.#begin('splits', signal);
    const { calendar, clock, faults = [] } = this.#options;
    const until = this.#announcedUntil(SPLITS_AHEAD);
    const known = this.#splits.filter((split) => split.exDate >= from && split.exDate <= until);
    const last = calendar.lastClosedSession(clock.nowMs());
    return known.flatMap((split) => {
      const late = faults.find((fault) => fault.name === 'late-split');
      if (late?.name === 'late-split') {
        const learnedOn = calendar.sessionAt(calendar.indexOnOrAfter(split.exDate) + late.sessions);
        if (last < learnedOn) return [];
      }
      const isTwofold = faults.some(
        (fault) => fault.name === 'two-split-values' && (fault.symbol ?? split.symbol) === split.symbol,
      );
      const filed = { ...split, symbol: livedSymbol(split.symbol, last, faults) };
      return isTwofold ? [filed, { ...filed, splitTo: filed.splitTo * 2 }] : [filed];
    });
  }

  async dividends(from: IsoDate, signal?: AbortSignal): Promise<AnnouncedDividend[]> {
    await this.#begin('dividends', signal);
    const { calendar, clock, faults = [] } = this.#options;
    const until = this.#announcedUntil(DIVIDENDS_AHEAD);
    const last = calendar.lastClosedSession(clock.nowMs());
    return this.#dividends
      .filter((dividend) => dividend.exDate >= from && dividend.exDate <= until)
      .map((dividend) => ({ ...dividend, symbol: livedSymbol(dividend.symbol, last, faults) }));
  }

  async symbolChanges(symbol: string, signal?: AbortSignal): Promise<SymbolChange[]> {
    await this.#begin('events', signal);
    const listings = this.#listings();
    const own = listings.findLast((row) => row.symbol === symbol);
    if (own === undefined) return [];
    return listings
      .filter((row) => row.securityId === own.securityId)
      .map((row) => ({ date: row.firstSession, symbol: row.symbol }))
      .sort((a, b) => (a.date < b.date ? -1 : 1));
  }

  /** Returns the true bars of a session, whatever is delivered. Throws for a session that the market does not have. */
  truth(session: IsoDate): RawDailyRow[] {
    const traded = this.#trade(session);
    const { symbol, open, high, low, close, volume, vwap, trades } = traded.bars;
    return symbol.map((name, index) => ({
      symbol: name,
      session,
      open: open[index] ?? null,
      high: high[index] ?? null,
      low: low[index] ?? null,
      close: close[index] ?? null,
      volume: volume[index] ?? null,
      vwap: vwap[index] ?? null,
      trades: trades[index] ?? null,
    }));
  }

  #listings(): SimulatedListing[] {
    const { calendar, faults = [] } = this.#options;
    return livedListings(this.#openMarket().listings(), calendar, faults);
  }

  async #begin(what: string, signal: AbortSignal | undefined): Promise<number> {
    const { clock, faults = [], attemptsMax = 1 } = this.#options;
    const slow = faults.find((fault) => fault.name === 'slow');
    for (let tried = 1; ; tried += 1) {
      signal?.throwIfAborted();
      this.#requests += 1;
      const attempt = (this.#attempts.get(what) ?? 0) + 1;
      this.#attempts.set(what, attempt);
      if (slow?.name === 'slow') await clock.sleep(slow.ms, signal);
      const down = isDown(what, attempt, clock.nowMs(), faults);
      if (down === undefined) return attempt;
      if (tried >= attemptsMax) throw unavailable(down, what);
      await clock.sleep(RETRY_MS, signal);
    }
  }

  /** Returns the last ex-date announced by now. Announcements lie ahead of the last close. */
  #announcedUntil(ahead: number): IsoDate {
    const { calendar, clock } = this.#options;
    const until = calendar.next(calendar.lastClosedSession(clock.nowMs()), ahead);
    this.#trade(until);
    return until;
  }

  /** Trades forward to a session, or restarts for one that is no longer held. */
  #trade(session: IsoDate): SimulatedSession {
    const held = this.#held.get(session);
    if (held !== undefined) return held;
    if (this.#traded !== undefined && session <= this.#traded) this.#restart();
    const market = this.#openMarket();
    this.#running ??= market.replay();
    for (let next = this.#running.next(); next.done !== true; next = this.#running.next()) {
      const traded = next.value;
      this.#hold(traded);
      if (traded.session === session) return traded;
    }
    throw new CondvestError({
      code: 'simulated-session-unknown',
      kind: 'permanent',
      message: 'The simulated market has no such session',
      found: session,
    });
  }

  #hold(traded: SimulatedSession): void {
    this.#traded = traded.session;
    this.#held.set(traded.session, traded);
    const [oldest] = this.#held.keys();
    if (this.#held.size > HELD_SESSIONS_MAX && oldest !== undefined) this.#held.delete(oldest);
    this.#splits.push(...traded.splits);
    this.#dividends.push(...traded.dividends);
  }

  #restart(): void {
    this.#running = undefined;
    this.#traded = undefined;
    this.#held.clear();
    this.#splits.length = 0;
    this.#dividends.length = 0;
  }

  /** Returns the market as far as anything is announced; one that no longer reaches far enough is recreated. */
  #openMarket(): SimulatedMarket {
    const { calendar, clock, market } = this.#options;
    const to = calendar.next(calendar.lastClosedSession(clock.nowMs()), MARGIN_SESSIONS);
    const known = this.#market?.sessions.at(-1);
    if (
      this.#market === undefined ||
      known === undefined ||
      known < calendar.previous(to, MARGIN_SESSIONS - DIVIDENDS_AHEAD)
    ) {
      this.#restart();
      this.#market = new SimulatedMarket({ calendar, ...market, to });
    }
    return this.#market;
  }
}

function unavailable(down: string, what: string): CondvestError {
  return new CondvestError({
    code: 'simulated-unavailable',
    kind: 'transient',
    message: 'The simulated market does not respond',
    found: `${down}, ${what}`,
    action: 'This fault is part of the scenario; try again later',
  });
}

/** Number of sessions ahead of now that the market covers at once. */
const MARGIN_SESSIONS = 60;

/** Returns a made-up identifier in the form of a FIGI. */
function figiOf(row: SimulatedListing): string {
  return `BBGSIM${createHash('sha256').update(row.securityId).digest('hex').slice(0, 6).toUpperCase()}`;
}
