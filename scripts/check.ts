/**
 * `npm run check`: every fast check of the tree. The steps run concurrently. Each prints its time, and its output only if it
 * failed.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { resolve } from 'node:path';

interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

const unitTests = globSync('{src,web/src}/**/*.test.ts').sort();

/** The longest first. */
const STEPS: readonly Step[] = [
  {
    name: 'unit tests and imports',
    command: 'node',
    args: [
      '--test',
      // They are pure: one process for all of them does half the work.
      '--test-isolation=none',
      '--test-reporter=dot',
      ...unitTests,
      'test/house-rules/imports.test.ts',
      'test/house-rules/tree.test.ts',
      'test/house-rules/words.test.ts',
    ],
  },
  { name: 'format and lint', command: 'biome', args: ['check', '--error-on-warnings', '.'] },
  { name: 'types', command: 'tsc', args: ['-p', '.'] },
  { name: 'types of the page', command: 'tsc', args: ['-p', 'web'] },
  { name: 'dead code', command: 'knip', args: [] },
];

/** Two at a time: more would only contend on a small machine. */
const PARALLEL = 2;

// Much of what the unit tests do is to strip and compile the modules they load.
process.env['NODE_COMPILE_CACHE'] = resolve('node_modules/.cache/tests');

const started = performance.now();
const waiting = [...STEPS];
let failures = 0;
await Promise.all(
  Array.from({ length: PARALLEL }, async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const stepStarted = performance.now();
      const { code, output } = await run(step);
      const seconds = ((performance.now() - stepStarted) / 1000).toFixed(1);
      process.stdout.write(`${code === 0 ? 'ok    ' : 'FAILED'} ${step.name} (${seconds} s)\n`);
      if (code !== 0) {
        failures += 1;
        process.stdout.write(`${output}\n`);
      }
    }
  }),
);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
process.stdout.write(`${STEPS.length - failures} of ${STEPS.length} checks passed in ${seconds} s\n`);
process.exitCode = failures === 0 ? 0 : 1;

function run(step: Step): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    // `npm run` puts node_modules/.bin first on the path.
    const child = spawn(step.command, step.args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString('utf8') }));
  });
}
