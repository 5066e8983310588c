/** The part of autocannon's API that the benchmarks use. */
declare module 'autocannon' {
  export interface Request {
    readonly method?: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
  }

  export interface Options {
    readonly url: string;
    readonly connections: number;
    /** Seconds. */
    readonly duration: number;
    readonly requests?: readonly Request[];
    readonly headers?: Readonly<Record<string, string>>;
    readonly timeout?: number;
  }

  export interface Result {
    readonly requests: { readonly average: number; readonly total: number };
    /** Milliseconds. */
    readonly latency: { readonly p50: number; readonly p99: number; readonly p99_9: number; readonly max: number };
    readonly errors: number;
    readonly timeouts: number;
    readonly non2xx: number;
    readonly '2xx': number;
  }

  // biome-ignore lint/style/noDefaultExport: the package has a default export.
  export default function autocannon(options: Options): PromiseLike<Result>;
}
