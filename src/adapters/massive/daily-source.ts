import { type IsoDate, parseIsoDate } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import { newYorkAt } from '#market/calendar/new-york.ts';
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
import type { Random } from '#ports/random.ts';

import type { Grants } from './request-budget.ts';
import { messageOf, type Reply, RestClient, refused } from './rest-client.ts';
import { detailsReply, dividendsPage, eventsReply, groupedReply, splitsPage, tickersPage } from './wire.ts';

export interface MassiveSourceOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly calendar: Calendar;
  readonly clock: Clock;
  readonly random: Random;
  readonly requestsPerMinute: number;
  /** The budget of other processes with the same key; only this one's unless given. */
  readonly grants?: Grants;
  /** The vendor's type codes of the listings that are kept. */
  readonly types: readonly string[];
  /** MICs of the exchanges whose listings are kept. */
  readonly exchanges: readonly string[];
  readonly timeoutMs?: number;
  readonly attemptsMax?: number;
}

/** Up to so many symbols are asked for one by one; the list of all that ever ceased to trade takes more requests than that. */
const SYMBOLS_ASKED_MAX = 10;

/** Massive's REST API (Polygon.io until 2025) as a source of daily bars and reference data. */
export class MassiveSource implements DailySource {
  readonly name = 'massive';
  readonly hasReference = true;
  readonly parallelMax = 4;
  readonly #options: MassiveSourceOptions;
  readonly #client: RestClient;
  /** The server does not have the family of 2026, so the older one is asked. */
  #isOlder = false;

  constructor(options: MassiveSourceOptions) {
    this.#options = options;
    this.#client = new RestClient(options);
  }

  get requests(): number {
    return this.#client.requests;
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
                `${issue.path.join('.') || 'the whole reply'}: ${issue.message}`,
              ] as const);
        throw new CondvestError({
          code,
          kind,
          message: `The vendor's reply for session ${session} is not what it documents`,
          found,
          action: 'Nothing of it was stored; it is asked for again with the next run',
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
    // What has ceased to trade often has no type or exchange any more.
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
    }));
  }

  async symbolChanges(symbol: string, signal?: AbortSignal): Promise<SymbolChange[]> {
    const path = `/vX/reference/tickers/${encodeURIComponent(symbol)}/events?types=ticker_change`;
    const reply = await this.#client.get(path, signal);
    // Not every plan has events, nor every symbol a page; a change is then dated by the day on which it was first seen.
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

  /** A young session is not to be had yet (plans differ in their delay); an old one lies beyond the plan's history. */
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
 * The kinds of the newer family in the codes of the tables. A special dividend and a supplemental one of a day are two payments, as the
 * vendor documents them, so each kind has a code of its own; the older family has SC for them all.
 */
const KINDS: Readonly<Record<string, string>> = {
  recurring: 'CD',
  special: 'SC',
  supplemental: 'SU',
  irregular: 'IR',
};

/** What the vendor does not say of one symbol is missing: it must not keep the listings of all others from the lake. */
function isRefused({ status }: Reply): boolean {
  return status >= 400 && status < 500;
}

/** A row as it came: what is missing or no number is null, and the lake's rules refuse it with a reason. */
function rowOf(row: Readonly<Record<string, unknown>>, session: IsoDate): RawDailyRow {
  return {
    symbol: typeof row.T === 'string' ? row.T : null,
    // Who says no time speaks of the session that was asked for.
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

/** New York's date at an instant in milliseconds; null for what is none, such as one in another unit. */
function sessionOf(t: unknown): IsoDate | null {
  const isInstant = typeof t === 'number' && t >= T_MIN && t <= T_MAX;
  return isInstant ? newYorkAt(t).date : null;
}

/** An ordinary range of years. What lies beyond is in microseconds or nanoseconds. */
const T_MIN = Date.UTC(1900, 0, 1);
const T_MAX = Date.UTC(2200, 0, 1);

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

/** The day of a date or an instant in the vendor's text; null where there is none. */
function dateOf(text: string | null | undefined): IsoDate | null {
  return parseIsoDate(text?.slice(0, 10) ?? '') ?? null;
}
