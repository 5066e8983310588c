import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { violations } from './import-rules.ts';

test('every import of src is one that the architecture allows', () => {
  const files = globSync('src/**/*.ts').map((path) => ({ path, text: readFileSync(path, 'utf8') }));
  assert.ok(files.length > 20, 'the tree was read');
  assert.deepEqual(violations(files), []);
});

const planted: readonly [string, string, string][] = [
  ['market reading the lake', 'src/market/bar.ts', "import { Lake } from '#lake/lake.ts';"],
  ['base importing anything', 'src/base/dates.ts', "import { x } from '#market/bar.ts';"],
  ['one layer importing another', 'src/batch/fetch.ts', "import { x } from '#serving/read/bars.ts';"],
  ['an adapter importing another adapter', 'src/adapters/s3/store.ts', "import { x } from '../fs/object-store.ts';"],
  ['an adapter importing a layer', 'src/adapters/s3/store.ts', "import { x } from '#lake/lake.ts';"],
  ['the command line reaching past the runtime', 'src/cli/bars.ts', "import { x } from '#lake/lake.ts';"],
  ['a type import counts as well', 'src/market/bar.ts', "import type { Lake } from '#lake/lake.ts';"],
  ['a re-export counts as well', 'src/market/bar.ts', "export { Lake } from '#lake/lake.ts';"],
  ['a dynamic import counts as well', 'src/market/bar.ts', "const x = await import('#lake/lake.ts');"],
  ['a relative path across parts', 'src/batch/fetch.ts', "import { x } from '../lake/lake.ts';"],
  ['files in a domain without input or output', 'src/market/bar.ts', "import { readFileSync } from 'node:fs';"],
  ['a folder that the architecture does not know', 'src/utils/text.ts', 'export const x = 1;'],
];
for (const [what, path, text] of planted) {
  test(`the import table refuses ${what}`, () => {
    assert.equal(violations([{ path, text }]).length, 1);
  });
}
