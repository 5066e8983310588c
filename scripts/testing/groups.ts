import { matchesGlob } from 'node:path';

/** Test files that run in one process, one after the other. */
export interface TestGroup {
  readonly name: string;
  readonly files: readonly string[];
}

/**
 * Files that share a process for each pattern: pure ones, and those that need the same costly part. Every other file has a
 * process of its own.
 */
const SHARED: readonly (readonly [name: string, pattern: string])[] = [
  ['unit tests', '{src,web/src}/**/*.test.ts'],
  ['browser tests', 'test/e2e/browser/*.test.ts'],
];

/** Groups files, given as paths from the root of the tree, in their order. */
export function groupTestFiles(files: readonly string[]): TestGroup[] {
  const groups = new Map<string, string[]>();
  for (const file of files) {
    const name = SHARED.find(([, pattern]) => matchesGlob(file, pattern))?.[0] ?? file;
    groups.set(name, [...(groups.get(name) ?? []), file]);
  }
  return [...groups].map(([name, members]) => ({
    name: members.length === 1 ? (members[0] ?? name) : name,
    files: members,
  }));
}
