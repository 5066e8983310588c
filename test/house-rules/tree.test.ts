import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

/** House rules that a look at the text can settle. Each is given a text that breaks it, to prove that it can fail. */
interface Rule {
  readonly name: string;
  readonly breaks: (path: string, text: string) => boolean;
  readonly planted: readonly [path: string, text: string];
}

const LINES_MAX = 600;

const RULES: readonly Rule[] = [
  {
    name: `no file has over ${LINES_MAX} lines`,
    breaks: (_, text) => text.split('\n').length > LINES_MAX,
    planted: ['src/market/x.ts', '\n'.repeat(LINES_MAX + 1)],
  },
  {
    name: 'no file or folder is named for nothing in particular',
    breaks: (path) => /(^|\/)(utils?|helpers?|common|managers?|misc|index)(\.|\/|$)/.test(path),
    planted: ['src/market/utils.ts', ''],
  },
  {
    name: 'the console, the clock and randomness stay in adapters, runtime and the command line',
    breaks: (path, text) =>
      /^src\/(base|market|ports|lake|batch|speed|serving)\//.test(path) &&
      !path.endsWith('.test.ts') &&
      /\bconsole\.|\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bsetTimeout\(|\bsetInterval\(|\bprocess\.[a-z]/.test(
        text,
      ),
    planted: ['src/lake/x.ts', 'const now = Date.now();'],
  },
  {
    name: 'no path of a developer machine is in the tree',
    breaks: (_, text) => /(\/home\/[a-z]|\/Users\/[A-Z]|\/work\/|\/root\/)/.test(text),
    planted: ['docs/x.md', `see /${'work'}/main`],
  },
];

const files = [...globSync('{src,bin,test,bench,scripts,docs,.ci}/**/*.{ts,md,sh}'), ...globSync('*.md')].map(
  (path) => ({ path, text: readFileSync(path, 'utf8') }),
);

for (const rule of RULES) {
  test(rule.name, () => {
    const broken = files.filter(
      ({ path, text }) => path !== 'test/house-rules/tree.test.ts' && rule.breaks(path, text),
    );
    assert.deepEqual(
      broken.map(({ path }) => path),
      [],
    );
  });
  test(`the rule "${rule.name}" can fail`, () => {
    assert.ok(rule.breaks(...rule.planted));
  });
}
