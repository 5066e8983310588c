import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';

/**
 * The vendor's API specification, taken from its own client: the types in `@massive.com/client-js` are generated from
 * its OpenAPI document, with every field, whether it is required, and the values of every enumeration. Requests and
 * responses are checked against them, so that neither the adapter nor the fake vendor can drift from what the vendor
 * documents.
 */

/** Request and response types of a path; `{}` stands for one segment. */
const OPERATIONS: readonly { readonly path: string; readonly name: string; readonly request: string }[] = [
  {
    path: '/v2/aggs/grouped/locale/us/market/stocks/{date}',
    name: 'GetGroupedStocksAggregates',
    request: 'DefaultApiGetGroupedStocksAggregatesRequest',
  },
  { path: '/v3/reference/tickers', name: 'ListTickers', request: 'DefaultApiListTickersRequest' },
  { path: '/v3/reference/tickers/{ticker}', name: 'GetTicker', request: 'DefaultApiGetTickerRequest' },
  { path: '/v3/reference/splits', name: 'ListStockSplits', request: 'DefaultApiListStockSplitsRequest' },
  { path: '/v3/reference/dividends', name: 'ListDividends', request: 'DefaultApiListDividendsRequest' },
  { path: '/stocks/v1/splits', name: 'GetStocksV1Splits', request: 'DefaultApiGetStocksV1SplitsRequest' },
  { path: '/stocks/v1/dividends', name: 'GetStocksV1Dividends', request: 'DefaultApiGetStocksV1DividendsRequest' },
  { path: '/vX/reference/tickers/{id}/events', name: 'GetEvents', request: 'DefaultApiGetEventsRequest' },
];

interface TypeNode {
  readonly type: string;
  readonly [key: string]: unknown;
}

interface Property {
  readonly name: string;
  readonly isOptional: boolean;
  readonly node: TypeNode;
}

export class VendorContract {
  readonly #interfaces = new Map<string, readonly Property[]>();
  readonly #enums = new Map<string, readonly unknown[]>();
  readonly #aliases = new Map<string, TypeNode>();

  static read(): VendorContract {
    const path = fileURLToPath(import.meta.resolve('@massive.com/client-js')).replace(/main\.js$/, 'main.d.ts');
    return new VendorContract(readFileSync(path, 'utf8'));
  }

  constructor(text: string) {
    const { program, errors } = parseSync('main.d.ts', text, { lang: 'dts' });
    if (errors.length > 0) throw new Error(`the client's types cannot be read: ${errors[0]?.message}`);
    for (const statement of program.body as unknown as TypeNode[]) this.#take(statement);
  }

