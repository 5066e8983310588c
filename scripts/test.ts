/**
 * `npm test`: every test there is, by node's own runner. Files may be named, and tests by a pattern:
 * `npm test -- test/integration/lake/*.test.ts`, `npm test -- --test-name-pattern=vacuum`.
 */
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';

const { values, positionals } = readArguments();

/** The longest first, or the last of them would run alone while a processor idles. */
const LONGEST_FIRST = [
  'test/simulation/**/*.test.ts',
  'test/e2e/**/*.test.ts',
  'test/**/*.test.ts',
  '{src,web/src}/**/*.test.ts',
];

/** A test that hangs is ended and named, a file that will not end after it, instead of running for ever. */
const HANG_MS = 15 * 60_000;
const FILE_MS_MAX = 2 * HANG_MS;

/** One more file at once than there are processors: many wait for other processes and for disks. */
const FILES_AT_ONCE = availableParallelism() + 1;

// Each file is a process of its own, and most of what a short one does is to strip and compile the modules it loads.
process.env['NODE_COMPILE_CACHE'] = resolve('node_modules/.cache/tests');

const patterns = positionals.length > 0 ? positionals : LONGEST_FIRST;
const files = [...new Set(patterns.flatMap((pattern) => globSync(pattern).sort()))];
if (files.length === 0) {
  process.stderr.write(`There is no test file of this name: ${positionals.join(' ')}\n`);
  process.exit(1);
}
const names = values['test-name-pattern'];
const tests = run({
  files,
  concurrency: FILES_AT_ONCE,
  timeout: FILE_MS_MAX,
  execArgv: [`--test-timeout=${HANG_MS}`],
  ...(names === undefined ? {} : { testNamePatterns: names }),
});
tests.on('test:fail', ({ todo }) => {
  if (todo === undefined || todo === false) process.exitCode = 1;
});
tests.compose(new spec()).pipe(process.stdout);

function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: { 'test-name-pattern': { type: 'string', multiple: true } } });
  } catch (cause) {
    process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
    process.stderr.write('Allowed are files, and --test-name-pattern=<text or /pattern/>.\n');
    return process.exit(2);
  }
}
