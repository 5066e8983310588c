import { createApp } from '../src/serving/app.ts';
import { openApiDocument } from '../src/serving/condvest/reference-routes.ts';
import { DEFAULT_LIMITS, type Serving } from '../src/serving/http/serving.ts';

/** The reference pages of our own HTTP routes and their JSON, generated from the OpenAPI document. */

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly schema?: Schema;
    readonly description?: string;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
}

const ROUTES_PAGE = 'http-api.md';
const SHAPES_PAGE = 'http-api-shapes.md';

const METHODS = ['get', 'post', 'delete'] as const;

const INTRODUCTION = `# HTTP API

Everything a server has under \`/condvest/v1\`, beyond the vendor's own routes and the chart feed.
\`/condvest/v1/openapi.json\` describes all of them as OpenAPI 3.1, and \`/condvest/docs\` lets you try them out. Both come
from the server itself.

- **Dates** are \`YYYY-MM-DD\`, instants are epoch milliseconds (\`…_ms\`). Symbols are case-sensitive.
- **\`as_of\`** takes a date (its end in UTC), \`2024-01-02T15:00:00Z\` or epoch milliseconds, and answers from what was
  known then, with the same bytes for as long as versions are retained.
- **Caching.** Responses made from the lake carry an \`ETag\` of the table versions they were made from. Send it back as
  \`If-None-Match\` and you get 304 until something changes. Responses pinned by \`as_of\` are immutable.
- **Paging.** \`next_url\` is the next page, consistent with page one; the last page has none.
- **Errors** are JSON: \`status\`, \`request_id\`, \`error\` and \`message\` (the same text), and a stable \`code\`. 400 invalid
  request, 401 missing or unknown key, 403 forbidden, 404 not found, 409 a run is already in progress, 429 too many
  requests, 503 too busy or no data yet; the last two have \`Retry-After\`.
- **Exports and SQL** are streamed: memory use does not grow with their size, and rows are produced as fast as you read
  them. A failure midway breaks the connection, so a download that ends normally is complete. Rows, time and concurrency
  are limited.`;

export function httpApiPages(): { readonly path: string; readonly text: string }[] {
  // Routes are only registered, which needs nothing of the server but its limits.
  const serving = { limits: DEFAULT_LIMITS, intervals: [] } as unknown as Serving;
  const app = createApp(serving, { before: () => {}, after: () => {}, onBug: () => {} });
  const document = openApiDocument(app, '') as unknown as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
    readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
  };
  const lines = [INTRODUCTION];
  const named = new Set<string>();
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = methods[method];
      if (operation === undefined || operation.tags?.[0] !== 'condvest') continue;
      lines.push(...operationLines(`${method.toUpperCase()} ${path}`, operation, named));
    }
  }
  const { schemas } = document.components;
  const shapes = [
    '# HTTP API: shapes',
    '',
    `The JSON of the [HTTP API](${ROUTES_PAGE}). An *optional* field is omitted if it has no value.`,
  ];
  // Writing a shape may add others to the set.
  for (const name of named) shapes.push(...shapeLines(name, schemas[name] ?? {}, named));
  return [
    { path: `docs/reference/${ROUTES_PAGE}`, text: `${lines.join('\n')}\n` },
    { path: `docs/reference/${SHAPES_PAGE}`, text: `${shapes.join('\n')}\n` },
  ];
}

function operationLines(title: string, operation: Operation, named: Set<string>): string[] {
  const lines = ['', `## ${title}`, '', `${operation.summary ?? ''}.`];
  if (operation.description !== undefined) lines.push('', operation.description);
  const { parameters = [] } = operation;
  if (parameters.length > 0) lines.push('', '| parameter | value | meaning |', '|---|---|---|');
  for (const { name, schema = {}, description = '' } of parameters) {
    const preset = schema.default === undefined ? '' : `; default \`${String(schema.default)}\``;
    lines.push(`| \`${name}\` | ${valueText(schema, named)}${preset} | ${cell(description)} |`);
  }
  const [body] = Object.values(operation.requestBody?.content ?? {});
  if (body !== undefined) lines.push('', `JSON body: ${valueText(body.schema, named)}.`);
  const [status, answer] = Object.entries(operation.responses)[0] ?? ['200', {}];
  const contents = Object.entries(answer.content ?? {});
  const kinds = contents.map(([type, { schema }]) =>
    type === 'application/json' ? `JSON, ${valueText(schema, named)}` : `\`${type}\``,
  );
  lines.push('', `Responds with ${status}: ${kinds.join(', ')}.`);
  return lines;
}

function shapeLines(name: string, schema: Schema, named: Set<string>): string[] {
  const lines = ['', `## ${name}`, ''];
  if (schema.description !== undefined) lines.push(schema.description, '');
  if (schema.properties === undefined) return [...lines, `${valueText(schema, named)}.`];
  lines.push('| field | value | meaning |', '|---|---|---|');
  for (const [field, inner] of Object.entries(schema.properties)) {
    const isOptional = schema.required?.includes(field) !== true;
    const description = inner.description ?? inner.allOf?.find((one) => one.description !== undefined)?.description;
    lines.push(
      `| \`${field}\`${isOptional ? ' (optional)' : ''} | ${valueText(inner, named)} | ${cell(description ?? '')} |`,
    );
  }
  return lines;
}

/** Describes a value in a few words. */
function valueText(schema: Schema, named: Set<string>): string {
  const { $ref, anyOf, oneOf, allOf, items, properties, additionalProperties } = schema;
  if ($ref !== undefined) {
    const name = $ref.split('/').at(-1) ?? '';
    named.add(name);
    return `[${name}](${SHAPES_PAGE}#${name.toLowerCase()})`;
  }
  const [only] = allOf ?? [];
  if (only !== undefined) return valueText(only, named);
  const alternatives = anyOf ?? oneOf;
  if (alternatives !== undefined) return alternatives.map((one) => valueText(one, named)).join(' or ');
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((one) => `\`${String(one)}\``).join(', ');
  if (items !== undefined) return `list of ${valueText(items, named)}`;
  if (properties !== undefined) {
    const fields = Object.entries(properties).map(([name, inner]) => `\`${name}\` ${valueText(inner, named)}`);
    return `{ ${fields.join(', ')} }`;
  }
  if (typeof additionalProperties === 'object') return `object of ${valueText(additionalProperties, named)} by name`;
  if (schema.format === 'date') return 'date';
  const types = Array.isArray(schema.type) ? schema.type : [schema.type ?? 'any'];
  return `${types.join(' or ')}${rangeText(schema)}`;
}

/** A larger bound in a schema only says that the value is a safe integer. */
const RANGE_MAX = 1e12;

function rangeText({ minimum, maximum }: Schema): string {
  const [low, high] = [minimum, maximum].map((n) => (n === undefined || Math.abs(n) > RANGE_MAX ? undefined : n));
  if (low !== undefined && high !== undefined) return ` from ${low} to ${high}`;
  return low === undefined ? '' : ` from ${low}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
