import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { groupTestFiles } from '../../scripts/testing/groups.ts';

/** The runner behind `npm test`, run over planted test files. */

const HANGS = `
import { describe, test } from 'node:test';
describe('A suite', () => {
  test('never ends', async () => {
    setInterval(() => {}, 60_000);
    await new Promise(() => {});
  });
});`;

const WORKS_ON = `
import { test } from 'node:test';
test('works on for several idle limits', () => {
  for (let cpu = process.cpuUsage(); cpu.user < 4_000_000; cpu = process.cpuUsage()) for (let i = 0; i < 1e7; i += 1);
});`;

const PRINTS = `
import { test } from 'node:test';
test('waits and prints', async () => {
  for (let line = 0; line < 10; line += 1) {
    await new Promise((wake) => setTimeout(wake, 500));
    console.log('still here');
  }
});`;

const LEAVES = `
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
test('leaves a folder behind', () => mkdirSync(tmpdir() + '/forgotten'));`;

const SPINS_IN_A_CHILD = `
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
test('starts a process that works', () => {
  spawnSync(process.execPath, ['-e', 'while (process.cpuUsage().user < 1_000_000) for (let i = 0; i < 1e7; i += 1);']);
});`;

const PASSES = `
import { test } from 'node:test';
test('passes', () => {});`;

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** Names of the files and folders left in the temporary folder of the run. */
  readonly left: readonly string[];
}

/** Runs planted files, by their names, with the runner of `npm test`. */
async function runTests(files: Readonly<Record<string, string>>, ...options: readonly string[]): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'condvest-planted-'));
  const temp = await mkdtemp(join(tmpdir(), 'condvest-planted-temp-'));
  try {
    const paths = Object.keys(files).map((name) => join(folder, name));
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const env: NodeJS.ProcessEnv = { ...process.env, TMPDIR: temp };
    // Otherwise the runner would take itself for a test file of the run around it.
    delete env['NODE_TEST_CONTEXT'];
    const child = spawn(process.execPath, ['scripts/test.ts', ...paths, ...options], { env });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, out, err, left: await readdir(temp) };
  } finally {
    for (const each of [folder, temp]) await rm(each, { recursive: true, force: true });
  }
}

describe('the processes of npm test', () => {
  test('run the files of one folder together, at most eight in each', () => {
    const files = Array.from({ length: 10 }, (_, i) => `test/integration/http/file-${i}.test.ts`);
    const groups = groupTestFiles(['test/e2e/up.test.ts', ...files, 'test/integration/lake/log.test.ts']);
    assert.deepEqual(
      groups.map((group) => [group.name, group.files.length]),
      [
        ['test/e2e/up.test.ts', 1],
        ['test/integration/http: file-0 to file-7', 8],
        ['test/integration/http: file-8 to file-9', 2],
        ['test/integration/lake/log.test.ts', 1],
      ],
    );
  });

  test('run alone what measures its process', () => {
    const measures = 'test/integration/http/access-log.test.ts';
    const groups = groupTestFiles([measures, 'test/integration/http/gate.test.ts']);
    assert.deepEqual(
      groups.map(({ name }) => name),
      [measures, 'test/integration/http/gate.test.ts'],
    );
  });
});

describe('the runner of npm test', () => {
  test('ends and names a test that hangs, and lets the others pass', async () => {
    const { code, out, err } = await runTests(
      { 'hangs.test.mjs': HANGS, 'passes.test.mjs': PASSES },
      '--idle-seconds=2',
    );
    assert.equal(code, 1);
    assert.match(
      err,
      /HANGS: .*hangs\.test\.mjs neither used the processor nor printed for 2 s, in: A suite > never ends/,
    );
    assert.match(out, /ℹ HANGS: .*hangs\.test\.mjs/, 'named at the end as well');
    assert.match(out, /ℹ pass 1\n/);
    assert.match(out, /ℹ fail 1\n/);
  });

  test('leaves a test alone that works or prints, however long it takes', async () => {
    const files = { 'works.test.mjs': WORKS_ON, 'prints.test.mjs': PRINTS, 'spins.test.mjs': SPINS_IN_A_CHILD };
    const { code, out, left } = await runTests(files, '--idle-seconds=2');
    assert.equal(code, 0, out);
    assert.match(out, /ℹ tests 3\n/);
    assert.deepEqual(left, []);
  });

  test('fails where a temporary folder is left behind, and names it', async () => {
    const { code, out, left } = await runTests({ 'leaves.test.mjs': LEAVES, 'passes.test.mjs': PASSES });
    assert.equal(code, 1);
    assert.match(out, /leaves\.test\.mjs left .*forgotten behind/);
    assert.match(out, /ℹ fail 0\n/);
    assert.deepEqual(left, [], 'the folders of the run itself are gone all the same');
  });

  test('fails where a file cannot be imported', async () => {
    const { code, out } = await runTests({ 'broken.test.mjs': 'import "./nowhere.mjs";' });
    assert.equal(code, 1);
    assert.match(out, /broken\.test\.mjs can be imported/);
  });

  test('prints the processor time of the longest, children included, and the peak memory', async () => {
    const { out } = await runTests({ 'spins.test.mjs': SPINS_IN_A_CHILD, 'passes.test.mjs': PASSES });
    const [, first] = /ℹ +([\d.]+) s {2}.*spins\.test\.mjs\n/.exec(out) ?? [];
    assert.ok(Number(first) >= 1, out);
    assert.match(out, /ℹ processor time [\d.,]+ s, peak memory [\d.]+ GiB\n/);
  });
});
