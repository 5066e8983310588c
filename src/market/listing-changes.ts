import { compare } from '#base/compare.ts';
import type { InstantMs, IsoDate } from '#base/dates.ts';
import type { Calendar } from './calendar/calendar.ts';
import { type Listing, type ListingDetails, newSecurityId } from './security.ts';

/** Merges a source's list of symbols into the stored listings. Pure. */

/** A row of `bronze/listings`. */
export interface ListingRow extends Listing, ListingDetails {
  readonly source: string | null;
  readonly seenAtMs: InstantMs;
}

/** An active symbol. Null means unknown, and never overwrites a known value. */
export interface ActiveSymbol extends ListingDetails {
  readonly symbol: string;
}

export interface EndedSymbol extends ActiveSymbol {
  /** The last day under the symbol; null if unknown. */
  readonly delistedOn: IsoDate | null;
}

export interface ListingChangesInputs {
  readonly calendar: Calendar;
  readonly stored: readonly ListingRow[];
  readonly active: readonly ActiveSymbol[];
  readonly ended: readonly EndedSymbol[];
  /** The session that the list of active symbols describes. */
  readonly session: IsoDate;
  readonly source: string;
  readonly seenAtMs: InstantMs;
  /** First day under a new symbol, by new symbol, if the source knows of a change. */
  readonly changedOn: ReadonlyMap<string, IsoDate>;
}

export interface ListingChanges {
  /** All rows afterwards, by symbol and first session. */
  readonly rows: readonly ListingRow[];
  readonly listed: readonly string[];
  readonly delisted: readonly string[];
  /** `FB → META`. */
  readonly renamed: readonly string[];
  /** Symbols that belong to another security from now on. */
  readonly reused: readonly string[];
  /** Rows with a changed detail. */
  readonly detailed: number;
  /** On neither list: left unchanged. */
  readonly unconfirmed: readonly string[];
}

/** A list that has lost more than this fraction of the open listings is not trusted. */
export const SHORT_LIST_SHARE = 0.9;

/**
 * Returns the listings after merging a source's list:
 *
 * - A symbol without an open listing is new from the session on. It belongs to the security with the same FIGI if that
 *   security's own symbol no longer trades (a symbol change), else to a new security.
 * - A symbol whose FIGI has changed was reused: the old listing ends the session before.
 * - An open listing that is no longer on the list ends if the list of delisted symbols confirms it. One that is on neither
 *   list stays open and is reported: absence from a list proves nothing.
 * - A symbol that is on the list twice is the one with the known FIGI, else the first.
 * - A null never overwrites a value. A security's id is permanent.
 */
export function planListings(inputs: ListingChangesInputs): ListingChanges {
  const state = new ListingsInProgress(inputs);
  const bySymbol = Map.groupBy(inputs.active, ({ symbol }) => symbol);
  for (const [, rows] of [...bySymbol].sort(([a], [b]) => compare(a, b))) state.takeActive(rows);
  state.closeAbsent();
  return state.result();
}

class ListingsInProgress {
  readonly #inputs: ListingChangesInputs;
  readonly #rows = new Map<string, ListingRow>();
  readonly #open = new Map<string, ListingRow>();
  readonly #newestByFigi = new Map<string, ListingRow>();
  readonly #endedBySymbol = new Map<string, IsoDate>();
  readonly #ids: Set<string>;
  readonly #activeNames: ReadonlySet<string>;
  readonly #listed: string[] = [];
  readonly #delisted: string[] = [];
  readonly #renamed: string[] = [];
  readonly #reused: string[] = [];
  readonly #unconfirmed: string[] = [];
  #detailed = 0;

  constructor(inputs: ListingChangesInputs) {
    this.#inputs = inputs;
    this.#ids = new Set(inputs.stored.map((row) => row.securityId));
    this.#activeNames = new Set(inputs.active.map(({ symbol }) => symbol));
    for (const row of inputs.stored) {
      this.#put(row);
    }
  }

  /** The rows of one symbol: a list may contain it twice, but only one security has it. */
  takeActive(rows: readonly ActiveSymbol[]): void {
    const [first] = rows;
    if (first === undefined) return;
    const open = this.#open.get(first.symbol);
    const symbol = rows.find(({ figi }) => figi !== null && figi === open?.figi) ?? first;
    if (open === undefined) {
      this.#list(symbol);
      return;
    }
    if (open.figi !== null && symbol.figi !== null && open.figi !== symbol.figi) {
      const from = this.#firstSessionOf(symbol.symbol);
      // A listing cannot end before it began; in that case the FIGI is a correction, not another security.
      if (open.firstSession < from) {
        this.#close(open, this.#inputs.calendar.previous(from));
        this.#reused.push(symbol.symbol);
        this.#list(symbol);
        return;
      }
    }
    const after: ListingRow = {
      ...open,
      name: symbol.name ?? open.name,
      type: symbol.type ?? open.type,
      exchange: symbol.exchange ?? open.exchange,
      figi: symbol.figi ?? open.figi,
    };
    if ((['name', 'type', 'exchange', 'figi'] as const).every((field) => after[field] === open[field])) return;
    this.#put(this.#stamped(after));
    this.#detailed += 1;
  }

