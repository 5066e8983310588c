import { type InstantMs, type IsoDate, parseIsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { newYorkAt } from '#market/calendar/new-york.ts';
import type { RawDailyRow } from '#market/quality.ts';
import type {
  AnnouncedDividend,
  AnnouncedSplit,
  BarsReply,
  DailySource,
  ListedSymbol,
  SymbolChange,
  SymbolsRequest,
} from '#ports/daily-source.ts';
import { messageOf, type Reply, RestClient, type RestClientOptions, refused } from './rest-client.ts';
import {
  detailsReply,
  dividendsPage,
  eventsReply,
  groupedReply,
  marketStatusReply,
  splitsPage,
  tickersPage,
} from './wire.ts';

export interface MassiveSourceOptions extends RestClientOptions {
  readonly calendar: Calendar;
  /** The vendor's type codes of listings to include. */
  readonly types: readonly string[];
  /** MICs of the exchanges whose listings to include. */
  readonly exchanges: readonly string[];
}

/**
 * Up to this many symbols are requested one by one; the list of all delisted symbols takes more requests than that.
 */
const SYMBOLS_ASKED_MAX = 10;

/** Massive's REST API (Polygon.io until 2025) as a source of daily bars and reference data. */
export class MassiveSource implements DailySource {
  readonly name = 'massive';
  readonly hasReference = true;
  readonly parallelMax = 4;
  readonly #options: MassiveSourceOptions;
  readonly #client: RestClient;
  /** The server does not have the 2026 family, so the older one is used. */
  #isOlder = false;

  constructor(options: MassiveSourceOptions) {
    this.#options = options;
    this.#client = new RestClient(options);
  }

  get requests(): number {
    return this.#client.requests;
  }

  async serverTimeMs(signal?: AbortSignal): Promise<InstantMs> {
    const { value } = await this.#client.getShaped('/v1/marketstatus/now', marketStatusReply, signal);
    return value.serverTime;
  }

  async bars(session: IsoDate, signal?: AbortSignal): Promise<BarsReply> {
    const path = `/v2/aggs/grouped/locale/us/market/stocks/${session}?adjusted=false&include_otc=false`;
    for (let attempt = 1; ; attempt += 1) {
      const reply = await this.#client.get(path, signal);
      if (reply.status === 403) return this.#notEntitled(session, messageOf(reply));
      if (reply.status !== 200) throw refused(path, reply);
      const parsed = groupedReply.safeParse(reply.body);
      const rows = parsed.success ? (parsed.data.results ?? []) : [];
      const promised = parsed.success ? parsed.data.resultsCount : rows.length;
      if (parsed.success && promised === rows.length)
        return { kind: 'bars', rows: rows.map((row) => rowOf(row, session)) };
      if (attempt > 1) {
        const issue = parsed.success ? undefined : parsed.error.issues[0];
        const [code, kind, found] =
          issue === undefined
            ? (['massive-reply-truncated', 'transient', `${rows.length} rows of ${promised}`] as const)
            : ([
                'massive-reply-invalid',
                'corrupt',
                `${issue.path.join('.') || 'the whole response'}: ${issue.message}`,
              ] as const);
        throw new CondvestError({
          code,
          kind,
          message: `The vendor's response for session ${session} does not match its documentation`,
          found,
          action: 'None of it was stored; the next run requests it again',
        });
      }
    }
  }

  async symbols(request: SymbolsRequest, signal?: AbortSignal): Promise<ListedSymbol[]> {
    const { session, delisted, among } = request;
    const { types, exchanges } = this.#options;
    const query = new URLSearchParams({
      market: 'stocks',
      active: String(!delisted),
      ...(delisted ? {} : { date: session }),
      limit: '1000',
      sort: 'ticker',
      order: 'asc',
    });
    const isFew = among !== undefined && among.length <= SYMBOLS_ASKED_MAX;
    const queries = isFew ? among.map((symbol) => `ticker=${encodeURIComponent(symbol)}&${query}`) : [String(query)];
    const rows = [];
    for (const one of queries)
      rows.push(...(await this.#client.getPages(`/v3/reference/tickers?${one}`, tickersPage, signal)));
    // Delisted symbols often no longer have a type or exchange.
    const isWanted = (value: string | null | undefined, wanted: readonly string[]): boolean =>
      typeof value === 'string' ? wanted.includes(value) : delisted;
    return rows
      .filter((row) => isWanted(row.type, types) && isWanted(row.primary_exchange, exchanges))
      .map((row) => ({
        symbol: row.ticker,
        name: row.name ?? null,
        type: row.type ?? null,
        exchange: row.primary_exchange ?? null,
        figi: row.composite_figi ?? null,
        delistedOn: dateOf(row.delisted_utc),
      }));
  }

  async splits(from: IsoDate, signal?: AbortSignal): Promise<AnnouncedSplit[]> {
    const rows = await this.#eitherFamily((isOlder) =>
      this.#client.getPages(
        isOlder
          ? `/v3/reference/splits?execution_date.gte=${from}&limit=1000&sort=execution_date&order=asc`
          : `/stocks/v1/splits?execution_date.gte=${from}&limit=5000&sort=execution_date.asc`,
        splitsPage,
        signal,
      ),
    );
    return rows.map((row) => ({
      symbol: row.ticker ?? null,
      exDate: dateOf(row.execution_date),
      splitFrom: row.split_from ?? null,
      splitTo: row.split_to ?? null,
    }));
  }

  async dividends(from: IsoDate, signal?: AbortSignal): Promise<AnnouncedDividend[]> {
    const rows = await this.#eitherFamily((isOlder) =>
      this.#client.getPages(
        isOlder
          ? `/v3/reference/dividends?ex_dividend_date.gte=${from}&limit=1000&sort=ex_dividend_date&order=asc`
          : `/stocks/v1/dividends?ex_dividend_date.gte=${from}&limit=5000&sort=ex_dividend_date.asc`,
        dividendsPage,
        signal,
      ),
    );
    return rows.map((row) => ({
      symbol: row.ticker ?? null,
      exDate: dateOf(row.ex_dividend_date),
      kind: row.dividend_type ?? KINDS[row.distribution_type ?? ''] ?? 'CD',
      cashAmount: row.cash_amount ?? null,
      currency: row.currency ?? null,
      declarationDate: dateOf(row.declaration_date),
      recordDate: dateOf(row.record_date),
      payDate: dateOf(row.pay_date),
      frequency: frequencyOf(row.frequency),
    }));
  }

  async symbolChanges(symbol: string, signal?: AbortSignal): Promise<SymbolChange[]> {
    const path = `/vX/reference/tickers/${encodeURIComponent(symbol)}/events?types=ticker_change`;
    const reply = await this.#client.get(path, signal);
    // Not every plan includes events, and not every symbol has a page. A change is then dated by the day it was first
    // seen.
    if (isRefused(reply)) return [];
    if (reply.status !== 200) throw refused(path, reply);
    const parsed = eventsReply.safeParse(reply.body);
    if (!parsed.success) return [];
    const events = parsed.data.results?.events ?? [];
    return events
      .flatMap(({ date, ticker_change: change }) => {
        const day = parseIsoDate(date);
        return day === undefined || change === null || change === undefined
          ? []
          : [{ date: day, symbol: change.ticker }];
      })
      .sort((a, b) => (a.date < b.date ? -1 : 1));
  }

  async listedOn(symbol: string, signal?: AbortSignal): Promise<IsoDate | undefined> {
    const path = `/v3/reference/tickers/${encodeURIComponent(symbol)}`;
    const reply = await this.#client.get(path, signal);
    if (isRefused(reply)) return undefined;
    if (reply.status !== 200) throw refused(path, reply);
    const parsed = detailsReply.safeParse(reply.body);
    return parsed.success ? (dateOf(parsed.data.results?.list_date) ?? undefined) : undefined;
  }

  /** A recent session is not available yet (plans differ in their delay); an old one is beyond the plan's history. */
  #notEntitled(session: IsoDate, reason: string): BarsReply {
    const { calendar, clock } = this.#options;
    const isYoung = clock.nowMs() < calendar.settlesAtMs(session);
    return { kind: isYoung ? 'not-yet' : 'beyond-plan', reason };
  }

  async #eitherFamily<T>(ask: (isOlder: boolean) => Promise<T>): Promise<T> {
    if (this.#isOlder) return ask(true);
    try {
      return await ask(false);
    } catch (cause) {
      const isMissing =
        cause instanceof CondvestError && (cause.code === 'massive-not-found' || cause.code === 'massive-not-entitled');
      if (!isMissing) throw cause;
      const rows = await ask(true);
      this.#isOlder = true;
      return rows;
    }
  }
}

