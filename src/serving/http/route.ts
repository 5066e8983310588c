import type { RouteConfig, z } from '@hono/zod-openapi';
import { UsageError } from '#base/errors.ts';
import { isRecord } from '#base/is-record.ts';
import { isSoundText, SOUND_TEXT } from '#base/sound-text.ts';
import type { Scope, ServingApp, ServingContext } from './serving.ts';
import { formatParameter, TABLE_CONTENT_TYPES } from './table-format.ts';

/** One route: what it is called with, what it answers, what it does. The OpenAPI document is made from these. */
export interface RouteDefinition<Params, Query, Body> {
  /** Default: `get`. */
  readonly method?: 'get' | 'post';
  /** As OpenAPI writes it: `/v2/last/trade/{ticker}`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: z.ZodType<Params>;
  readonly query?: z.ZodType<Query>;
  /** A JSON body. */
  readonly body?: z.ZodType<Body>;
  /** Scope that the caller's key needs; default: `read`. `none` means open to all. */
  readonly scope?: Scope | 'none';
  /**
   * Shape of the successful answer, for the document; `binary` and `events` for streams, or the content types of files.
   */
  readonly answer: z.ZodType | 'text' | 'binary' | 'events' | 'html' | readonly string[];
  /** Of the successful answer; 200 unless given. */
  readonly status?: 200 | 202;
  readonly handle: (
    c: ServingContext,
    input: { readonly params: Params; readonly query: Query; readonly body: Body },
  ) => Promise<Response> | Response;
}

/** Group of a route in the OpenAPI document. */
export type RouteTag = 'vendor' | 'condvest' | 'udf' | 'openbb' | 'operations';

/** Puts a route into the application and into its OpenAPI document. */
export function addRoute<Params = undefined, Query = undefined, Body = undefined>(
  app: ServingApp,
  tag: RouteTag,
  route: RouteDefinition<Params, Query, Body>,
): void {
  const { method = 'get', path, params, query, body, scope = 'read', handle } = route;
  const honoPath = path.replaceAll(/\{(\w+)\}/g, ':$1');
  if (scope !== 'read') app.scopes.set(`${method.toUpperCase()} ${honoPath}`, scope);
  app.openAPIRegistry.registerPath(documented(tag, route));
  const hasFormat = (query as unknown as z.ZodObject | undefined)?.shape?.['format'] !== undefined;
  app.on(method, honoPath, async (c) => {
    checkText(c.req.param(), 'Path parameter');
    checkText(c.req.queries(), 'Parameter');
    if (!hasFormat && c.req.query('format') !== undefined) throw formatRefused(c);
    return handle(c, {
      params: (params === undefined ? undefined : parsed(params, c.req.param(), 'Path parameter')) as Params,
      query: (query === undefined ? undefined : parsed(query, c.req.query(), 'Parameter')) as Query,
      body: (body === undefined ? undefined : parsed(body, await jsonBody(c), 'Field')) as Body,
    });
  });
}

/** Throws `parameter-invalid` for the first value that no part behind the routes could hold, whatever it is for. */
function checkText(values: Readonly<Record<string, unknown>>, what: string): void {
  for (const [name, value] of Object.entries(values)) {
    const unsound = [value].flat().find((one) => typeof one === 'string' && !isSoundText(one));
    if (unsound === undefined) continue;
    throw new UsageError({
      code: 'parameter-invalid',
      message: `${what} "${name}" cannot be used`,
      found: shown(unsound),
      allowed: SOUND_TEXT,
    });
  }
}

/** Refuses a format at an address that has one: its response would be read as something else. */
function formatRefused(c: ServingContext): UsageError {
  return new UsageError({
    code: 'parameter-invalid',
    message: 'Parameter "format" is not understood here: this address has one format',
    found: shown(c.req.query('format')),
    action: 'Leave it out. Whole tables in other formats: GET /condvest/v1/export/{tier}/{table}',
  });
}

/** Throws `parameter-invalid` for the first value that does not fit, naming it and what is allowed. */
function parsed<T>(schema: z.ZodType<T>, values: unknown, what: string): T {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const name = issue?.path.join('.') ?? '';
  const value = (values as Record<string, unknown> | null | undefined)?.[String(issue?.path[0])];
  throw new UsageError({
    code: 'parameter-invalid',
    message: name === '' ? 'The request is invalid' : `${what} "${name}" is invalid`,
    found: value === undefined ? 'nothing' : shown(value),
    ...(issue === undefined ? {} : { allowed: issue.message }),
  });
}

const SHOWN_MAX = 100;

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

async function jsonBody(c: ServingContext): Promise<unknown> {
  const type = c.req.header('content-type') ?? '';
  if (!/^application\/json\b/i.test(type)) {
    throw new UsageError({
      code: 'body-not-json',
      message: 'The body of this request must be JSON',
      found: type === '' ? 'no Content-Type' : type.slice(0, SHOWN_MAX),
      allowed: 'Content-Type: application/json',
    });
  }
  let body: unknown;
  try {
    body = await c.req.json();
  } catch (cause) {
    throw new UsageError({ code: 'body-invalid', message: 'The body of this request is not JSON', cause });
  }
  if (isRecord(body)) checkText(body, 'Field');
  return body;
}

const CONTENT_TYPES = {
  text: 'text/plain',
  binary: 'application/octet-stream',
  events: 'text/event-stream',
  html: 'text/html',
};

function documented<P, Q, B>(tag: RouteTag, route: RouteDefinition<P, Q, B>): RouteConfig {
  const { method = 'get', path, summary, description, params, query, body, answer, scope = 'read' } = route;
  const files = typeof answer === 'string' ? [CONTENT_TYPES[answer]] : Array.isArray(answer) ? answer : undefined;
  const isTable = (query as unknown as z.ZodObject | undefined)?.shape?.['format'] === formatParameter;
  const text = { schema: { type: 'string' as const } };
  const content =
    files === undefined
      ? {
          'application/json': { schema: answer as z.ZodType },
          ...(isTable ? { [TABLE_CONTENT_TYPES.csv]: text, [TABLE_CONTENT_TYPES.arrow]: text } : {}),
        }
      : Object.fromEntries(files.map((type: string) => [type, text]));
  return {
    method,
    path,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    ...(scope === 'none' ? { security: [] } : {}),
    request: {
      ...(params === undefined ? {} : { params: params as unknown as z.ZodObject }),
      ...(query === undefined ? {} : { query: query as unknown as z.ZodObject }),
      ...(body === undefined ? {} : { body: { content: { 'application/json': { schema: body } } } }),
    },
    responses: {
      [route.status ?? 200]: { description: 'Success', content },
      default: { description: 'An error: `status`, `request_id`, `error`, `message`, `code`' },
    },
  };
}
