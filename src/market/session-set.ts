import { type EpochDay, fromEpochDay, type IsoDate, parseIsoDate, toEpochDay, weekdayOf } from '#base/dates.ts';

/** The text may come from a foreign file; a few characters must not take unbounded memory. */
const SESSIONS_MAX = 100_000;

/**
 * An immutable, ascending set of dates: the sessions a write touched, the sessions a file holds.
 *
 * Its text is independent of any exchange calendar, so a set written under one calendar means the same under another: a
 * comma-separated list of single dates and ranges, where `a..b` means every *weekday* (Monday to Friday) from a to b.
 * Ten years of sessions take about a hundred ranges, split at the holidays.
 */
export class SessionSet implements Iterable<IsoDate> {
  static readonly empty = new SessionSet([]);

  readonly #dates: readonly IsoDate[];
  #members: ReadonlySet<IsoDate> | undefined;

  private constructor(ascending: readonly IsoDate[]) {
    this.#dates = ascending;
  }

  static of(dates: Iterable<IsoDate>): SessionSet {
    const unique = [...new Set(dates)].sort();
    return unique.length === 0 ? SessionSet.empty : new SessionSet(unique);
  }

  /**
   * Returns the set in `text`, or undefined if it is not in the form above or has more than `SESSIONS_MAX` dates. The
   * empty string is the empty set.
   */
  static parse(text: string): SessionSet | undefined {
    if (text === '') return SessionSet.empty;
    const dates: IsoDate[] = [];
    for (const part of text.split(',')) {
      const [first, last, more] = part.split('..');
      const from = parseIsoDate(first ?? '');
      if (from === undefined || more !== undefined) return undefined;
      if (last === undefined) {
        dates.push(from);
        continue;
      }
      const to = parseIsoDate(last);
      if (to === undefined || to < from) return undefined;
      const toDay = toEpochDay(to);
      for (let day = toEpochDay(from); day <= toDay; day += 1) {
        if (isWeekday(day)) dates.push(fromEpochDay(day));
        if (dates.length > SESSIONS_MAX) return undefined;
      }
    }
    return SessionSet.of(dates);
  }

  get size(): number {
    return this.#dates.length;
  }

  get min(): IsoDate | undefined {
    return this.#dates[0];
  }

  get max(): IsoDate | undefined {
    return this.#dates.at(-1);
  }

  has(date: IsoDate): boolean {
    this.#members ??= new Set(this.#dates);
    return this.#members.has(date);
  }

  union(other: SessionSet): SessionSet {
    if (other.size === 0) return this;
    return this.size === 0 ? other : SessionSet.of([...this.#dates, ...other.#dates]);
  }

  difference(other: SessionSet): SessionSet {
    return this.filter((date) => !other.has(date));
  }

  intersection(other: SessionSet): SessionSet {
    return this.filter((date) => other.has(date));
  }

  intersects(other: SessionSet): boolean {
    const [few, many] = this.size <= other.size ? [this, other] : [other, this];
    return few.#dates.some((date) => many.has(date));
  }

  filter(keep: (date: IsoDate) => boolean): SessionSet {
    const kept = this.#dates.filter(keep);
    return kept.length === 0 ? SessionSet.empty : new SessionSet(kept);
  }

  equals(other: SessionSet): boolean {
    return this.size === other.size && this.#dates.every((date, index) => date === other.#dates[index]);
  }

  [Symbol.iterator](): Iterator<IsoDate> {
    return this.#dates[Symbol.iterator]();
  }

  toArray(): readonly IsoDate[] {
    return this.#dates;
  }

  /** Returns the shortest text form: equal sets have equal texts. */
  toString(): string {
    const parts: string[] = [];
    let first: IsoDate | undefined;
    let last: IsoDate | undefined;
    let lastDay: EpochDay = 0;
    const flush = (): void => {
      if (first === undefined || last === undefined) return;
      parts.push(first === last ? first : `${first}..${last}`);
    };
    for (const date of this.#dates) {
      const day = toEpochDay(date);
      const continues = last !== undefined && isWeekday(day) && isWeekday(lastDay) && nextWeekday(lastDay) === day;
      if (!continues) {
        flush();
        first = date;
      }
      last = date;
      lastDay = day;
    }
    flush();
    return parts.join(',');
  }
}

function isWeekday(day: EpochDay): boolean {
  const weekday = weekdayOf(day);
  return weekday !== 0 && weekday !== 6;
}

function nextWeekday(day: EpochDay): EpochDay {
  return day + (weekdayOf(day) === 5 ? 3 : 1);
}
