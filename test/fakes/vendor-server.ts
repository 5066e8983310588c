import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the vendor would do to one request, in the place of answering it. */
export type VendorFault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string }
  | { readonly kind: 'reset' }
  | { readonly kind: 'cut-body' }
  | { readonly kind: 'silence' }
  | { readonly kind: 'body'; readonly text: string };

export interface VendorData {
  /** Rows of `results` of grouped daily bars, by session. */
  readonly grouped: ReadonlyMap<string, readonly object[]>;
  readonly tickers: readonly object[];
  readonly splits: readonly object[];
  readonly dividends: readonly object[];
}

/**
 * The vendor's API as it speaks on the wire, over real HTTP, with pages and faults. It can: answer with any status, break the
 * connection before or inside the body, say nothing, and send any text.
 */
export class VendorServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #data: VendorData;
  readonly #pageRows: number;
  readonly key = 'a-key-of-the-tests';
  /** Faults of the next requests, one each. */
  readonly faults: VendorFault[] = [];
  /** Paths with their queries, as they came. */
  readonly requests: string[] = [];
  /** The family of 2026 is there. */
  hasNewFamily = true;
  onRequest: (() => void) | undefined;

  private constructor(data: VendorData, pageRows: number) {
    this.#data = data;
    this.#pageRows = pageRows;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

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
    this.requests.push(request.url ?? '');
    this.onRequest?.();
    const fault = this.faults.shift();
    if (fault !== undefined) return void this.#fail(fault, request, response);
    const url = new URL(request.url ?? '', this.url);
    const given = request.headers.authorization?.replace('Bearer ', '') ?? url.searchParams.get('apiKey');
    if (given !== this.key)
      return void send(response, 401, { status: 'ERROR', request_id: 'r', error: 'Unknown API Key' });
    const grouped = /^\/v2\/aggs\/grouped\/locale\/us\/market\/stocks\/(.+)$/.exec(url.pathname)?.[1];
    if (grouped !== undefined) {
      const results = this.#data.grouped.get(grouped) ?? [];
      const counts = { queryCount: results.length, resultsCount: results.length };
      return void send(response, 200, { adjusted: false, ...counts, request_id: 'r', status: 'OK', results });
    }
    if (url.pathname === '/v3/reference/tickers') {
      const active = url.searchParams.get('active') === 'true';
      const rows = this.#data.tickers.filter((row) => ((row as { active?: boolean }).active ?? true) === active);
      return void this.#page(url, rows, response);
    }
    const isNew = url.pathname.startsWith('/stocks/v1/');
    if (isNew && !this.hasNewFamily)
      return void send(response, 404, { status: 'NOT_FOUND', message: 'page not found' });
    if (url.pathname.endsWith('/splits')) return void this.#page(url, this.#data.splits, response);
    if (url.pathname.endsWith('/dividends')) return void this.#page(url, this.#data.dividends, response);
    return void send(response, 404, { status: 'NOT_FOUND', request_id: 'r', message: 'Data not found.' });
  }

  #page(url: URL, rows: readonly object[], response: ServerResponse): void {
    const start = Number(url.searchParams.get('cursor') ?? 0);
    const results = rows.slice(start, start + this.#pageRows);
    const end = start + results.length;
    // The host is the vendor's own, which no client of another base address may follow.
    const next =
      end < rows.length ? { next_url: `https://api.massive.com${url.pathname}?cursor=${end}${passed(url)}` } : {};
    send(response, 200, { status: 'OK', request_id: 'r', count: results.length, results, ...next });
  }

  #fail(fault: VendorFault, request: IncomingMessage, response: ServerResponse): void {
    if (fault.kind === 'silence') return;
    if (fault.kind === 'reset') return void request.socket.destroy();
    if (fault.kind === 'body')
      return void response.writeHead(200, { 'Content-Type': 'application/json' }).end(fault.text);
    if (fault.kind === 'cut-body') {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' });
      response.write('{"status":"OK","results":[');
      setTimeout(() => request.socket.destroy(), 5);
      return;
    }
    const headers = fault.retryAfter === undefined ? {} : { 'Retry-After': fault.retryAfter };
    const message = 'You are not entitled to this data. Please upgrade your plan';
    send(response, fault.status, { status: 'ERROR', request_id: 'r', error: message, message }, headers);
  }
}

function passed(url: URL): string {
  const active = url.searchParams.get('active');
  return active === null ? '' : `&active=${active}`;
}

function send(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}
