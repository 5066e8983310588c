import { assert } from '#base/assert.ts';
import { compare } from '#base/compare.ts';
import { type IsoDate, isoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { drawSecurities, type SimulatedSecurity } from './securities.ts';
import { type SimulatedSession, TradingFloor } from './trading.ts';

/**
 * A made-up market: daily bars, splits, dividends and listings that behave like real ones. Volatility clusters, prices
 * gap overnight, securities move together through a market and a sector factor, and they list, halt, split, pay
 * dividends, change and inherit symbols, and delist.
 *
 * A session's values depend only on the seed, the market's first session and the calendar: not on how far the range
 * extends, nor, for the first securities, on how many there are. They have the same bytes on every machine.
 *
 * This is the truth. Delivery, with its faults, is up to the source.
 */
export class SimulatedMarket {
  readonly #options: SimulatedMarketOptions;
  readonly #securities: readonly SimulatedSecurity[];
  readonly #first: number;
  readonly #sessions: readonly IsoDate[];

  constructor(options: SimulatedMarketOptions) {
    const { calendar, seed, securities, from, to } = options;
    assert(Number.isInteger(seed) && Math.abs(seed) < 2 ** 32, `seed of a simulated market: ${seed}`);
    assert(Number.isInteger(securities) && securities >= 0, `securities of a simulated market: ${securities}`);
    this.#options = options;
    this.#sessions = calendar.range(from, to);
    this.#first = calendar.indexOnOrAfter(from);
    this.#securities = drawSecurities(seed, securities, (offset) => this.#sessionAt(offset));
  }

  get sessions(): readonly IsoDate[] {
    return this.#sessions;
  }

  /** Listings as known at the end of the range, ascending by symbol and first session. */
  listings(): SimulatedListing[] {
    const listings: SimulatedListing[] = [];
    const end = this.#sessions.length;
    for (const { id, name, type, exchange, symbol, listedFrom, listedTo, rename } of this.#securities) {
      const add = (as: string, from: number, to: number | undefined): void => {
        const firstSession = this.#sessions[from];
        if (firstSession === undefined) return;
        const lastSession = to !== undefined && to < end ? (this.#sessions[to] ?? null) : null;
        listings.push({ securityId: id, symbol: as, firstSession, lastSession, name, type, exchange });
      };
      const isRenamed = rename !== undefined && rename.from < end;
      add(symbol, listedFrom, isRenamed ? rename.from - 1 : listedTo);
      if (isRenamed) add(rename.symbol, rename.from, listedTo);
    }
    return listings.sort((a, b) => compare(a.symbol, b.symbol) || compare(a.firstSession, b.firstSession));
  }

  /**
   * Yields session by session, ascending, from the market's first or a later one; earlier sessions are computed but not
   * yielded. Holds one session at a time. Each call starts over.
   */
  *replay(from: IsoDate = isoDate('0001-01-01')): Generator<SimulatedSession> {
    const floor = new TradingFloor(this.#options.seed, this.#securities);
    for (const session of this.#sessions) {
      const traded = floor.trade(session);
      if (session >= from) yield traded;
    }
  }

  #sessionAt(offset: number): IsoDate | undefined {
    const { calendar } = this.#options;
    const index = this.#first + offset;
    return index <= calendar.sessionIndex(calendar.lastSession) ? calendar.sessionAt(index) : undefined;
  }
}

export interface SimulatedMarketOptions {
  readonly calendar: Calendar;
  readonly seed: number;
  /** Number of securities; slightly fewer have a bar in any one session. */
  readonly securities: number;
  /** The market's first session is the first one on or after this date. */
  readonly from: IsoDate;
  readonly to: IsoDate;
}

/** A row of `bronze/listings`. */
export interface SimulatedListing {
  readonly securityId: string;
  readonly symbol: string;
  readonly firstSession: IsoDate;
  /** Null while the listing is open. */
  readonly lastSession: IsoDate | null;
  readonly name: string;
  readonly type: string;
  readonly exchange: string;
}
