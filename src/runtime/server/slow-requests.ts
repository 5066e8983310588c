import type { ServerOptions } from 'node:http';

/** Timeout for the head of a request. */
const HEAD_MS = 10_000;
/** Timeout for a whole request, from its first byte. */
const REQUEST_MS = 30_000;
/** Looks at every connection per timeout. Node looks every 30 s by default, and so would cut a head after 40 s. */
const CHECKS = 10;

/** Returns the options of an HTTP server that cuts off requests that arrive too slowly. */
export function slowRequestLimits(
  headMs = HEAD_MS,
): Pick<ServerOptions, 'headersTimeout' | 'requestTimeout' | 'connectionsCheckingInterval'> {
  return {
    headersTimeout: headMs,
    requestTimeout: Math.max(headMs, REQUEST_MS),
    connectionsCheckingInterval: Math.ceil(headMs / CHECKS),
  };
}
