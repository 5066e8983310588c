import { UsageError } from '#base/errors.ts';
import type { Caller, Scope, Serving } from '../serving.ts';

/** Why the gate lets a request not in, in the words of whoever can mend it. */

const SHOWN_MAX = 200;

export function urlTooLong(max: number): UsageError {
  return new UsageError({ code: 'url-too-long', message: 'The address is too long', allowed: `${max} bytes` });
}

export function bodyTooLarge({ limits }: Serving): UsageError {
  return new UsageError({
    code: 'body-too-large',
    message: 'The body of this request is too large',
    allowed: `${limits.bodyBytes} bytes`,
  });
}

export function hostRefused(host: string): UsageError {
  return new UsageError({
    code: 'host-refused',
    message: 'This server does not accept this host name',
    found: host.slice(0, SHOWN_MAX),
    action: 'Use the address that it printed when it started, or add the name to CONDVEST_SERVE_HOSTS',
  });
}

export function proxyUnexpected(): UsageError {
  return new UsageError({
    code: 'host-refused',
    message: 'This request came through a proxy, but this server admits every local caller',
    found: 'X-Forwarded-For or Forwarded',
    action:
      'To serve others through a proxy, set CONDVEST_SERVE_PUBLIC_URL and create a key with: condvest keys create',
  });
}

export function scopeMissing(caller: Caller, needed: Scope): UsageError {
  return new UsageError({
    code: 'scope-missing',
    message: 'This key does not have the required scope',
    found: `key ${caller.name}: ${caller.scopes.join(', ')}`,
    allowed: `a key with the scope ${needed}`,
  });
}
