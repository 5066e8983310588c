import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { WIDTH } from '../../scripts/wrap-markdown.ts';

/**
 * House rules on words, as far as a program can check them. `docs/reference/glossary.md` decides the terms. Ordinary English is
 * not banned but edited; the rules keep out names and phrases that were replaced.
 */
interface Rule {
  readonly name: string;
  readonly appliesTo: RegExp;
  /** Returns what breaks the rule in a file. */
  readonly find: (path: string, text: string) => readonly string[];
  /** Files that break it, to prove that it can fail. */
  readonly planted: readonly (readonly [path: string, text: string])[];
}

/** Identifiers that were renamed. They are whole words of code that no prose needs. */
const OLD_IDENTIFIERS = [
  ...['Laptop', 'openLaptop', 'keepTime', 'fillNow', 'fillFirst', 'whenFree', 'RunDesk', 'runDesk'],
  ...['onTold', 'isWorthTelling', 'keepings', 'EventsLook', 'planLook', 'recordLook', 'isOlderLook', 'countEveryLook'],
  ...['SourceMark', 'dayAsked', 'SymbolAsked', 'holdWork', 'freeWorkOf', 'WORKS_FOR', 'notThere'],
];
const OLD_IDENTIFIER = new RegExp(`\\b(?:${OLD_IDENTIFIERS.join('|')})\\b`, 'g');
/** Those that are words of prose too count where only code has them. */
const OLD_TYPE =
  /\b(?:Kept|Asker|Upkeep\w*)\b(?=[<(,;}|)\]])|\b(?:class|interface|type|new|const)\s+(?:Kept|Asker|JUDGED|Upkeep\w*)\b/g;
const OLD_FILES: ReadonlySet<string> = new Set(['laptop.ts', 'open-laptop.ts', 'upkeep.ts', 'tell.ts', 'kept.ts']);

/** Phrases that were rewritten, as they would read after line breaks, comment signs and quotes are taken out. */
const OLD_PHRASES = [
  'Who runs the daemon: what it is told',
  'One death is made good by the next run',
  'nobody would be told',
  'Who holds it delivers',
  'which takes half of it at most',
  'must not be taken for the next request',
  'others kept getting in first',
  'the store did not answer',
  'does not hold to its own rules',
  'The vendor could not be asked',
  'asks to be left alone',
  'What was missed is caught up with',
  'A vendor that is down is waited for',
  'told to stop, it ends with 0',
];

const RULES: readonly Rule[] = [
  {
    name: 'no file uses an identifier that was renamed',
    appliesTo: /\.(?:tsx?|md)$/,
    find: (_, text) => [...text.matchAll(OLD_IDENTIFIER), ...text.matchAll(OLD_TYPE)].map(([word]) => word),
    planted: [
      ['src/runtime/x.ts', 'export interface Laptop {}'],
      ['src/serving/read/x.ts', 'const symbol = dayAsked(query);'],
      ['src/serving/read/x.ts', 'const bars = new Kept<Bars>(8);'],
      ['src/serving/http/x.ts', 'const JUDGED = new Set<string>();'],
    ],
  },
  {
    name: 'no file has a name that was replaced',
    appliesTo: /./,
    find: (path) => (OLD_FILES.has(basename(path)) || path.startsWith('src/serving/vendor/') ? [path] : []),
    planted: [
      ['src/batch/pipeline/tell.ts', ''],
      ['src/serving/vendor/routes.ts', ''],
    ],
  },
  {
    name: 'no file has a phrase that was rewritten',
    appliesTo: /\.(?:tsx?|md)$/,
    find: (_, text) => OLD_PHRASES.filter((phrase) => plain(text).includes(phrase.toLowerCase())),
    planted: [
      ['docs/x.md', 'A vendor that is\ndown is waited for.'],
      ['src/runtime/x.ts', '/** Who holds\n * it delivers. */'],
      ['src/lake/x.ts', "message: 'others kept getting ' +\n  'in first'"],
    ],
  },
  {
    name: 'docstrings are in the indicative: none begins with What, Who, How or Whose',
    appliesTo: /^(?:src|web|scripts|bench|test)\/.*\.tsx?$/,
    find: (_, text) => [...text.matchAll(/\/\*\*\s[\s*]*(?:What|Who|How|Whose)\b[^\n]*/g)].map(([start]) => start),
    planted: [
      ['src/lake/x.ts', '/** What is read of a file. */'],
      ['web/src/x.tsx', '/** Whose key it is. */'],
      ['test/fakes/x.ts', '  /**\n   * How it fails.\n   */'],
      ['bench/x.ts', '/**\n * Who asks.\n */'],
    ],
  },
  {
    name: `documents are wrapped at ${WIDTH} columns, tables and code aside`,
    appliesTo: /\.md$/,
    find: (_, text) => proseLines(text).filter((line) => line.length > WIDTH),
    planted: [
      ['docs/x.md', 'word '.repeat(WIDTH / 4)],
      ['README.md', `\`\`\`\ncode\n\`\`\`\n- ${'word '.repeat(WIDTH / 4)}`],
    ],
  },
];

/** Returns text on one line in lower case, without the signs of comments and of strings that continue. */
function plain(text: string): string {
  return text
    .replaceAll(/['"`]\s*\+\s*['"`]/g, '')
    .replaceAll(/\s*\n\s*(?:\*(?!\/)|\/\/)?\s*/g, ' ')
    .toLowerCase();
}

/** Returns the lines of a page outside code and tables. */
function proseLines(text: string): string[] {
  let isCode = false;
  return text.split('\n').filter((line) => {
    if (/^\s*```/.test(line)) isCode = !isCode;
    return !isCode && !/^\s*\|/.test(line);
  });
}

const THIS_FILE = 'test/house-rules/words.test.ts';
const paths = [...globSync('{src,bin,web/src,scripts,bench,test,docs}/**/*.{ts,tsx,md}'), ...globSync('*.md')].filter(
  (path) => path !== THIS_FILE,
);
const files = paths.map((path) => ({ path, text: readFileSync(path, 'utf8') }));

for (const { name, appliesTo, find, planted } of RULES) {
  test(name, () => {
    const broken = files
      .filter(({ path }) => appliesTo.test(path))
      .flatMap(({ path, text }) => find(path, text).map((found) => `${path}: ${found}`));
    assert.deepEqual(broken, []);
  });
  for (const [path, text] of planted) {
    test(`the rule "${name}" finds ${JSON.stringify(text || path)}`, () => {
      assert.ok(appliesTo.test(path));
      assert.equal(find(path, text).length, 1);
    });
  }
}
