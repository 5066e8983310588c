import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { parseSync } from 'oxc-parser';

/**
 * The time from a start to the first response is mostly that of loading modules. Packages that the first response does not need
 * are imported where they are used.
 */
interface Start {
  readonly name: string;
  /** Files that are loaded one after the other, each by a dynamic import. */
  readonly files: readonly string[];
  /** A package that they load, which shows that imports were followed. */
  readonly needed: string;
  /** Packages that only later work needs. */
  readonly later: readonly string[];
}

const STARTS: readonly Start[] = [
  {
    name: 'a server loads no package before it listens that only later requests need',
    files: ['src/cli/main.ts', 'src/cli/up.ts', 'src/cli/up-serving.ts', 'src/runtime/server/server.ts'],
    needed: 'hono/route',
    later: ['apache-arrow', 'aws-local-stepfunctions', 'kysely', 'nodemailer', 'pg', 'prom-client'],
  },
  {
    name: 'a worker loads no package before its first run that only a server, a notice or another database needs',
    files: ['src/cli/main.ts', 'src/cli/up.ts', 'src/cli/up-work.ts', 'src/adapters/sql/open-sqlite.ts'],
    needed: 'kysely',
    later: [
      'apache-arrow',
      'cli-progress',
      'hono',
      '@hono/node-server',
      '@hono/zod-openapi',
      'nodemailer',
      'pg',
      'prom-client',
    ],
  },
];

/** Returns every package that these files load before they run, with one of the files that import it. */
function packagesOf(starts: readonly string[], read: (path: string) => string): Map<string, string> {
  const packages = new Map<string, string>();
  const paths = new Set(starts);
  // A set yields what is added while it is walked.
  for (const path of paths) {
    const { module } = parseSync(path, read(path));
    const imported = module.staticImports
      .filter(({ entries }) => entries.length === 0 || entries.some(({ isType }) => !isType))
      .map(({ moduleRequest }) => moduleRequest.value);
    const exported = module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ isType, moduleRequest }) => (isType || moduleRequest === null ? [] : [moduleRequest.value])),
    );
    for (const name of [...imported, ...exported]) {
      if (name.startsWith('#')) paths.add(name.replace('#', 'src/'));
      else if (name.startsWith('.')) paths.add(join(dirname(path), name));
      else if (!packages.has(name)) packages.set(name, path);
    }
  }
  return packages;
}

for (const { name, files, needed, later } of STARTS) {
  test(name, () => {
    const packages = packagesOf(files, (path) => readFileSync(path, 'utf8'));
    assert.ok(packages.has('commander') && packages.has(needed), 'the imports were followed');
    const early = later.flatMap((one) => (packages.has(one) ? [`${one} from ${packages.get(one)}`] : []));
    assert.deepEqual(early, []);
  });
}

test('the rule follows imports and exports of values, not those of types', () => {
  const files: Record<string, string> = {
    'src/cli/a.ts': "import { b } from './b.ts'; import type { K } from 'types-only'; export { x } from 'reexported';",
    'src/cli/b.ts': "import { type C, c } from '#lake/c.ts'; const later = () => import('later');",
    'src/lake/c.ts': "import 'side-effects'; import { type X, y } from 'mixed';",
  };
  const packages = packagesOf(['src/cli/a.ts'], (path) => files[path] ?? '');
  assert.deepEqual([...packages.keys()].sort(), ['mixed', 'reexported', 'side-effects']);
});
