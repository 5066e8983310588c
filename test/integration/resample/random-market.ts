import { addDays, type IsoDate } from '#base/dates.ts';
import type { DailyBar } from '#market/bar.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { SplitFact } from '#market/corporate-actions.ts';
import type { Listing } from '#market/security.ts';
import type { Random } from '#ports/random.ts';

/** A small market with events drawn from a seed: halts, missing fields, splits, a rename, a reused symbol. */
export class RandomMarket {
  readonly #random: Random;
  readonly #calendar: Calendar;
  readonly sessions: readonly IsoDate[];
  /** OLD becomes NEW on this session; NEW had been another security's symbol until ten sessions before. */
  readonly #renamed: number;
  /** RE is handed to another security, three sessions after the first one's last. */
  readonly #reused: number;

  constructor(random: Random, calendar: Calendar, sessions: readonly IsoDate[]) {
    this.#random = random;
    this.#calendar = calendar;
    this.sessions = sessions;
    this.#renamed = 12 + this.integer(sessions.length - 24);
    this.#reused = 12 + this.integer(sessions.length - 24);
  }

  integer(below: number): number {
    return Math.floor(this.#random.next() * below);
  }

  chance(probability: number): boolean {
    return this.#random.next() < probability;
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.integer(values.length)];
    if (value === undefined) throw new RangeError('nothing to pick from');
    return value;
  }

  /** All rows of one session; asked again, other rows of the same symbols. */
  rowsOf(session: IsoDate): DailyBar[] {
    const index = this.sessions.indexOf(session);
    const symbols = ['AAA', 'BACpB', 'BRK.B'];
    if (index < this.#renamed) symbols.push('OLD');
    if (index >= this.#renamed || index < this.#renamed - 10) symbols.push('NEW');
    if (index <= this.#reused - 3 || index > this.#reused) symbols.push('RE');
    const trading = symbols.filter((symbol) => symbol === 'AAA' || !this.chance(0.15));
    return trading.map((symbol) => this.#row(symbol, session));
  }

  #row(symbol: string, session: IsoDate): DailyBar {
    const close = 5 + 200 * this.#random.next();
    const open = close * (0.95 + 0.1 * this.#random.next());
    return {
      symbol,
      session,
      open,
      high: Math.max(open, close) * (1 + 0.05 * this.#random.next()),
      low: Math.min(open, close) * (1 - 0.05 * this.#random.next()),
      close,
      volume: this.chance(0.1) ? 0 : this.integer(1e7),
      vwap: this.chance(0.05) ? null : (open + close) / 2,
      trades: this.chance(0.05) ? null : this.integer(1e5),
      source: 'test',
      fetchedAtMs: Date.parse(`${session}T21:00:00Z`),
    };
  }

  /** A split on any date of the range, also on one without a session; ratios as vendors give them. */
  split(): SplitFact {
    const from = this.sessions[0] ?? this.#calendar.firstSession;
    return {
      symbol: this.pick(['AAA', 'BACpB', 'OLD', 'NEW', 'RE']),
      exDate: addDays(from, this.integer(Math.ceil(this.sessions.length * 1.5))),
      ...this.pick([
        { splitFrom: 1, splitTo: 2 },
        { splitFrom: 2, splitTo: 3 },
        { splitFrom: 1, splitTo: 7.00000700001 },
        { splitFrom: 10, splitTo: 1 },
      ]),
      source: 'test',
    };
  }

  /** The links that listings know of: none, the rename, the reuse, or both. */
  listings(): Listing[] {
    const links: Listing[] = [];
    const at = (index: number): IsoDate => this.sessions[index] ?? this.#calendar.firstSession;
    if (this.chance(0.6)) {
      links.push(
        { securityId: 'OLD', symbol: 'OLD', firstSession: at(0), lastSession: at(this.#renamed - 1) },
        { securityId: 'OLD', symbol: 'NEW', firstSession: at(this.#renamed), lastSession: null },
      );
      if (this.chance(0.5)) {
        links.push({ securityId: 'NEW', symbol: 'NEW', firstSession: at(0), lastSession: at(this.#renamed - 11) });
      }
    }
    if (this.chance(0.6)) {
      const first = at(this.#reused + 1);
      links.push({ securityId: `RE@${first}`, symbol: 'RE', firstSession: first, lastSession: null });
    }
    return links;
  }
}