/**
 * Kinds of the newer family as codes of our tables. The vendor documents a special and a supplemental dividend on one
 * day as two payments, so each kind has its own code; the older family uses SC for all of them.
 */
const KINDS: Readonly<Record<string, string>> = {
  recurring: 'CD',
  special: 'SC',
  supplemental: 'SU',
  irregular: 'IR',
};

/** Values that the vendor omits for one symbol are missing; they must not keep all other listings out of the lake. */
function isRefused({ status }: Reply): boolean {
  return status >= 400 && status < 500;
}

/**
 * Returns a row as received. Missing or non-numeric values are null, and the lake's rules reject them with a reason.
 */
function rowOf(row: Readonly<Record<string, unknown>>, session: IsoDate): RawDailyRow {
  return {
    symbol: typeof row.T === 'string' ? row.T : null,
    // A row without a time belongs to the requested session.
    session: row.t === undefined ? session : sessionOf(row.t),
    open: numberOf(row.o),
    high: numberOf(row.h),
    low: numberOf(row.l),
    close: numberOf(row.c),
    volume: numberOf(row.v),
    vwap: numberOf(row.vw),
    trades: numberOf(row.n),
  };
}

/**
 * Returns the New York date at an instant in milliseconds, or null if it is not one, such as an instant in another
 * unit.
 */
function sessionOf(t: unknown): IsoDate | null {
  const isInstant = typeof t === 'number' && t >= T_MIN && t <= T_MAX;
  return isInstant ? newYorkAt(t).date : null;
}

/** An ordinary range of years. Anything beyond it is in microseconds or nanoseconds. */
const T_MIN = Date.UTC(1900, 0, 1);
const T_MAX = Date.UTC(2200, 0, 1);

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

/** Returns a number of payments a year, or null if it cannot be one. */
function frequencyOf(value: number | null | undefined): number | null {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= FREQUENCY_MAX ? Number(value) : null;
}

/** Payments on every day of a year. */
const FREQUENCY_MAX = 366;

/** Returns the day of a date or instant in the vendor's text, or null if there is none. */
function dateOf(text: string | null | undefined): IsoDate | null {
  return parseIsoDate(text?.slice(0, 10) ?? '') ?? null;
}
