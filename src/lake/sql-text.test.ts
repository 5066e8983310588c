import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sqlName, sqlPath, sqlText } from './sql-text.ts';

test('quotes are doubled, and patterns in paths are quoted', () => {
  assert.equal(sqlText("O'Neil"), "'O''Neil'");
  assert.equal(sqlName('a"b'), '"a""b"');
  assert.equal(sqlPath('/a[1]*?.csv'), "'/a[[]1][*][?].csv'");
});

test('a text that no statement can hold is refused, wherever it would stand', () => {
  for (const text of ['a\u0000b', '\ud800', 'x\udc00'])
    for (const make of [sqlText, sqlName, sqlPath])
      assert.throws(() => make(text), { code: 'text-invalid' }, JSON.stringify(text));
});
