import { promisify } from 'node:util';
import { gzip as gzipWithCallback } from 'node:zlib';
import type { KeptAnswer } from './answer-cache.ts';
import type { Serving, ServingContext } from './serving.ts';

/** How the bytes of a kept answer go out. */

const gzip = promisify(gzipWithCallback);

/** Below this, compressing costs more than it saves. */
const GZIP_FROM_BYTES = 1024;
/** A fast level: answers are made on demand. */
const GZIP_LEVEL = 3;

/** The bytes of an answer, compressed where the caller takes that. */
export async function sendKept(
  c: ServingContext,
  serving: Serving,
  answer: { readonly key: string; readonly kept: KeptAnswer; readonly headers: Record<string, string> },
): Promise<Response> {
  const { key, kept, headers } = answer;
  const accepted = c.req.header('accept-encoding');
  const sent = keptBytes(kept, accepted) ?? packed(kept, await compressed(serving, key, kept));
  return new Response(sent.bytes, { status: 200, headers: { ...headers, ...sent.headers } });
}

interface SentBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

/** The bytes in the form that the caller takes, with what is said of it; undefined where they must be compressed first. */
export function keptBytes(kept: KeptAnswer, accepted: string | undefined): SentBytes | undefined {
  const { contentType, bytes, gzip: known } = kept;
  if (bytes.byteLength < GZIP_FROM_BYTES || !acceptsGzip(accepted))
    return { bytes, headers: { 'content-type': contentType } };
  return known === undefined ? undefined : packed(kept, known);
}

function packed({ contentType }: KeptAnswer, bytes: Uint8Array<ArrayBuffer>): SentBytes {
  return { bytes, headers: { 'content-type': contentType, 'content-encoding': 'gzip' } };
}

async function compressed(serving: Serving, key: string, kept: KeptAnswer): Promise<Uint8Array<ArrayBuffer>> {
  if (kept.gzip !== undefined) return kept.gzip;
  const bytes = new Uint8Array(await gzip(kept.bytes, { level: GZIP_LEVEL }));
  serving.answers.keepGzip(key, kept, bytes);
  return bytes;
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
