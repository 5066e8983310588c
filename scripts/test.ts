/**
 * `npm test`: every test there is, by node's own runner. Arguments are passed on: `npm test -- test/integration/lake/*.test.ts`,
 * `npm test -- --test-name-pattern=vacuum`.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';

const given = process.argv.slice(2);
const files = given.filter((argument) => !argument.startsWith('--'));
const flags = given.filter((argument) => argument.startsWith('--'));
/** The longest first, or the last of them would run alone while a processor idles. */
const LONGEST_FIRST = [
  'test/simulation/**/*.test.ts',
  'test/e2e/**/*.test.ts',
  'test/**/*.test.ts',
  '{src,web/src}/**/*.test.ts',
];
const all = new Set(LONGEST_FIRST.flatMap((pattern) => globSync(pattern).sort()));

/** A test that hangs is ended and named, and a file that will not end is ended with all, instead of running for ever. */
const HANG_MS = 15 * 60_000;

/** One more file at once than there are processors: many wait for other processes and for disks. */
const FILES_AT_ONCE = availableParallelism() + 1;

const { status, signal } = spawnSync(
  process.execPath,
  [
    '--test',
    `--test-concurrency=${FILES_AT_ONCE}`,
    '--test-reporter=spec',
    `--test-timeout=${HANG_MS}`,
    ...flags,
    ...(files.length > 0 ? files : all),
  ],
  {
    stdio: 'inherit',
    timeout: 3 * HANG_MS,
    // Each file is a process of its own, and most of what a short one does is to strip and compile the modules it loads.
    env: { ...process.env, NODE_COMPILE_CACHE: resolve('node_modules/.cache/tests') },
  },
);
if (signal !== null) process.stderr.write(`The tests were ended by ${signal}: one of their processes did not end.\n`);
process.exitCode = status ?? 1;
