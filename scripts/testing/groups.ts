import { basename, dirname, matchesGlob } from 'node:path';

/** Test files that run in one process, one after the other. */
export interface TestGroup {
  readonly name: string;
  readonly files: readonly string[];
}

/** Files that share one process for each pattern: pure ones, and those that need the same costly part. */
const TOGETHER: readonly (readonly [name: string, pattern: string])[] = [
  ['unit tests', '{src,web/src}/**/*.test.ts'],
  ['browser tests', 'test/e2e/browser/*.test.ts'],
];

/**
 * Files of one folder share processes, a few in each, so that modules are loaded and compiled once for all of them. They
 * begin and end what they use by themselves.
 */
const BY_FOLDER = 'test/{contract,fixtures,integration}/**/*.test.ts';
const FILES_AT_MOST = 8;

/** Files that take as long as several others, and those that measure or change their process. */
const ALONE: readonly string[] = [
  'test/integration/{import/crash,lake/spark,pipeline/catch-up}.test.ts',
  'test/integration/resample/{random-histories,real-data}.test.ts',
  'test/integration/{http/access-log,http/condvest-sql,pipeline/temp-folders}.test.ts',
];

/** Groups files, given as paths from the root of the tree, in their order. A file that nothing matches is a group of its own. */
export function groupTestFiles(files: readonly string[]): TestGroup[] {
  const groups = new Map<string, string[][]>();
  for (const file of files) {
    const { key, atMost } = sharingOf(file);
    const parts = groups.get(key) ?? [];
    const last = parts.at(-1);
    if (last === undefined || last.length >= atMost) parts.push([file]);
    else last.push(file);
    groups.set(key, parts);
  }
  return [...groups].flatMap(([key, parts]) => parts.map((part) => ({ name: nameOf(key, part), files: part })));
}

function sharingOf(file: string): { readonly key: string; readonly atMost: number } {
  const together = TOGETHER.find(([, pattern]) => matchesGlob(file, pattern));
  if (together !== undefined) return { key: together[0], atMost: Number.POSITIVE_INFINITY };
  const isAlone = !matchesGlob(file, BY_FOLDER) || ALONE.some((pattern) => matchesGlob(file, pattern));
  return isAlone ? { key: file, atMost: 1 } : { key: dirname(file), atMost: FILES_AT_MOST };
}

function nameOf(key: string, files: readonly string[]): string {
  const [first = key] = files;
  const last = files.at(-1) ?? first;
  if (files.length === 1) return first;
  if (dirname(first) !== key) return key;
  return `${key}: ${basename(first, '.test.ts')} to ${basename(last, '.test.ts')}`;
}
