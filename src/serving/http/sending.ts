import { promisify } from 'node:util';
import { gzip as gzipWithCallback } from 'node:zlib';
import type { CacheKind, VersionedCache } from '../read/versioned-cache.ts';
import type { RequestHead } from './request-head.ts';

/** Sends bytes that are in memory: compressed once, when first requested so, and cached in that form too. */

/** A body ready to be sent. Immutable. */
export interface Body {
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

export interface Sending {
  /** Names the body among all in the cache. */
  readonly key: string;
  readonly body: Body;
  readonly headers: Readonly<Record<string, string>>;
}

/** Responds with a body, compressed where the caller accepts that. */
export async function sendBody(request: RequestHead, cache: VersionedCache, sending: Sending): Promise<Response> {
  const { key, body } = sending;
  if (!isCompressed(request, body)) return plain(sending);
  const compress = async () => new Uint8Array(await gzip(body.bytes, { level: GZIP_LEVEL }));
  return compressed(sending, await cache.get(GZIPPED, key, compress, body.etag));
}

/** Responds as `sendBody` does, without waiting; undefined if the body is still to be compressed. */
export function sendNow(request: RequestHead, cache: VersionedCache, sending: Sending): Response | undefined {
  const { key, body } = sending;
  if (!isCompressed(request, body)) return plain(sending);
  const bytes = cache.peek(GZIPPED, key, body.etag);
  return bytes === undefined ? undefined : compressed(sending, bytes);
}

function isCompressed(request: RequestHead, { bytes }: Body): boolean {
  return bytes.byteLength >= GZIP_FROM_BYTES && acceptsGzip(request.header('accept-encoding'));
}

function plain({ headers, body: { bytes, etag, contentType } }: Sending): Response {
  return new Response(bytes, { headers: { ...headers, etag, 'content-type': contentType } });
}

function compressed({ headers, body: { etag, contentType } }: Sending, bytes: Uint8Array<ArrayBuffer>): Response {
  const encoded = { etag, 'content-type': contentType, 'content-encoding': 'gzip' };
  return new Response(bytes, { headers: { ...headers, ...encoded } });
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
