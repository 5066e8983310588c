/**
 * The routes of the OpenAPI document as text for language models, in the form of the vendor's `llms-full.txt` and `llms.txt`: programs
 * that find the vendor's routes by those files, such as its MCP server, then find ours.
 *
 * Such a program splits the text at lines of `---`. A section is a route if it has a line `**Endpoint:**`; the headings
 * before that line are its group and title, `**Description:**` goes up to the next heading, and the rows of the tables are
 * split at each `|`, escaped or not.
 */

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly description?: string;
  readonly default?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: Schema;
}

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }>
  >;
}

/** The part of an OpenAPI document that is written. */
export interface DescribedApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

interface DescribedRoute {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
/** Fields of fields of fields: a model that needs more reads a response. */
const DEPTH_MAX = 4;

/** Returns one section a route: what it does, its parameters, and the fields of its response. */
export function llmsFullText(api: DescribedApi, origin: string): string {
  const introduction = `> Base address: ${origin}. A shorter list: ${origin}/llms.txt\n\n# REST API\n\n## Stocks\n`;
  const sections = routesOf(api).map((route) => sectionOf(route, api));
  return `${[introduction, ...sections].join('\n---\n\n')}`;
}

/** Returns one line a route. */
export function llmsText(api: DescribedApi, origin: string): string {
  const lines = routesOf(api).map(
    ({ method, path, operation: { summary = path } }) =>
      `- [${summary}](${origin}/llms-full.txt): \`${method} ${path}\``,
  );
  return `# Condvest\n\n> Stock market data of one lake. All parameters: ${origin}/llms-full.txt\n\n## Stocks\n\n${lines.join('\n')}\n`;
}

function routesOf({ paths }: DescribedApi): DescribedRoute[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    METHODS.flatMap((method) => {
      const operation = methods[method];
      return operation === undefined ? [] : [{ method: method.toUpperCase(), path, operation }];
    }),
  );
}

function sectionOf({ method, path, operation }: DescribedRoute, api: DescribedApi): string {
  const { summary = path, description, parameters = [], responses } = operation;
  const [response] = Object.entries(responses).flatMap(([status, one]) => (status === 'default' ? [] : [one]));
  const contents = Object.entries(response?.content ?? {});
  const types = contents.map(([type]) => type.replace(/;.*/, '')).filter((type) => type !== 'application/json');
  const paragraphs = [
    ...(description === undefined ? [`${summary}.`] : [`${summary}. ${description}`]),
    ...(types.length === 0 ? [] : [`${types.length < contents.length ? 'Also as' : 'As'} ${types.join(', ')}.`]),
  ];
  const attributes = contents.flatMap(([, { schema }]) => (schema === undefined ? [] : attributesOf(schema, api)));
  return [
    '# REST\n## Stocks\n',
    `### ${summary}\n`,
    `**Endpoint:** \`${method} ${path}\`\n`,
    `**Description:**\n\n${paragraphs.map(oneLine).join('\n\n')}\n`,
    ...table('Query Parameters', ['Parameter', 'Type', 'Required', 'Description'], parameters.map(parameterRow)),
    ...table('Response Attributes', ['Field', 'Type', 'Description'], attributes),
  ].join('\n');
}

function table(title: string, header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const lines = [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`);
  return [`## ${title}\n\n${lines.join('\n')}\n`];
}

function parameterRow({ name, in: place, required = false, description, schema = {} }: Parameter): string[] {
  const words = [
    description ?? schema.description,
    schema.enum === undefined ? undefined : `One of ${schema.enum.filter((one) => one !== '').join(', ')}`,
    schema.default === undefined || schema.default === '' ? undefined : `Default ${String(schema.default)}`,
  ].filter((text) => text !== undefined && text !== '');
  return [
    `\`${name}\``,
    typeText(schema),
    required || place === 'path' ? 'Yes' : 'No',
    words.map((text) => `${text}.`).join(' '),
  ];
}

/** The fields of a response, with those inside them: `results[].c`. */
function attributesOf(schema: Schema, api: DescribedApi, prefix = '', depth = 1): string[][] {
  const { properties, items, anyOf, oneOf, allOf } = resolved(schema, api);
  if (items !== undefined) return attributesOf(items, api, `${prefix}[]`, depth);
  const parts = anyOf ?? oneOf ?? allOf;
  if (parts !== undefined) {
    const rows = parts.flatMap((one) => attributesOf(one, api, prefix, depth));
    return [...new Map(rows.map((row) => [row[0], row])).values()];
  }
  return Object.entries(properties ?? {}).flatMap(([name, field]) => {
    const inner = resolved(field, api);
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const row = [`\`${path}\``, typeText(inner), field.description ?? inner.description ?? ''];
    return [row, ...(depth < DEPTH_MAX ? attributesOf(inner, api, path, depth + 1) : [])];
  });
}

function resolved(schema: Schema, { components }: DescribedApi): Schema {
  const { $ref } = schema;
  return $ref === undefined ? schema : (components?.schemas?.[$ref.split('/').at(-1) ?? ''] ?? {});
}

function typeText({ type, enum: values, const: value, items, properties, anyOf, oneOf, allOf }: Schema): string {
  if (value !== undefined) return typeof value;
  if (values !== undefined) return typeof values[0];
  if (items !== undefined) return 'array';
  if (properties !== undefined) return 'object';
  const parts = anyOf ?? oneOf ?? allOf;
  const types = parts === undefined ? [type ?? 'any'].flat() : parts.map(typeText);
  return types.find((one) => one !== 'null') ?? 'null';
}

function cell(text: string): string {
  return oneLine(text).replaceAll('|', '/');
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
