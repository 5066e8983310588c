import { append } from '#base/append.ts';
import { compare } from '#base/compare.ts';
import { addDays, type InstantMs, type IsoDate } from '#base/dates.ts';
import type { Lake } from '#lake/lake.ts';
import { DAILY_BARS, LISTINGS } from '#lake/tables.ts';
import type { ListingDetails } from '#market/security.ts';
import type { MarketCaches } from './market-caches.ts';
import { listedTickers, tradedSymbols } from './tickers.sql.ts';
import type { CacheKind } from './versioned-cache.ts';
import type { LakeView } from './view.ts';

/** A symbol in the time that one security had it. Null: not known. */
export interface Ticker extends ListingDetails {
  readonly symbol: string;
  readonly securityId: string;
  /**
   * Since when it is known to have had it. Lists of symbols begin when they were first fetched; bars that are older and
   * belong to the same security say more.
   */
  readonly firstSession: IsoDate;
  /** Null while it lasts. Of a symbol without a listing: its last bar, which ends nothing. */
  readonly lastSession: IsoDate | null;
  readonly seenAtMs: InstantMs | null;
  /** Known from the listings; false where only its bars are known. */
  readonly isListed: boolean;
}

/**
 * A symbol without a listing counts as active while its last bar is not older than this, seen from the last bar of all.
 */
const QUIET_DAYS_MAX = 30;

/** The first and the last session of all bars. */
interface Bounds {
  readonly first: IsoDate;
  readonly last: IsoDate;
}

/** The tickers known at one version, indexed. Immutable. `session`: the state of that day is meant. */
export class TickerDirectory {
  /** Ascending by symbol and first session. */
  readonly tickers: readonly Ticker[];
  readonly #bySymbol = new Map<string, Ticker[]>();
  readonly #bySecurity = new Map<string, Ticker[]>();
  readonly #byUpperCase = new Map<string, string[]>();
  readonly #bars: Bounds | undefined;

