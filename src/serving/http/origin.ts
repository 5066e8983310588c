import type { RequestHead } from './request-head.ts';
import type { Serving } from './serving.ts';

/**
 * Scheme, host and port by which the caller reached this server, without a slash at the end: what `next_url` begins with.
 * Clients cut their own base off it, so it must be just that base. `Host` was checked before anything is answered.
 */
export function originOf(request: RequestHead, serving: Pick<Serving, 'publicUrl' | 'trustProxy'>): string {
  if (serving.publicUrl !== undefined) return serving.publicUrl;
  // The address was built from `Host` and normalized by the server that made the request.
  if (!serving.trustProxy) return request.url.slice(0, request.url.indexOf('/', request.url.indexOf('//') + 2));
  const url = new URL(request.url);
  const proto = first(request.header('x-forwarded-proto')) ?? url.protocol.slice(0, -1);
  const host = first(request.header('x-forwarded-host')) ?? request.header('host') ?? url.host;
  const port = first(request.header('x-forwarded-port'));
  const isDefault = port === undefined || host.includes(':') || port === (proto === 'https' ? '443' : '80');
  return `${proto}://${host}${isDefault ? '' : `:${port}`}`;
}

/** A chain of proxies lists what each was asked for; the first is the caller's. */
function first(header: string | undefined): string | undefined {
  const text = header?.split(',')[0]?.trim();
  return text === undefined || text === '' ? undefined : text;
}
