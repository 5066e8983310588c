import { z } from '@hono/zod-openapi';
import { PAGE_POLICY } from '../http/gate/security-headers.ts';
import { toJson } from '../http/json.ts';
import { originOf } from '../http/origin.ts';
import { addRoute } from '../http/route.ts';
import type { Serving, ServingApp, ServingContext } from '../http/serving.ts';
import { type DescribedApi, llmsFullText, llmsText } from './llms-text.ts';
import { REFERENCE_PAGE, REFERENCE_SCRIPT } from './reference-page.ts';

const DESCRIPTION = `Stock market data of one lake, by three protocols at once:

- at the root, the REST API of Massive (Polygon.io): programs written for it work by changing their base URL;
- under \`/condvest/v1\`, what this server knows beyond it: bars as of any instant, how final each is and what it was made of, the
  ledger, runs of the pipeline, exports;
- under \`/udf\`, the feed of TradingView's charting library.

On a loopback address any key or none is accepted; elsewhere send \`Authorization: Bearer KEY\`, or \`apiKey=KEY\` in the query.
Errors are JSON with \`status\`, \`request_id\`, \`error\`, \`message\` and a stable \`code\`. Answers carry an ETag of the table versions
that they were made from; those pinned by \`as_of\` never change.`;

/** Descriptions of the tags of routes. */
const TAGS = [
  { name: 'condvest', description: 'Our own API' },
  { name: 'vendor', description: 'Compatible with Massive (Polygon.io)' },
  { name: 'udf', description: "TradingView's Universal Data Feed" },
  { name: 'openbb', description: 'OpenBB Workspace' },
  { name: 'operations', description: 'For operators of the server' },
];

const LLMS_FILES = [
  ['/llms.txt', llmsText, 'This API as a list for language models'],
  ['/llms-full.txt', llmsFullText, 'This API as text for language models, with all parameters'],
] as const;

/** The description of every route, made from the routes themselves. */
export function openApiDocument(app: ServingApp, version: string) {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Condvest',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    security: [{ bearer: [] }, { apiKey: [] }, {}],
    tags: TAGS,
  });
}

export function addReferenceRoutes(
  app: ServingApp,
  serving: Pick<Serving, 'publicUrl' | 'trustProxy' | 'version'>,
): void {
  let made: ReturnType<typeof openApiDocument> | undefined;
  // Built once, after all routes were added; only the server's address differs between callers.
  const document = () => (made ??= openApiDocument(app, serving.version));
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'A key from condvest keys create',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', { type: 'apiKey', in: 'query', name: 'apiKey' });
  addRoute(app, 'condvest', {
    path: '/condvest/v1/openapi.json',
    summary: 'This API as OpenAPI 3.1',
    scope: 'none',
    answer: z.object({ openapi: z.string() }).loose(),
    handle: (c) => {
      const servers = [{ url: originOf(c.req, serving) }];
      return sent(c, 'application/json; charset=utf-8', toJson({ ...document(), servers }));
    },
  });
  for (const [path, text, summary] of LLMS_FILES) {
    addRoute(app, 'condvest', {
      path,
      summary,
      description: "In the form of the vendor's file of that name, for programs that find routes by it.",
      scope: 'none',
      answer: 'text',
      handle: (c) =>
        sent(c, 'text/plain; charset=utf-8', text(document() as unknown as DescribedApi, originOf(c.req, serving))),
    });
  }
  addRoute(app, 'condvest', {
    path: '/condvest/docs',
    summary: 'The interactive API reference',
    scope: 'none',
    answer: 'html',
    handle: (c) => sent(c, 'text/html; charset=utf-8', REFERENCE_PAGE),
  });
  addRoute(app, 'condvest', {
    path: '/condvest/docs/start.js',
    summary: 'Start script of the reference page',
    scope: 'none',
    answer: ['text/javascript'],
    handle: (c) => sent(c, 'text/javascript; charset=utf-8', REFERENCE_SCRIPT),
  });
}

function sent(c: ServingContext, contentType: string, text: string): Response {
  return new Response(text, {
    headers: {
      'content-type': contentType,
      'cache-control': 'no-cache',
      'content-security-policy': PAGE_POLICY,
      'x-request-id': c.get('requestId'),
    },
  });
}
