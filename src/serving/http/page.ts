import type { PageFile } from '#ports/page-files.ts';
import { PAGE_POLICY } from './gate/security-headers.ts';
import { notFound } from './http-errors.ts';
import { matches, matchesAny, sendBody } from './sending.ts';
import type { Serving, ServingApp, ServingContext } from './serving.ts';

/**
 * The page and its files, after every route of the API. Open to all: the page itself asks for a key where one is
 * needed.
 */

/** An address that begins like an API address does not belong to the page. */
const API_ROOTS = new Set(['v1', 'v2', 'v3', 'vX', 'stocks', 'condvest', 'udf']);
const INDEX = 'index.html';
/** Names there carry a hash of what is in the file. */
const HASHED = 'assets/';

export function addPage(app: ServingApp, serving: Pick<Serving, 'cache' | 'page'>): void {
  app.scopes.set('GET /*', 'none');
  app.get('/*', async (c) => {
    const path = c.req.path.slice(1);
    const [root = ''] = path.split('/', 1);
    if (API_ROOTS.has(root)) throw notFound('There is nothing at this address', `/${path}`.slice(0, SHOWN_MAX));
    const file = path === '' ? undefined : await serving.page.read(path);
    if (file !== undefined) return await sendFile(c, serving, path, file);
    // An address inside the page, such as a bookmark: the page does its own routing.
    const isPage = path === '' || (!/\.\w+$/.test(path) && (c.req.header('accept') ?? '').includes('text/html'));
    if (!isPage) throw notFound('There is nothing at this address', `/${path}`.slice(0, SHOWN_MAX));
    const index = await serving.page.read(INDEX);
    if (index !== undefined) return await sendFile(c, serving, INDEX, index);
    return new Response(NOT_BUILT, {
      status: 200,
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'content-security-policy': PAGE_POLICY,
      },
    });
  });
}

const SHOWN_MAX = 200;

async function sendFile(
  c: ServingContext,
  { cache }: Pick<Serving, 'cache'>,
  path: string,
  file: PageFile,
): Promise<Response> {
  const headers: Record<string, string> = {
    etag: file.etag,
    'cache-control': path.startsWith(HASHED) ? 'public, max-age=31536000, immutable' : 'no-cache',
    vary: 'Accept-Encoding',
    'content-security-policy': PAGE_POLICY,
  };
  const known = c.req.header('if-none-match');
  if (matches(known, file.etag) || matchesAny(known)) return new Response(null, { status: 304, headers });
  const isText = /^(text|application)\/|svg/.test(file.contentType);
  if (!isText) return new Response(file.bytes, { headers: { ...headers, 'content-type': file.contentType } });
  return sendBody(c.req, cache, { key: `page ${path}`, body: file, headers });
}

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Condvest</title>
<h1>Condvest is serving</h1>
<p>The page was not built in this checkout. Build it with <code>npm run build:web</code> and reload.</p>
<p>The API works: <a href="/condvest/docs">its reference</a>, <a href="/condvest/v1/status">the state of the lake</a>.</p>
</html>
`;