  constructor(tickers: readonly Ticker[], bars: Bounds | undefined) {
    this.tickers = tickers;
    this.#bars = bars;
    for (const ticker of tickers) {
      append(this.#bySymbol, ticker.symbol, ticker);
      append(this.#bySecurity, ticker.securityId, ticker);
    }
    for (const symbol of this.#bySymbol.keys()) append(this.#byUpperCase, symbol.toUpperCase(), symbol);
    for (const list of this.#bySecurity.values()) list.sort((a, b) => (a.firstSession < b.firstSession ? -1 : 1));
  }

  isActive(ticker: Ticker, session: IsoDate): boolean {
    if (session < ticker.firstSession) return false;
    if (ticker.isListed) return ticker.lastSession === null || session <= ticker.lastSession;
    const seenFrom = this.#bars !== undefined && this.#bars.last < session ? this.#bars.last : session;
    return ticker.lastSession !== null && addDays(ticker.lastSession, QUIET_DAYS_MAX) >= seenFrom;
  }

  /** The security had ceased to trade. A symbol that was given up for another one is neither active nor delisted. */
  isDelisted(ticker: Ticker, session: IsoDate): boolean {
    const { isListed, lastSession, securityId } = ticker;
    if (!isListed || lastSession === null || lastSession >= session) return false;
    const later = this.#bySecurity.get(securityId) ?? [];
    return !later.some((other) => other.firstSession > lastSession && other.firstSession <= session);
  }

  /** Returns the ticker of a symbol in a session: the active one, else the newest one delisted before. */
  at(symbol: string, session: IsoDate): Ticker | undefined {
    const all = this.#bySymbol.get(symbol) ?? [];
    return (
      all.findLast((ticker) => this.isActive(ticker, session)) ??
      all.findLast((ticker) => this.isDelisted(ticker, session) || (!ticker.isListed && ticker.firstSession <= session))
    );
  }

  /**
   * The day on which a security was first listed, where that is known: the lake has sessions before it, or was told of
   * an earlier day than its own first.
   */
  listedOn(securityId: string): IsoDate | undefined {
    const first = this.#bySecurity.get(securityId)?.[0];
    return first?.isListed === true && first.firstSession !== this.#bars?.first ? first.firstSession : undefined;
  }

  /** All tickers of a security, ascending by first session. */
  ofSecurity(securityId: string): readonly Ticker[] {
    return this.#bySecurity.get(securityId) ?? [];
  }

  /** The newest ticker with a composite FIGI. */
  byFigi(figi: string): Ticker | undefined {
    let newest: Ticker | undefined;
    for (const ticker of this.tickers)
      if (ticker.figi === figi && (newest === undefined || ticker.firstSession > newest.firstSession)) newest = ticker;
    return newest;
  }

  /** The newest ticker of a symbol, whatever became of it. */
  newest(symbol: string): Ticker | undefined {
    return this.#bySymbol.get(symbol)?.at(-1);
  }

  /** The symbol as it is written here, where only its case differs and no other symbol could be meant. */
  spelled(symbol: string): string | undefined {
    if (this.#bySymbol.has(symbol)) return symbol;
    const alike = this.#byUpperCase.get(symbol.toUpperCase()) ?? [];
    return alike.length === 1 ? alike[0] : undefined;
  }
}

const DIRECTORIES: CacheKind<TickerDirectory> = { name: 'tickers', bytesOf: ({ tickers }) => 640 * tickers.length };

/** The tables that a directory is made from. */
export const TICKER_TABLES = [LISTINGS.name, DAILY_BARS.name];

export function tickersOf(
  { lake, caches }: { readonly lake: Lake; readonly caches: MarketCaches },
  view: LakeView,
): Promise<TickerDirectory> {
  return caches.get(DIRECTORIES, view.tag(TICKER_TABLES), () => readDirectory(lake, view));
}

type ListedRow = Omit<Ticker, 'isListed'>;

interface TradedRow {
  readonly symbol: string;
  readonly firstSession: IsoDate;
  readonly lastSession: IsoDate;
}

async function readDirectory(lake: Lake, view: LakeView): Promise<TickerDirectory> {
  const listings = view.snapshot(LISTINGS);
  const bars = view.snapshot(DAILY_BARS);
  const listed =
    listings === undefined
      ? []
      : await lake.records<ListedRow>(listedTickers(await lake.table(LISTINGS).scanSql(listings.files)));
  const traded =
    bars === undefined
      ? []
      : await lake.records<TradedRow>(tradedSymbols(await lake.table(DAILY_BARS).scanSql(bars.files), view.until));
  const firstBars = new Map(traded.map(({ symbol, firstSession }) => [symbol, firstSession]));
  const known = new Set<string>();
  const tickers: Ticker[] = [];
  for (const row of listed) {
    // Rows of a symbol before its first listing belong to the security of that name.
    const mayBeOlder = !known.has(row.symbol) && row.securityId === row.symbol;
    tickers.push(fromListing(row, mayBeOlder ? firstBars.get(row.symbol) : undefined));
    known.add(row.symbol);
  }
  for (const row of traded) if (!known.has(row.symbol)) tickers.push(fromBars(row));
  tickers.sort((a, b) => compare(a.symbol, b.symbol) || compare(a.firstSession, b.firstSession));
  let bounds: Bounds | undefined;
  for (const { firstSession, lastSession } of traded)
    bounds = {
      first: bounds === undefined || firstSession < bounds.first ? firstSession : bounds.first,
      last: bounds === undefined || lastSession > bounds.last ? lastSession : bounds.last,
    };
  return new TickerDirectory(tickers, bounds);
}

function fromListing(row: ListedRow, firstBar: IsoDate | undefined): Ticker {
  const firstSession = firstBar !== undefined && firstBar < row.firstSession ? firstBar : row.firstSession;
  return { ...row, firstSession, isListed: true };
}

function fromBars(row: TradedRow): Ticker {
  const unknown = { name: null, type: null, exchange: null, figi: null, seenAtMs: null };
  return { ...row, ...unknown, securityId: row.symbol, isListed: false };
}
