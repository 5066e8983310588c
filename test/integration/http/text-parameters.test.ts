import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type HttpApp, openHttpApp } from '#test/fixtures/http-app.ts';

/** Every parameter of every route, from the OpenAPI document, with text that is no parameter. */

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: {
    readonly type?: string;
    readonly pattern?: string;
    readonly format?: string;
    readonly enum?: unknown;
  };
}

let http: HttpApp;
let operations: readonly { readonly path: string; readonly parameters: readonly Parameter[] }[];

before(async () => {
  http = await openHttpApp();
  const document = await http.json<{ paths: Record<string, { get?: { parameters?: Parameter[] } }> }>(
    '/condvest/v1/openapi.json',
  );
  operations = Object.entries(document.paths).flatMap(([path, { get }]) =>
    get === undefined || path.endsWith('/stream') ? [] : [{ path, parameters: get.parameters ?? [] }],
  );
});
after(async () => http[Symbol.asyncDispose]());

/** Addresses of an operation, each with the text in place of one parameter and the others left out or made up. */
function addresses(text: string): { readonly name: string; readonly address: string }[] {
  return operations.flatMap(({ path, parameters }) =>
    parameters.map(({ name, in: place }) => {
      const filled = path.replaceAll(/\{(\w+)\}/g, (_, one: string) => (place === 'path' && one === name ? text : '1'));
      return { name: `${path} ${name}`, address: place === 'path' ? filled : `${filled}?${name}=${text}` };
    }),
  );
}

test('a NUL character in any parameter is a 400 that names the parameter and what is allowed', async () => {
  const all = addresses('A%00B');
  assert.ok(all.length > 150, `${all.length} parameters`);
  for (const { name, address } of all) {
    const response = await http.get(address);
    const body = (await response.json()) as { code?: string; message?: string; errmsg?: string };
    // The datafeed has a form of its own for errors.
    const { message = body.errmsg ?? '' } = body;
    if (!address.startsWith('/udf/'))
      assert.deepEqual([response.status, body.code], [400, 'parameter-invalid'], `${name}: ${message}`);
    assert.match(message, /^(Path parameter|Parameter) ".+" cannot be used: A\\u\{0\}B\. Allowed: Unicode text/, name);
  }
});

const LONG = 'A'.repeat(7000);

test('terminal escapes, halves of characters and long texts in any parameter are never a failure of the server', async () => {
  for (const text of ['%1b%5b2J', '%ed%a0%80', '%ff', '%27%3b--', '%e2%80%ae', LONG]) {
    for (const { name, address } of addresses(text)) {
      const response = await http.get(address);
      const body = await response.text();
      assert.ok(response.status < 500, `${name}: ${response.status} ${body.slice(0, 300)}`);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
      assert.doesNotMatch(body, /[\u0000-\u0009\u000b-\u001f]/, name);
      if (response.status >= 400) assert.ok(body.length < 4000, `${name}: an error of ${body.length} characters`);
    }
  }
});

test('a NUL character or half a surrogate pair in a body or a cursor is a 400', async () => {
  const ask = async (body: unknown): Promise<[number, unknown]> => {
    const response = await http.app.request('http://localhost:8080/condvest/v1/sql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return [response.status, ((await response.json()) as { code: string }).code];
  };
  for (const statement of ['SELECT \u0000', '\ud800'])
    assert.deepEqual(await ask({ statement }), [400, 'parameter-invalid'], JSON.stringify(statement));
  const cursor = Buffer.from(JSON.stringify({ v: {}, t: 1, p: { symbol: '\u0000' } })).toString('base64url');
  const response = await http.get(`/condvest/v1/restatements?cursor=${cursor}`);
  assert.equal(((await response.json()) as { code: string }).code, 'cursor-invalid');
});

test('a text that the server refuses does not fit the OpenAPI document either', async () => {
  const unsaid: string[] = [];
  for (const [index, { name, address }] of addresses('no%20such~').entries()) {
    const { schema } = parametersOf()[index] ?? {};
    if (schema?.type !== 'string' || schema.enum !== undefined || schema.format !== undefined) continue;
    if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test('no such~')) continue;
    const body = await (await http.get(address)).text();
    if (/"code":"(parameter|cursor|date)-invalid"/.test(body)) unsaid.push(`${name}: ${body.slice(0, 200)}`);
  }
  assert.deepEqual(unsaid, []);
});

function parametersOf(): readonly Parameter[] {
  return operations.flatMap(({ parameters }) => parameters);
}
