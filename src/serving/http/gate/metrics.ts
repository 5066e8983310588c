import { RequestSeries } from './request-series.ts';

/**
 * Counts the requests of one server. Series are by route pattern, method and status class, all of them few: no path or
 * symbol made up by a caller becomes a series.
 */
export class ServerMetrics {
  readonly requests = new RequestSeries();
  #running = 0;

  /** Requests not answered yet. */
  get running(): number {
    return this.#running;
  }

  begin(): void {
    this.#running += 1;
  }

  /** `route`: the pattern, `none` where there is no such route. */
  end(request: {
    readonly route: string;
    readonly method: string;
    readonly status: number;
    readonly ms: number;
  }): void {
    this.#running -= 1;
    this.requests.observe(request.route, request.method, request.status, request.ms);
  }
}