  /** Returns what is wrong with a request, one line each. `cursor` is the vendor's own, in the address of a page. */
  requestFaults(address: URL): string[] {
    const operation = operationOf(address.pathname);
    if (operation === undefined) return [`${address.pathname} is no path of the vendor's`];
    const known = this.#interfaces.get(operation.request);
    if (known === undefined) return [`the client has no ${operation.request}`];
    const faults: string[] = [];
    for (const [name, text] of address.searchParams) {
      if (name === 'cursor' || name === 'apiKey') continue;
      const property = known.find((one) => one.name === camelCase(name));
      if (property === undefined) faults.push(`${address.pathname}: there is no parameter ${name}`);
      else faults.push(...this.#faults(parameterOf(text), property.node, name));
    }
    return faults;
  }

  /** Returns what is wrong with a response of status 200, one line each. Undocumented fields count as wrong. */
  replyFaults(pathname: string, body: unknown): string[] {
    const operation = operationOf(pathname);
    if (operation === undefined) return [`${pathname} is no path of the vendor's`];
    return this.#faults(body, reference(`${operation.name}200Response`), operation.name);
  }

  #take(statement: TypeNode): void {
    const { id } = statement as { id?: { name: string } };
    if (id === undefined) return;
    if (statement.type === 'TSInterfaceDeclaration') {
      const { body } = statement.body as { body: TypeNode[] };
      this.#interfaces.set(id.name, body.filter((member) => member.type === 'TSPropertySignature').map(propertyOf));
    } else if (statement.type === 'TSEnumDeclaration') {
      const { members } = statement.body as { members: { initializer: { value: unknown } }[] };
      this.#enums.set(
        id.name,
        members.map(({ initializer }) => initializer.value),
      );
    } else if (statement.type === 'TSTypeAliasDeclaration') {
      this.#aliases.set(id.name, statement.typeAnnotation as TypeNode);
    }
  }

  #faults(value: unknown, node: TypeNode, path: string): string[] {
    const keyword = KEYWORDS[node.type];
    if (keyword !== undefined) return typeof value === keyword ? [] : [`${path} is ${shown(value)}, not a ${keyword}`];
    if (node.type === 'TSAnyKeyword' || node.type === 'TSObjectKeyword') return [];
    if (node.type === 'TSNullKeyword') return value === null ? [] : [`${path} is ${shown(value)}, not null`];
    if (node.type === 'TSArrayType') return this.#elementFaults(value, node.elementType as TypeNode, path);
    if (node.type === 'TSUnionType') {
      const all = (node.types as TypeNode[]).map((one) => this.#faults(value, one, path));
      return all.some((faults) => faults.length === 0) ? [] : (all[0] ?? []);
    }
    if (node.type !== 'TSTypeReference') throw new Error(`${path}: types of kind ${node.type} are not understood`);
    const { name } = node.typeName as { name: string };
    if (name === 'Array') {
      const [element] = (node.typeArguments as { params: TypeNode[] }).params;
      return element === undefined ? [] : this.#elementFaults(value, element, path);
    }
    const values = this.#enums.get(name);
    if (values !== undefined)
      return values.includes(value) ? [] : [`${path} is ${shown(value)}, not one of ${values.join(', ')}`];
    const alias = this.#aliases.get(name);
    if (alias !== undefined) return this.#faults(value, alias, path);
    const properties = this.#interfaces.get(name);
    if (properties === undefined) throw new Error(`${path}: the client has no type ${name}`);
    return this.#objectFaults(value, properties, path);
  }

  #elementFaults(value: unknown, element: TypeNode, path: string): string[] {
    if (!Array.isArray(value)) return [`${path} is ${shown(value)}, not a list`];
    return value.flatMap((one, index) => this.#faults(one, element, `${path}[${index}]`));
  }

  #objectFaults(value: unknown, properties: readonly Property[], path: string): string[] {
    if (typeof value !== 'object' || value === null) return [`${path} is ${shown(value)}, not an object`];
    const fields = value as Readonly<Record<string, unknown>>;
    const unknown = Object.keys(fields).filter((name) => !properties.some((property) => property.name === name));
    const faults = unknown.map((name) => `${path}.${name} is not documented`);
    for (const { name, isOptional, node } of properties) {
      if (fields[name] !== undefined) faults.push(...this.#faults(fields[name], node, `${path}.${name}`));
      else if (!isOptional) faults.push(`${path}.${name} is missing`);
    }
    return faults;
  }
}

const KEYWORDS: Readonly<Record<string, string>> = {
  TSStringKeyword: 'string',
  TSNumberKeyword: 'number',
  TSBooleanKeyword: 'boolean',
};

function operationOf(pathname: string): (typeof OPERATIONS)[number] | undefined {
  const parts = pathname.split('/');
  return OPERATIONS.find(({ path }) => {
    const wanted = path.split('/');
    return (
      wanted.length === parts.length && wanted.every((part, index) => part.startsWith('{') || part === parts[index])
    );
  });
}

function propertyOf(member: TypeNode): Property {
  const key = member.key as { name?: string; value?: string };
  const { typeAnnotation } = member.typeAnnotation as { typeAnnotation: TypeNode };
  return { name: key.name ?? key.value ?? '', isOptional: member.optional === true, node: typeAnnotation };
}

function reference(name: string): TypeNode {
  return { type: 'TSTypeReference', typeName: { name } };
}

/** `execution_date.gte` is `executionDateGte` in the client. */
function camelCase(name: string): string {
  return name.replace(/[_.](\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Returns the value of a parameter as it would be passed to the client. */
function parameterOf(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^\d+$/.test(text) ? Number(text) : text;
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 60) ?? 'missing';
}
