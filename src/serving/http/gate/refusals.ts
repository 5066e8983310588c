import { UsageError } from '#base/errors.ts';
import type { Caller, Scope, Serving } from '../serving.ts';

/** Errors of requests that the gate rejects, worded for whoever can fix them. */

const SHOWN_MAX = 200;

export function urlTooLong(max: number): UsageError {
  return new UsageError({ code: 'url-too-long', message: 'The URL is too long', allowed: `up to ${max} bytes` });
}

export function bodyTooLarge({ limits }: Pick<Serving, 'limits'>): UsageError {
  return new UsageError({
    code: 'body-too-large',
    message: 'The request body is too large',
    allowed: `up to ${limits.bodyBytes} bytes`,
  });
}

export function hostRefused(host: string): UsageError {
  return new UsageError({
    code: 'host-refused',
    message: 'Requests for this host name are not accepted',
    found: host.slice(0, SHOWN_MAX),
    action: 'Use the URL that the server printed at startup, or add the name to CONDVEST_SERVE_HOSTS',
  });
}

export function proxyUnexpected(): UsageError {
  return new UsageError({
    code: 'host-refused',
    message: 'Requests through a proxy are not accepted by a server without API keys',
    found: 'an X-Forwarded-For or Forwarded header',
    action: 'To serve through a proxy, set CONDVEST_SERVE_PUBLIC_URL and create a key with: condvest keys create',
  });
}

export function scopeMissing(caller: Caller, needed: Scope): UsageError {
  return new UsageError({
    code: 'scope-missing',
    message: 'This API key lacks the required scope',
    found: `${caller.name}, with ${caller.scopes.join(', ')}`,
    allowed: `a key with the ${needed} scope`,
  });
}
