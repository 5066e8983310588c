import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';
import { parseSync } from 'oxc-parser';

/**
 * Allowed imports of the page: its own files, the domain, its packages, and from the server only the types of its JSON.
 * Anything else from `src/` would pull the server into the browser.
 */
const PACKAGES = ['preact', '@preact/signals', 'lightweight-charts'];

function refusals(path: string, text: string): string[] {
  const { module, errors } = parseSync(path, text);
  if (errors[0] !== undefined) return [`${path}: ${errors[0].message}`];
  const found: string[] = [];
  const check = (specifier: string, isType: boolean): void => {
    const isOwn = specifier.startsWith('.') && posix.join(posix.dirname(path), specifier).startsWith('web/src/');
    const isPackage = PACKAGES.some((name) => specifier === name || specifier.startsWith(`${name}/`));
    const isShape = isType && /^#serving\/\w+\/shapes\//.test(specifier);
    if (!isOwn && !isPackage && !isShape && !specifier.startsWith('#market/'))
      found.push(`${path}: imports ${specifier}`);
  };
  for (const { moduleRequest, entries } of module.staticImports) {
    check(moduleRequest.value, entries.length > 0 && entries.every((entry) => entry.isType));
  }
  for (const entry of module.staticExports.flatMap((item) => item.entries)) {
    if (entry.moduleRequest !== null && entry.moduleRequest !== undefined)
      check(entry.moduleRequest.value, entry.isType);
  }
  if (/\binnerHTML\b|dangerouslySetInnerHTML/.test(text)) found.push(`${path}: writes HTML as text`);
  return found;
}

test('the page imports no more of the server than its types', () => {
  const files = globSync('web/src/**/*.{ts,tsx}').filter((path) => !path.endsWith('.test.ts'));
  assert.ok(files.length > 30, 'the page was read');
  assert.deepEqual(
    files.flatMap((path) => refusals(path, readFileSync(path, 'utf8'))),
    [],
  );
});

for (const [what, text] of [
  ['a value of the server', "import { barsShape } from '#serving/condvest/shapes/bars.ts';"],
  ['a type of the server that is no shape', "import type { Serving } from '#serving/http/serving.ts';"],
  ['the lake', "import type { Lake } from '#lake/lake.ts';"],
  ['a path into the server', "import { x } from '../../src/lake/lake.ts';"],
  ['a package of the server', "import { z } from 'zod';"],
  ['a re-export of the server', "export { x } from '#serving/condvest/shapes/bars.ts';"],
  ['HTML from text', 'element.innerHTML = text;'],
] as const) {
  test(`the page is refused ${what}`, () => {
    assert.equal(refusals('web/src/x.ts', text).length, 1);
  });
}
