import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from '@hono/zod-openapi';
import fc from 'fast-check';
import { CondvestError, UsageError } from '#base/errors.ts';
import { errorBody, statusOf } from './http-errors.ts';
import { integer, nanoseconds, toJson } from './json.ts';
import { decodeCursor, encodeCursor } from './paging.ts';
import { asOfParameter, choice, flag, list, pageLimit, readDateOrMs, whole } from './parameters.ts';
import { refusal } from './refusal.ts';
import { addRoute } from './route.ts';
import { ServingApp } from './serving.ts';

test('nanoseconds are exact integer literals, beyond what a double holds', () => {
  assert.equal(toJson({ t: nanoseconds(1_651_251_948_294) }), '{"t":1651251948294000000}');
  assert.equal(toJson({ t: integer(1_651_251_948_294_080_343n) }), '{"t":1651251948294080343}');
});

test('a number that is not finite is never written as one that is not known', () => {
  assert.equal(toJson({ a: [1, null, { b: 'x' }], c: undefined }), '{"a":[1,null,{"b":"x"}]}');
  for (const value of [Number.NaN, [Number.POSITIVE_INFINITY], { a: [{ b: Number.NaN }] }])
    assert.throws(() => toJson(value), /finite/);
});

test('a cursor comes back as it was, whatever it carries', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ maxLength: 20 }), fc.nat(), { maxKeys: 8, noNullPrototype: true }),
      fc.nat(),
      fc.dictionary(fc.string({ maxLength: 20 }), fc.string({ maxLength: 40 }), { maxKeys: 8, noNullPrototype: true }),
      (versions, atMs, position) => {
        const text = encodeCursor({ versions, atMs, position });
        assert.match(text, /^[\w-]*$/);
        assert.deepEqual(decodeCursor(text), { versions, atMs, position });
      },
    ),
  );
});

test('any other text is refused as a cursor, with what to do', () => {
  const invalid = (text: string): void =>
    assert.throws(
      () => decodeCursor(text),
      (error) => error instanceof UsageError && error.code === 'cursor-invalid' && /next_url/.test(error.message),
    );
  fc.assert(fc.property(fc.string(), invalid));
  const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  for (const value of [
    null,
    [],
    {},
    { v: { a: 1.5 }, t: 1, p: {} },
    { v: {}, t: 'x', p: {} },
    { v: {}, t: 1, p: { a: 1 } },
  ])
    invalid(encoded(value));
  invalid(encodeCursor({ versions: {}, atMs: 1, position: { a: 'x'.repeat(5000) } }));
});

test('parameters are read as clients write them, and what does not fit is named', () => {
  const read = <T>(schema: z.ZodType<T>, text: string | undefined): T | string => {
    const result = schema.safeParse(text);
    return result.success ? result.data : (result.error.issues[0]?.message ?? '');
  };
  assert.equal(read(flag(true), undefined), true);
  assert.equal(read(flag(true), 'False'), false);
  assert.equal(read(flag(false), '1'), true);
  assert.equal(read(flag(false), 'yes'), 'true or false');
  const limit = whole({ min: 1, max: 50_000, default: 5000 });
  assert.equal(read(limit, undefined), 5000);
  assert.equal(read(limit, '50000'), 50_000);
  for (const text of ['0', '50001', '-1', '1.5', '1e3', 'many', '9'.repeat(30)])
    assert.equal(read(limit, text), 'a whole number from 1 to 50000');
  assert.equal(read(choice(['asc', 'desc'], 'asc'), 'DESC'), 'desc');
  const page = pageLimit({ max: 50_000, default: 5000 });
  assert.equal(read(page, undefined), 5000);
  for (const text of ['50000', '50001', '500000', '9'.repeat(30)]) assert.equal(read(page, text), 50_000);
  for (const text of ['0', '-1', '1.5', '1e3', 'many']) assert.equal(read(page, text), 'a whole number from 1 on');
  assert.deepEqual(read(list(3), 'A, B,,A'), ['A', 'B']);
  assert.equal(read(list(1), 'A,B'), 'at most 1 items, separated by commas');
  assert.deepEqual(readDateOrMs('2024-02-29'), { date: '2024-02-29' });
  assert.deepEqual(readDateOrMs('1709164800000'), { ms: 1_709_164_800_000 });
  assert.equal(read(flag(true), ''), true);
  for (const text of ['2023-02-29', '99999999999999', '20240102', 'yesterday', ''])
    assert.equal(readDateOrMs(text), undefined, text);
  assert.equal(read(asOfParameter, '2024-01-02'), Date.parse('2024-01-02T23:59:59.999Z'));
  assert.equal(read(asOfParameter, '2024-01-02T15:00:00+01:00'), Date.parse('2024-01-02T14:00:00Z'));
});

