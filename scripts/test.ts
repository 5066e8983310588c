/**
 * `npm test` runs every test with Node's own runner. It also takes files, and a pattern for the names of tests:
 * `npm test -- test/integration/lake/*.test.ts`, `npm test -- --test-name-pattern=vacuum`.
 */
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec, type TestEvent } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { groupTestFiles } from './testing/groups.ts';
import { costLines, type Line, leftoverLines, withLines } from './testing/report.ts';
import { RunFolder } from './testing/run-folder.ts';
import { RunningTests } from './testing/running-tests.ts';
import { Watch } from './testing/watch.ts';

/** The longest first; otherwise the last of them would run alone while a processor idles. */
const LONGEST_FIRST = [
  'test/simulation/**/*.test.ts',
  'test/e2e/**/*.test.ts',
  'test/**/*.test.ts',
  '{src,web/src}/**/*.test.ts',
];

/** One more process at once than there are processors: many wait for other processes and for disks. */
const PROCESSES_AT_ONCE = availableParallelism() + 1;

const { values, positionals } = readArguments();
const patterns = positionals.length > 0 ? positionals : LONGEST_FIRST;
const files = [...new Set(patterns.flatMap((pattern) => globSync(pattern).sort()))];
if (files.length === 0) {
  process.stderr.write(`No test file matches ${positionals.join(' ')}\n`);
  process.exit(1);
}

const folder = new RunFolder();
process.on('exit', () => folder.remove());
// Much of what a short test process does is to strip and compile the modules it loads.
process.env['NODE_COMPILE_CACHE'] = resolve('node_modules/.cache/tests');
process.env['CONDVEST_TEST_FIXTURES'] = folder.fixturesPath;
if (values.long) process.env['CONDVEST_TEST_LONG'] = '1';

const entries = groupTestFiles(files).map((group, number) => folder.addEntry(group, number));
const running = new RunningTests(entries);
const hangs: Line[] = [];
const watch = new Watch({
  entries,
  idleMsMax: Number(values['idle-seconds']) * 1000,
  onHang: (entry) => {
    const message = running.describeHang(entry, values['idle-seconds']);
    process.stderr.write(`${message}\n`);
    hangs.push({ level: 'error', message });
  },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    watch.killAll();
    process.exit(1);
  });
}

const names = values['test-name-pattern'];
const tests = run({
  files: entries.map(({ path }) => path),
  concurrency: PROCESSES_AT_ONCE,
  ...(names === undefined ? {} : { testNamePatterns: names }),
});
tests.on('test:fail', ({ todo }) => {
  if (todo === undefined || todo === false) process.exitCode = 1;
});
Readable.from(
  withLines(observed(tests), () => {
    watch.stop();
    const leftovers = leftoverLines(entries, folder);
    if (leftovers.length > 0) process.exitCode = 1;
    const costs = costLines(entries, { folder, peakBytes: watch.peakBytes, shown: Number(values.longest) });
    return [...costs, ...leftovers, ...hangs];
  }),
)
  .pipe(new spec())
  .pipe(process.stdout);

async function* observed(events: AsyncIterable<TestEvent>): AsyncGenerator<TestEvent> {
  for await (const event of events) {
    running.observe(event);
    yield event;
  }
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        'test-name-pattern': { type: 'string', multiple: true },
        // More seeds and more random examples of the same tests.
        long: { type: 'boolean', default: false },
        // How many test processes are listed with their processor time.
        longest: { type: 'string', default: '10' },
        // A test process that neither uses the processor nor prints for so long is taken to hang.
        'idle-seconds': { type: 'string', default: '300' },
      },
    });
  } catch (cause) {
    process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
    process.stderr.write(
      'Usage: npm test -- [FILE…] [--test-name-pattern=TEXT or /PATTERN/] [--longest=10] [--idle-seconds=300] [--long]\n',
    );
    return process.exit(2);
  }
}