  closeAbsent(): void {
    const ended = Map.groupBy(this.#inputs.ended, ({ symbol }) => symbol);
    for (const row of [...this.#open.values()].sort((a, b) => compare(a.symbol, b.symbol))) {
      if (this.#activeNames.has(row.symbol)) continue;
      const end = endOf(row, ended.get(row.symbol) ?? []);
      if (end === undefined) {
        this.#unconfirmed.push(row.symbol);
        continue;
      }
      this.#close(row, this.#lastSessionBy(row, end.delistedOn));
      this.#delisted.push(row.symbol);
    }
  }

  result(): ListingChanges {
    const rows = [...this.#rows.values()].sort(
      (a, b) => compare(a.symbol, b.symbol) || compare(a.firstSession, b.firstSession),
    );
    return {
      rows,
      listed: this.#listed,
      delisted: this.#delisted,
      renamed: this.#renamed,
      reused: this.#reused,
      detailed: this.#detailed,
      unconfirmed: this.#unconfirmed,
    };
  }

  #list(symbol: ActiveSymbol): void {
    const { calendar } = this.#inputs;
    let from = this.#firstSessionOf(symbol.symbol);
    const former = symbol.figi === null ? undefined : this.#newestByFigi.get(symbol.figi);
    let securityId: string | undefined;
    if (former !== undefined) {
      const isOpen = former.lastSession === null;
      // One security under two symbols at once would have two bars per session, so this is another share class with a
      // wrong FIGI.
      const mayFollow = isOpen
        ? !this.#activeNames.has(former.symbol) && former.firstSession < from
        : former.lastSession < from;
      if (mayFollow) {
        securityId = former.securityId;
        if (isOpen) this.#close(former, calendar.previous(from));
        if (former.symbol !== symbol.symbol) this.#renamed.push(`${former.symbol} → ${symbol.symbol}`);
      }
    }
    const endedOn = this.#endedBySymbol.get(symbol.symbol);
    if (endedOn !== undefined && endedOn >= from) from = calendar.next(endedOn);
    const isTaken = (id: string): boolean => this.#ids.has(id) || (endedOn !== undefined && id === symbol.symbol);
    securityId ??= newSecurityId(symbol.symbol, from, isTaken);
    this.#ids.add(securityId);
    this.#put(
      this.#stamped({ ...symbol, securityId, firstSession: from, lastSession: null, source: null, seenAtMs: 0 }),
    );
    this.#listed.push(symbol.symbol);
  }

  /** Returns the first session of a symbol that is new to us: the day of its change, if known. */
  #firstSessionOf(symbol: string): IsoDate {
    const { calendar, changedOn, session } = this.#inputs;
    const date = changedOn.get(symbol);
    if (date === undefined || date > session || date < calendar.firstSession) return session;
    return calendar.sessionAt(calendar.indexOnOrAfter(date));
  }

  #lastSessionBy(row: ListingRow, delistedOn: IsoDate | null): IsoDate {
    const { calendar, session } = this.#inputs;
    const before = calendar.previous(session);
    // Some programs write the year 1 for an unknown date.
    const isKnown = delistedOn !== null && delistedOn >= calendar.firstSession;
    const last = isKnown ? calendar.sessionAt(calendar.indexOnOrBefore(delistedOn)) : before;
    const bounded = last < session ? last : before;
    return bounded < row.firstSession ? row.firstSession : bounded;
  }

  #close(row: ListingRow, lastSession: IsoDate): void {
    this.#put(this.#stamped({ ...row, lastSession }));
    this.#open.delete(row.symbol);
  }

  #put(row: ListingRow): void {
    this.#rows.set(keyOf(row), row);
    if (row.lastSession === null) this.#open.set(row.symbol, row);
    else {
      const endedOn = this.#endedBySymbol.get(row.symbol);
      if (endedOn === undefined || endedOn < row.lastSession) this.#endedBySymbol.set(row.symbol, row.lastSession);
    }
    const newest = row.figi === null ? undefined : this.#newestByFigi.get(row.figi);
    if (row.figi !== null && (newest === undefined || newest.firstSession <= row.firstSession)) {
      this.#newestByFigi.set(row.figi, row);
    }
  }

  #stamped(row: ListingRow): ListingRow {
    return { ...row, source: this.#inputs.source, seenAtMs: this.#inputs.seenAtMs };
  }
}

/**
 * Returns which of several delisted securities of a symbol is the listing's: the one with its FIGI, the only proof
 * there is. If either FIGI is unknown, it is the latest one that did not end before the listing began.
 */
function endOf(row: ListingRow, ended: readonly EndedSymbol[]): EndedSymbol | undefined {
  const mayBe = ended.filter(({ delistedOn }) => delistedOn === null || delistedOn >= row.firstSession);
  const latest = (candidates: readonly EndedSymbol[]): EndedSymbol | undefined =>
    [...candidates].sort((a, b) => compare(a.delistedOn ?? '', b.delistedOn ?? '')).at(-1);
  const own = row.figi === null ? [] : ended.filter(({ figi }) => figi === row.figi);
  return (
    latest(own.filter((one) => mayBe.includes(one))) ??
    latest(own) ??
    latest(mayBe.filter(({ figi }) => figi === null || row.figi === null))
  );
}

function keyOf(row: { readonly symbol: string; readonly firstSession: IsoDate }): string {
  return `${row.symbol}\n${row.firstSession}`;
}