test('errors go to their status by code, then by kind; clients find both names of the message', () => {
  const status = (code: string, kind: CondvestError['kind']): number =>
    statusOf(new CondvestError({ code, kind, message: 'x' }));
  assert.equal(status('symbol-unknown', 'permanent'), 404);
  assert.equal(status('some-outage', 'transient'), 503);
  assert.equal(status('bars-corrupt', 'corrupt'), 500);
  assert.equal(statusOf(new UsageError({ code: 'interval-invalid', message: 'x' })), 400);
  assert.deepEqual(errorBody({ code: 'c', message: 'm' }, 404, 'id'), {
    status: 'NOT_FOUND',
    request_id: 'id',
    error: 'm',
    message: 'm',
    code: 'c',
  });
});

function probe() {
  const bugs: unknown[] = [];
  const app = new ServingApp();
  app.onError((error, c) => refusal(c, error, (bug) => bugs.push(bug)));
  addRoute(app, 'operations', {
    path: '/things/{thing}',
    summary: 'x',
    params: z.object({ thing: z.string().max(5, 'at most 5 characters') }),
    query: z.object({ limit: whole({ min: 1, max: 9, default: 3 }) }),
    answer: 'text',
    handle: (c, { params, query }) => {
      if (params.thing === 'bug') throw new TypeError('secret of the inside');
      return c.text(`${params.thing} ${query.limit}`);
    },
  });
  addRoute(app, 'operations', {
    method: 'post',
    path: '/things',
    summary: 'x',
    body: z.object({ name: z.string('a text') }),
    answer: 'text',
    handle: (c, { body }) => c.text(body.name),
  });
  return { app, bugs };
}

test('a route gets its values checked, and refuses what does not fit with one clear message', async () => {
  const { app, bugs } = probe();
  assert.equal(await (await app.request('/things/a%2Eb?limit=7&other=1')).text(), 'a.b 7');
  const refused = await app.request('/things/x?limit=seven');
  assert.equal(refused.status, 400);
  const body = (await refused.json()) as { message: string; code: string };
  assert.equal(body.code, 'parameter-invalid');
  assert.equal(body.message, 'Parameter "limit" is invalid: seven. Allowed: a whole number from 1 to 9.');
  const form = await app.request('/things', { method: 'POST', body: 'name=x' });
  assert.equal(form.status, 415);
  const broken = await app.request('/things', {
    method: 'POST',
    body: '{"name":',
    headers: { 'content-type': 'application/json' },
  });
  assert.equal(broken.status, 400);
  const wrong = await app.request('/things', {
    method: 'POST',
    body: '{"name":1}',
    headers: { 'content-type': 'application/json' },
  });
  assert.match(((await wrong.json()) as { message: string }).message, /Field "name" is invalid: 1\. Allowed: a text/);
  assert.deepEqual(bugs, []);
});

test('a bug is a 500 that says nothing of the inside, and is told to whoever runs the server', async () => {
  const { app, bugs } = probe();
  const response = await app.request('/things/bug');
  assert.equal(response.status, 500);
  assert.doesNotMatch(await response.text(), /secret|TypeError/);
  assert.equal(bugs.length, 1);
});

test('routes are in the OpenAPI document with their parameters', () => {
  const { app } = probe();
  const document = app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'x', version: '1' } });
  const operation = document.paths?.['/things/{thing}']?.get;
  assert.deepEqual(
    operation?.parameters?.map((one) => ('name' in one ? [one.name, one.in, one.required ?? false] : [])),
    [
      ['thing', 'path', true],
      ['limit', 'query', false],
    ],
  );
});
