import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openHttpApp } from '#test/fixtures/http-app.ts';

/**
 * The rules by which the vendor's MCP server (mcp_massive 0.9, `parse_llms_full_txt`) reads its text: sections between lines
 * of `---`, the first `**Endpoint:**` of each, the headings before it, and tables whose cells are split at every `|`.
 */
interface IndexedRoute {
  readonly endpoint: string;
  readonly market: string;
  readonly title: string;
  readonly description: string;
  readonly parameters: readonly Readonly<Record<string, string>>[];
  readonly attributes: readonly Readonly<Record<string, string>>[];
}

function indexed(text: string): IndexedRoute[] {
  return text.split('\n---\n').flatMap((section) => {
    const found = /\*\*Endpoint:\*\*\s*`(\w+)\s+(.+?)`/.exec(section);
    if (found === null) return [];
    const before = section.slice(0, found.index);
    return {
      endpoint: `${found[1]} ${found[2]}`,
      market: /^## (.+)$/m.exec(before)?.[1] ?? '',
      title: [...before.matchAll(/^### (.+)$/gm)].at(-1)?.[1] ?? '',
      description: /\*\*Description:\*\*\s*\n(.*?)(?=\n## |$(?![\s\S]))/s.exec(section)?.[1]?.trim() ?? '',
      parameters: rowsOf(section, 'Query Parameters'),
      attributes: rowsOf(section, 'Response Attributes'),
    };
  });
}

function rowsOf(section: string, heading: string): Readonly<Record<string, string>>[] {
  const start = section.indexOf(`## ${heading}\n`);
  if (start === -1) return [];
  const [, table = ''] = section.slice(start).split('\n\n');
  const [header = [], , ...rows] = table
    .trim()
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replace(/^`+|`+$/g, '')),
    );
  for (const row of rows) assert.equal(row.length, header.length, row.join(' | '));
  return rows.map((row) => Object.fromEntries(row.map((cell, i) => [header[i]?.toLowerCase() ?? '', cell])));
}

test("every route is in the text that the vendor's MCP server makes its index from, with its parameters", async () => {
  await using http = await openHttpApp({ isEmpty: true });
  const response = await http.get('/llms-full.txt');
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
  const routes = indexed(await response.text());
  const { paths } = await http.json<{
    paths: Record<string, Record<string, { parameters?: { name: string }[] }>>;
  }>('/condvest/v1/openapi.json');
  const expected = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [] }]) => [
      `${method.toUpperCase()} ${path}`,
      parameters.map(({ name }) => name),
    ]),
  );
  assert.ok(expected.length > 50, String(expected.length));
  assert.deepEqual(
    routes.map(({ endpoint, parameters }) => [endpoint, parameters.map(({ parameter }) => parameter)]),
    expected,
  );
  for (const { endpoint, title, market, description } of routes) {
    assert.equal(market, 'Stocks', endpoint);
    assert.ok(title.length > 0 && description.length > 0, endpoint);
  }
  // The index shows one route of each title.
  assert.equal(new Set(routes.map(({ title }) => title)).size, routes.length);
  const bars = routes.find(({ endpoint }) => endpoint.includes('/range/'));
  assert.match(bars?.description ?? '', /N sessions/);
  assert.ok(bars?.attributes.some(({ field }) => field === 'results[].c'));
  const timespan = bars?.parameters.find(({ parameter }) => parameter === 'timespan');
  assert.deepEqual([timespan?.['type'], timespan?.['required']], ['string', 'Yes']);
  assert.match(timespan?.['description'] ?? '', /session/);
  assert.ok(bars?.parameters.some(({ parameter }) => parameter === 'as_of'));
});

test('the short list has a line for every route, in the form of the vendor', async () => {
  await using http = await openHttpApp({ isEmpty: true });
  const text = await (await http.get('/llms.txt')).text();
  const { paths } = await http.json<{ paths: Record<string, object> }>('/condvest/v1/openapi.json');
  const lines = text.split('\n').filter((line) => /^-\s+\[[^\]]+\]\([^)]+\):\s*.+$/.test(line));
  for (const path of Object.keys(paths))
    assert.ok(
      lines.some((line) => line.includes(` ${path}\``)),
      path,
    );
});
