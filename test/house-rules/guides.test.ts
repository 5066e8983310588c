import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

/** Pages that go through code quote it: what they show must be what is there. */
const QUOTES: readonly { readonly page: string; readonly source: string }[] = [
  { page: 'docs/how-to/add-a-source.md', source: 'src/adapters/flat-files/daily-source.ts' },
];

for (const { page, source } of QUOTES) {
  test(`${page} quotes ${source} as it is`, async () => {
    const text = await readFile(page, 'utf8');
    const code = await readFile(source, 'utf8');
    const blocks = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block]) => block ?? '');
    assert.ok(blocks.length > 0);
    for (const block of blocks) assert.ok(code.includes(block), block);
  });
}
