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
  [
    'a layer importing an adapter',
    'src/speed/storage/seal.ts',
    "import { x } from '#adapters/sqlite-ticks/open-ticks.ts';",
  ],
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
  [
    'a room of the runtime that the architecture does not know',
    'src/runtime/misc/text.ts',
    "import { x } from './y.ts';",
  ],
  [
    'adapters outside the rooms that fill ports',
    'src/runtime/server/server.ts',
    "import { x } from '#adapters/fs/y.ts';",
  ],
  ['adapters in the type of the context', 'src/runtime/app.ts', "import type { X } from '#adapters/fs/y.ts';"],
  ['a composition root in another room', 'src/runtime/runs/pipeline.ts', "import { x } from '../local/open-local.ts';"],
  ['runs reaching up to tasks', 'src/runtime/runs/run-service.ts', "import { x } from '../tasks/tasks.ts';"],
  [
    'the server reaching up to the daemon',
    'src/runtime/server/server.ts',
    "import type { X } from '../daemon/daemon.ts';",
  ],
  ['configuration reaching up', 'src/runtime/config/config.ts', "import type { X } from '../app.ts';"],
];
for (const [what, path, text] of planted) {
  test(`the import table refuses ${what}`, () => {
    assert.equal(violations([{ path, text }]).length, 1);
  });
}

test('the import table lets the rooms that fill ports have adapters, and all rooms the context', () => {
  const allowed = [
    { path: 'src/runtime/local/open-local.ts', text: "import { x } from '#adapters/fs/object-store.ts';" },
    { path: 'src/runtime/daemon/daemon.ts', text: "import type { AppContext } from '../app.ts';" },
  ];
  assert.deepEqual(violations(allowed), []);
});
