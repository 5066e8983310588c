import { printable } from '#base/printable.ts';

/** One line of the access log. Holds no key, neither as a parameter nor in a path, and nothing that drives a terminal. */
export interface AccessRecord {
  readonly requestId: string;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly route: string;
  readonly status: number;
  /** To the beginning of the answer. */
  readonly ms: number;
  readonly caller: string;
  readonly address: string;
  readonly userAgent: string;
  /** The code of the error that it was refused with, or that its answer stopped with in the middle. */
  readonly code: string | undefined;
  /** A second line of a request: its answer, which had begun with this status, stopped in the middle. */
  readonly isBroken?: true;
}

const TEXT_MAX = 200;
const METHOD_MAX = 16;
const URL_MAX = 2048;

/**
 * Returns the log record of a request, without secrets and within the length of a line. `url` is complete, with its
 * origin.
 */
export function accessRecord(request: AccessRecord): AccessRecord {
  return {
    ...request,
    method: printable(request.method, METHOD_MAX),
    url: withoutKey(request.url),
    ms: Math.round(request.ms * 100) / 100,
    address: printable(request.address, TEXT_MAX),
    userAgent: printable(request.userAgent, TEXT_MAX),
  };
}

/** Path and query, without the key. */
function withoutKey(url: string): string {
  const path = url.slice(url.indexOf('/', url.indexOf('//') + 2));
  return printable(path.replaceAll(/([?&][^=&]*key[^=&]*=)[^&]*/gi, '$1hidden'), URL_MAX);
}
