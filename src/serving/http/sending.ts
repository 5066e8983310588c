import { promisify } from 'node:util';
import { gzip as gzipWithCallback } from 'node:zlib';
import type { CacheKind, VersionedCache } from '../read/versioned-cache.ts';
import type { ServingContext } from './serving.ts';

/** Sends bytes that are in memory: compressed once, when first requested so, and cached in that form too. */

/** A body ready to be sent. Immutable. */
export interface CachedBody {
  readonly contentType: string;
  readonly etag: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const gzip = promisify(gzipWithCallback);
const GZIPPED: CacheKind<Uint8Array<ArrayBuffer>> = { name: 'gzipped', bytesOf: ({ byteLength }) => byteLength };

/** Below this, compressing costs more than it saves. */
const GZIP_FROM_BYTES = 1024;
/** A fast level: responses are made on demand. */
const GZIP_LEVEL = 3;

/** Responds with a body, compressed where the caller accepts that. `key`: names the body among all in the cache. */
export async function sendBody(
  c: ServingContext,
  cache: VersionedCache,
  { key, body, headers }: { readonly key: string; readonly body: CachedBody; readonly headers: Record<string, string> },
): Promise<Response> {
  const sent = { ...headers, etag: body.etag, 'content-type': body.contentType };
  if (body.bytes.byteLength < GZIP_FROM_BYTES || !acceptsGzip(c.req.header('accept-encoding')))
    return new Response(body.bytes, { headers: sent });
  const bytes = await cache.get(
    GZIPPED,
    key,
    async () => new Uint8Array(await gzip(body.bytes, { level: GZIP_LEVEL })),
    body.etag,
  );
  return new Response(bytes, { headers: { ...sent, 'content-encoding': 'gzip' } });
}

/** The caller has just this answer. */
export function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const bare = etag.replace('W/', '');
  return header.split(',').some((one) => one.trim().replace('W/', '') === bare);
}

/** The caller wants no answer where there is any (RFC 9110, 13.1.2): that is known only once there is one. */
export function matchesAny(header: string | undefined): boolean {
  return header?.trim() === '*';
}

export function acceptsGzip(header: string | undefined): boolean {
  return header !== undefined && /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(header);
}
