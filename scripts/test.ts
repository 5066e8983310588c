/**
 * `npm test`: every test there is, by node's own runner. Arguments are passed on: `npm test -- test/integration/lake/*.test.ts`,
 * `npm test -- --test-name-pattern=vacuum`.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

const given = process.argv.slice(2);
const files = given.filter((argument) => !argument.startsWith('--'));
const flags = given.filter((argument) => argument.startsWith('--'));
const all = [...globSync('src/**/*.test.ts'), ...globSync('test/**/*.test.ts')].sort();

const { status } = spawnSync(
  process.execPath,
  ['--test', '--test-concurrency=2', '--test-reporter=spec', ...flags, ...(files.length > 0 ? files : all)],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
