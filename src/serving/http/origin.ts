import type { Serving, ServingContext } from './serving.ts';

/**
 * Scheme, host and port by which the caller reached this server, without a slash at the end: what `next_url` begins with.
 * Clients cut their own base off it, so it must be just that base. `Host` was checked before anything is answered.
 */
export function originOf(c: ServingContext, serving: Pick<Serving, 'publicUrl' | 'trustProxy'>): string {
  if (serving.publicUrl !== undefined) return serving.publicUrl;
  // The address was made of `Host` and normalized by whoever made the request.
  if (!serving.trustProxy) return c.req.url.slice(0, c.req.url.indexOf('/', c.req.url.indexOf('//') + 2));
  const url = new URL(c.req.url);
  const proto = first(c.req.header('x-forwarded-proto')) ?? url.protocol.slice(0, -1);
  const host = first(c.req.header('x-forwarded-host')) ?? c.req.header('host') ?? url.host;
  const port = first(c.req.header('x-forwarded-port'));
  const isDefault = port === undefined || host.includes(':') || port === (proto === 'https' ? '443' : '80');
  return `${proto}://${host}${isDefault ? '' : `:${port}`}`;
}

/** A chain of proxies lists what each was asked for; the first is the caller's. */
function first(header: string | undefined): string | undefined {
  const text = header?.split(',')[0]?.trim();
  return text === undefined || text === '' ? undefined : text;
}
