import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

import { VendorContract } from './vendor-contract.ts';

/** A fault that replaces the response to one request. */
export type VendorFault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string; readonly location?: string }
  | { readonly kind: 'reset' }
  | { readonly kind: 'cut-body' }
  | { readonly kind: 'silence' }
  /** Sends the headers and a few bytes, then this many more every few milliseconds, and never ends. */
  | { readonly kind: 'endless-body' }
  | { readonly kind: 'body'; readonly text: string };

export interface VendorData {
  /** Rows of `results` of grouped daily bars, by session. */
  readonly grouped: ReadonlyMap<string, readonly object[]>;
  /** In the vendor's fields, plus `list_date`, which only the details have. */
  readonly tickers: readonly object[];
  /** In the fields of the 2026 family, a superset of the older one. */
  readonly splits: readonly object[];
  readonly dividends: readonly object[];
  /** Events of a symbol, by symbol. */
  readonly events?: ReadonlyMap<string, readonly object[]>;
}

type Row = Readonly<Record<string, unknown>>;

/** Fields that the older family of splits and dividends lacks. */
const ONLY_NEW = ['adjustment_type', 'distribution_type', 'historical_adjustment_factor', 'split_adjusted_cash_amount'];
/** Maximum number of rows per page, by path. */
const PAGE_ROWS_MAX: Readonly<Record<string, number>> = { '/v3/reference/tickers': 1000, v3: 1000, new: 5000 };
const DRIP_MS = 5;

/**
 * A fake of the vendor's API over real HTTP, with paging, plans and faults. It can respond with any status, break the
 * connection before or within the body, stay silent, never finish, and send any text. Every request it receives and
 * every response of status 200 is checked against the vendor's own specification; violations are in `contractFaults`.
 */
