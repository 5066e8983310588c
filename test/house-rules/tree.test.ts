import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
  {
    name: 'what a document links to is there',
    breaks: (path, text) => path.endsWith('.md') && linkedFiles(path, text).some((name) => !existsSync(name)),
    planted: ['docs/x.md', 'see [this](../nowhere.md)'],
  },
  {
    name: 'what a document names as a file of the tree is there',
    breaks: (path, text) => path.endsWith('.md') && namedFiles(text).some((name) => !existsSync(name)),
    planted: ['docs/x.md', 'see `runtime/nowhere.ts`'],
  },
  {
    name: 'each decision has a number of its own, which is in its name and its title',
    breaks: (path, text) => {
      const [, number] = /^docs\/adr\/(\d{4})-/.exec(path) ?? [];
      if (number === undefined) return false;
      return globSync(`docs/adr/${number}-*`).length > 1 || !text.startsWith(`# ${Number(number)}. `);
    },
    planted: ['docs/adr/0001-x.md', '# 2. Another decision'],
  },
];

/** Returns targets of links as paths from the root. */
function linkedFiles(path: string, text: string): string[] {
  return [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target = '']) => join(dirname(path), target));
}

/** Returns names such as `src/lake/put.ts` or `lake/put.ts` as paths from the root. */
function namedFiles(text: string): string[] {
  const names = [...text.matchAll(/`((?:src|test|bench|scripts|web)\/[\w./-]+)`/g)].map(([, name = '']) => name);
  const parts = [...text.matchAll(/`((?:adapters|batch|lake|market|runtime|serving)\/[\w./-]+\.(?:ts|json))`/g)];
  return [...names.filter((name) => !name.startsWith('web/dist')), ...parts.map(([, name]) => `src/${name}`)];
}

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
