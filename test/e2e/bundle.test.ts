import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, cp, rename, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startProcess } from './browser/running-server.ts';
import { type TemporaryFolder, temporaryFolder, testEnvironment } from './command-line.ts';

const CHECKOUT = ['bin', 'src', 'scripts', 'condvest', 'package.json'];
const MARKED = "export const main = async () => process.stdout.write('the bundle') && 0;";
const VERSION = /^\d+\.\d+\.\d+\n$/;

describe('The bundle of a checkout', () => {
  let folder: TemporaryFolder;
  let root: string;
  const run = (...args: string[]): string =>
    execFileSync(join(root, 'condvest'), args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...testEnvironment(), CONDVEST_HOME: join(folder.path, 'home') },
    });

  before(async () => {
    folder = await temporaryFolder();
    root = join(folder.path, 'checkout');
    for (const name of CHECKOUT) await cp(name, join(root, name), { recursive: true });
    await symlink(resolve('node_modules'), join(root, 'node_modules'));
    const script = "import { bundle } from './scripts/bundle.ts'; await bundle();";
    execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: root });
  });
  after(() => folder[Symbol.asyncDispose]());

  test('builds a lake, runs the pipeline and serves', async () => {
    run('up', '--once', '--symbols', '3', '--years', '1');
    assert.match(run('pipeline', 'run'), /succeeded/);
    const serve = ['serve', '--port', '0'];
    await using server = await startProcess(serve, join(folder.path, 'home'), {}, join(root, 'condvest'));
    for (const path of ['/', '/condvest/v1/status', '/condvest/v1/openapi.json'])
      assert.equal((await fetch(server.url + path)).status, 200, path);
  });

  test('runs as long as all of its sources are as they were, and the sources do otherwise', async () => {
    await writeFile(join(root, 'bundle/main.js'), MARKED);
    assert.equal(run('--version'), 'the bundle');
    const source = join(root, 'src/cli/vacuum.ts');
    await rename(source, `${source}.gone`);
    assert.match(run('--version'), VERSION);
    await rename(`${source}.gone`, source);
    assert.equal(run('--version'), 'the bundle');
    await appendFile(source, '// edited\n');
    assert.match(run('--version'), VERSION);
  });
});