export class VendorServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #data: VendorData;
  readonly #pageRows: number;
  readonly #contract: VendorContract;
  readonly key = 'a-key-of-the-tests';
  /** Faults for the next requests, one each. */
  readonly faults: VendorFault[] = [];
  /** Paths with their queries, in order of arrival. */
  readonly requests: string[] = [];
  readonly contractFaults: string[] = [];
  /** Number of responses that were sent compressed. */
  compressed = 0;
  /** Whether the 2026 family exists. */
  hasNewFamily = true;
  /** Sessions before this one are not in the plan. By default, the whole history is. */
  planFrom = '';
  /** Sessions after this one are not available yet. */
  givenUntil = '9999-12-31';
  /** Delay of every response. */
  delayMs = 0;
  onRequest: (() => void) | undefined;

  private constructor(data: VendorData, pageRows: number) {
    this.#data = data;
    this.#pageRows = pageRows;
    this.#contract = VendorContract.read();
    this.#server = createServer((request, response) => {
      if (this.delayMs === 0) this.#answer(request, response);
      else setTimeout(() => this.#answer(request, response), this.delayMs);
    });
  }

  /** `pageRows`: rows per page, unless the vendor's own limit or the requested one is smaller. */
  static async open(data: VendorData, pageRows = 2): Promise<VendorServer> {
    const server = new VendorServer(data, pageRows);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', this.url);
    this.requests.push(request.url ?? '');
    this.contractFaults.push(...this.#contract.requestFaults(url));
    this.onRequest?.();
    const fault = this.faults.shift();
    if (fault !== undefined) {
      this.#fail(fault, request, response);
      return;
    }
    const reply = this.#replyTo(url, request.headers.authorization);
    if (reply.status === 200) this.contractFaults.push(...this.#contract.replyFaults(url.pathname, reply.body));
    // Every response has its own id.
    const text = JSON.stringify({ ...reply.body, request_id: String(this.requests.length) });
    const isPacked = /\bgzip\b/.test(String(request.headers['accept-encoding']));
    if (isPacked) this.compressed += 1;
    response
      .writeHead(reply.status, {
        'Content-Type': 'application/json',
        ...(isPacked ? { 'Content-Encoding': 'gzip' } : {}),
      })
      .end(isPacked ? gzipSync(text) : text);
  }

  #replyTo(url: URL, authorization: string | undefined): { status: number; body: object } {
    const given = authorization?.replace('Bearer ', '') ?? url.searchParams.get('apiKey');
    if (given !== this.key)
      return { status: 401, body: { status: 'ERROR', request_id: 'r', error: 'Unknown API Key' } };
    const grouped = /^\/v2\/aggs\/grouped\/locale\/us\/market\/stocks\/(.+)$/.exec(url.pathname)?.[1];
    if (grouped !== undefined) return this.#grouped(grouped);
    if (url.pathname === '/v3/reference/tickers') return this.#page(url, this.#listed(url), 'v3');
    const events = /^\/vX\/reference\/tickers\/(.+)\/events$/.exec(url.pathname)?.[1];
    if (events !== undefined) return this.#events(decodeURIComponent(events));
    const symbol = /^\/v3\/reference\/tickers\/([^/]+)$/.exec(url.pathname)?.[1];
    if (symbol !== undefined) return this.#details(decodeURIComponent(symbol));
    const isNew = url.pathname.startsWith('/stocks/v1/');
    if (isNew && !this.hasNewFamily) return notFound('page not found');
    const family = isNew ? 'new' : 'v3';
    const inFamily = (rows: readonly object[]): Row[] => (isNew ? (rows as Row[]) : rows.map(older));
    if (url.pathname.endsWith('/splits'))
      return this.#page(url, inFamily(since(this.#data.splits, url, 'execution_date')), family);
    if (url.pathname.endsWith('/dividends'))
      return this.#page(url, inFamily(since(this.#data.dividends, url, 'ex_dividend_date')), family);
    return notFound('Data not found.');
  }

  #grouped(session: string): { status: number; body: object } {
    if (session < this.planFrom || session > this.givenUntil) {
      const message = `You are not entitled to this data. Please upgrade your plan at https://massive.com/pricing`;
      return { status: 403, body: { status: 'NOT_AUTHORIZED', request_id: 'r', message } };
    }
    const results = this.#data.grouped.get(session) ?? [];
    const counts = { queryCount: results.length, resultsCount: results.length };
    // The vendor omits an empty list.
    const rows = results.length === 0 ? {} : { results };
    return { status: 200, body: { adjusted: false, ...counts, request_id: 'r', status: 'OK', ...rows } };
  }

  /** Symbols that traded on `date`, or that were delisted before it. */
  #listed(url: URL): Row[] {
    const active = url.searchParams.get('active') !== 'false';
    const date = url.searchParams.get('date') ?? '9999-12-31';
    const only = url.searchParams.get('ticker');
    return this.#rowsOfTickers().flatMap(({ list_date: listDate, ...row }) => {
      if (only !== null && row.ticker !== only) return [];
      const end = typeof row.delisted_utc === 'string' ? row.delisted_utc.slice(0, 10) : undefined;
      const isListed = typeof listDate !== 'string' || listDate <= date;
      const isActive = row.active !== false || (end !== undefined && date < end && date !== '9999-12-31');
      return isListed && isActive === active ? [row] : [];
    });
  }

  #rowsOfTickers(): Row[] {
    return this.#data.tickers as Row[];
  }

  #details(symbol: string): { status: number; body: object } {
    const row = this.#rowsOfTickers().find(({ ticker }) => ticker === symbol);
    if (row === undefined) return notFound('Ticker not found.');
    return { status: 200, body: { status: 'OK', request_id: 'r', results: { ...row, currency_name: 'usd' } } };
  }

  #events(symbol: string): { status: number; body: object } {
    const events = this.#data.events?.get(symbol);
    if (events === undefined) return notFound('Data not found.');
    return { status: 200, body: { status: 'OK', request_id: 'r', results: { name: symbol, events } } };
  }

  #page(url: URL, rows: readonly Row[], family: 'v3' | 'new'): { status: number; body: object } {
    const asked = Number(url.searchParams.get('limit') ?? 10);
    const limit = PAGE_ROWS_MAX[family] ?? 10;
    if (asked > limit) {
      const error = `'limit' must be less than or equal to ${limit}`;
      return { status: 400, body: { status: 'ERROR', request_id: 'r', error } };
    }
    const start = Number(url.searchParams.get('cursor') ?? 0);
    const results = rows.slice(start, start + Math.min(this.#pageRows, asked));
    const end = start + results.length;
    // The host is the vendor's own; a client with another base URL must not follow it.
    const next = new URL(url);
    next.searchParams.set('cursor', String(end));
    const nextUrl =
      end < rows.length ? { next_url: `https://api.massive.com${url.pathname}?${next.searchParams}` } : {};
    const count = url.pathname === '/v3/reference/tickers' ? { count: results.length } : {};
    return { status: 200, body: { status: 'OK', request_id: 'r', ...count, results, ...nextUrl } };
  }

  #fail(fault: VendorFault, request: IncomingMessage, response: ServerResponse): void {
    const json = { 'Content-Type': 'application/json' };
    if (fault.kind === 'silence') return;
    if (fault.kind === 'reset') return void request.socket.destroy();
    if (fault.kind === 'body') return void response.writeHead(200, json).end(fault.text);
    if (fault.kind === 'endless-body') {
      response.writeHead(200, json);
      response.write('{"status":"OK","results":[');
      const drip = setInterval(() => response.write(' '), DRIP_MS);
      request.socket.on('close', () => clearInterval(drip));
      return;
    }
    if (fault.kind === 'cut-body') {
      response.writeHead(200, { ...json, 'Content-Length': '1000' });
      response.write('{"status":"OK","results":[');
      setTimeout(() => request.socket.destroy(), DRIP_MS);
      return;
    }
    const headers = {
      ...(fault.retryAfter === undefined ? {} : { 'Retry-After': fault.retryAfter }),
      ...(fault.location === undefined ? {} : { Location: fault.location }),
    };
    const message = MESSAGES[fault.status] ?? 'Something went wrong';
    response
      .writeHead(fault.status, { ...json, ...headers })
      .end(JSON.stringify({ status: 'ERROR', request_id: 'r', error: message, message }));
  }
}

const MESSAGES: Readonly<Record<number, string>> = {
  403: 'You are not entitled to this data. Please upgrade your plan',
  429: "You've exceeded the maximum requests per minute, please wait or upgrade your subscription",
};

function notFound(message: string): { status: number; body: object } {
  return { status: 404, body: { status: 'NOT_FOUND', request_id: 'r', message } };
}

function since(rows: readonly object[], url: URL, field: string): Row[] {
  const from = url.searchParams.get(`${field}.gte`) ?? '';
  return (rows as Row[]).filter((row) => String(row[field] ?? '9') >= from);
}

/** Converts a row of the 2026 family to the older one. */
function older(row: object): Row {
  const kept = Object.entries(row).filter(([name]) => !ONLY_NEW.includes(name));
  const kind = (row as Row).distribution_type;
  return {
    ...Object.fromEntries(kept),
    ...(kind === undefined ? {} : { dividend_type: kind === 'recurring' || kind === 'unknown' ? 'CD' : 'SC' }),
  };
}
