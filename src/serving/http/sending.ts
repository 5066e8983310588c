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
  headers['content-type'] = kept.contentType;
  if (kept.bytes.byteLength < GZIP_FROM_BYTES || !acceptsGzip(c.req.header('accept-encoding')))
    return new Response(kept.bytes, { status: 200, headers });
  headers['content-encoding'] = 'gzip';
  return new Response(await compressed(serving, key, kept), { status: 200, headers });
}

async function compressed(serving: Serving, key: string, kept: KeptAnswer): Promise<Uint8Array<ArrayBuffer>> {
  if (kept.gzip !== undefined) return kept.gzip;
  const bytes = new Uint8Array(await gzip(kept.bytes, { level: GZIP_LEVEL }));
  serving.answers.keepGzip(key, kept, bytes);
  return bytes;
}

export function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const bare = etag.replace('W/', '');
  return header.split(',').some((one) => one.trim() === '*' || one.trim().replace('W/', '') === bare);
}

export function acceptsGzip(header: string | undefined): boolean {
  return header !== undefined && /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(header);
}
