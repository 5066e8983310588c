import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { openHttpApp } from '#test/fixtures/http-app.ts';

interface Widget {
  readonly name: string;
  readonly description: string;
  readonly type: string;
  readonly endpoint: string;
  readonly gridData: { readonly w: number; readonly h: number };
  readonly params?: readonly { readonly paramName: string; readonly value: string | null }[];
  readonly data: {
    readonly dataKey?: string;
    readonly defaultSymbol?: string;
    readonly table?: { readonly columnsDefs: readonly { readonly field: string }[] };
  };
}

interface App {
  readonly name: string;
  readonly tabs: Record<string, { id: string; layout: { i: string; x: number; y: number; w: number; h: number }[] }>;
}

const http = await openHttpApp();
after(() => http[Symbol.asyncDispose]());
const widgets = Object.entries(await http.json<Record<string, Widget>>('/widgets.json'));

describe('the definition for OpenBB Workspace', () => {
  test('has what it requires of every widget', () => {
    assert.ok(widgets.length >= 5);
    for (const [id, { name, description, type, gridData }] of widgets) {
      assert.ok(name !== '' && description !== '', id);
      assert.ok(['table', 'advanced_charting'].includes(type), id);
      assert.ok(gridData.w <= 40 && gridData.h <= 100, id);
    }
  });

  test('leads to responses with those rows and columns', async () => {
    for (const [id, { type, endpoint, params = [], data }] of widgets) {
      if (type !== 'table') continue;
      const given = params
        .filter(({ value }) => value !== null)
        .map(({ paramName, value }) => [paramName, String(value)]);
      const body = await http.json(`/${endpoint}?${new URLSearchParams(Object.fromEntries(given))}`);
      const rows = body[data.dataKey ?? ''];
      assert.ok(Array.isArray(rows) && rows.length > 0, `${id}: rows under "${data.dataKey}"`);
      for (const { field } of data.table?.columnsDefs ?? [])
        assert.ok(
          rows.some((row: object) => field in row),
          `${id}: column "${field}"`,
        );
    }
  });

  test('has a chart over the datafeed, of a symbol that exists', async () => {
    const charts = widgets.filter(([, { type }]) => type === 'advanced_charting');
    assert.equal(charts.length, 1);
    for (const [, { endpoint, data }] of charts) {
      const config = await http.json(`${endpoint}/config`);
      assert.equal(config.supports_search, true);
      const info = await http.json(`${endpoint}/symbols?symbol=${data.defaultSymbol}`);
      assert.equal(info.name, data.defaultSymbol);
    }
  });

  test('is laid out in a dashboard whose widgets exist and do not overlap', async () => {
    const ids = new Set(widgets.map(([id]) => id));
    const dashboards = await http.json<App[]>('/apps.json');
    const placed = new Set<string>();
    for (const { tabs } of dashboards)
      for (const [key, { id, layout }] of Object.entries(tabs)) {
        assert.equal(id, key);
        for (const [n, one] of layout.entries()) {
          assert.ok(ids.has(one.i), one.i);
          placed.add(one.i);
          assert.ok(one.x + one.w <= 40, one.i);
          for (const other of layout.slice(n + 1)) {
            const apart =
              one.x + one.w <= other.x ||
              other.x + other.w <= one.x ||
              one.y + one.h <= other.y ||
              other.y + other.h <= one.y;
            assert.ok(apart, `${one.i} and ${other.i}`);
          }
        }
      }
    assert.deepEqual(placed, ids);
  });

  test('is available before there is any data', async () => {
    await using empty = await openHttpApp({ isEmpty: true });
    const told = await empty.json<Record<string, Widget>>('/widgets.json');
    assert.equal(told.condvest_chart?.data.defaultSymbol, 'SPY');
  });
});
