import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { startProcess } from './browser/running-server.ts';
import { temporaryFolder } from './command-line.ts';

/** Sources of the package. */
const SOURCES = [
  ...['bin', 'src', 'web', 'scripts', 'condvest', 'README.md', 'CHANGELOG.md', 'LICENSE'],
  ...['package.json', 'tsconfig.json', 'tsconfig.build.json'],
];

/** Runtime dependencies by the lock file, plus the types that the package's own declarations need. */
async function dependencies(): Promise<string[]> {
  const lock = JSON.parse(await readFile('package-lock.json', 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  return Object.entries(lock.packages).flatMap(([path, { dev = false }]) => {
    const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1];
    return name !== undefined && existsSync(path) && (!dev || name === '@types/node' || name === 'undici-types')
      ? [name]
      : [];
  });
}

/** The package as shipped: packed, placed in another project's node_modules, used as a command and as a library. */
test('the packed package gives another project a command and a typed library', async () => {
  await using folder = await temporaryFolder();
  const run = (command: string, args: readonly string[], cwd: string, home = 'home'): string =>
    execFileSync(command, args, {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, CONDVEST_HOME: join(folder.path, home) },
    });
  // Packed from a copy, since packing rebuilds and other tests read the build of this folder.
  const source = join(folder.path, 'source');
  for (const path of SOURCES)
    await cp(path, join(source, path), { recursive: true, filter: (name) => name !== 'web/dist' });
  await symlink(resolve('node_modules'), join(source, 'node_modules'));
  run('npm', ['pack', '--silent', '--pack-destination', folder.path], source);
  const tarball = (await readdir(folder.path)).find((name) => name.endsWith('.tgz'));
  assert.ok(tarball !== undefined, 'npm pack wrote a tarball');
  run('tar', ['xzf', tarball], folder.path);

  // Installed as `npm install` would do it, but without a registry: the package's files next to its dependencies.
  const modules = join(folder.path, 'project', 'node_modules');
  await mkdir(modules, { recursive: true });
  for (const name of await dependencies()) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(resolve('node_modules', name), join(modules, name));
  }
  await rename(join(folder.path, 'package'), join(modules, 'condvest'));
  // As `npm install` does in an unpacked package: the script needs no file that only the repository has.
  run('npm', ['run', '--silent', 'prepare'], join(modules, 'condvest'));
  await mkdir(join(modules, '.bin'));
  await symlink(resolve('node_modules/.bin/node'), join(modules, '.bin', 'node'));
  await symlink('../condvest/condvest', join(modules, '.bin', 'condvest'));

  const project = join(folder.path, 'project');
  assert.match(run(join(modules, '.bin', 'condvest'), ['--help'], folder.path), /market-data lakehouse/);
  const prices = join(folder.path, 'prices.csv');
  await writeFile(prices, 'symbol,date,open,high,low,close,volume\nA,2024-01-03,10,12,9,11,100\n');
  run(join(modules, '.bin', 'condvest'), ['import', prices], folder.path);
  await writeFile(
    join(project, 'read.mjs'),
    `import { openLake } from 'condvest';
     await using lake = await openLake();
     const { bars } = await lake.bars({ symbol: 'A' });
     console.log(bars.length, bars[0].close);
     await lake.bars({ symbol: 'A', from: 'never' }).catch((error) => console.log(error.code));`,
  );
  assert.equal(run(join(modules, '.bin', 'node'), ['read.mjs'], project), '1 11\ndate-invalid\n');
  const condvest = join(modules, '.bin', 'condvest');
  run(condvest, ['up', '--once', '--symbols', '3', '--years', '1'], folder.path, 'simulated');
  assert.match(run(condvest, ['pipeline', 'run'], folder.path, 'simulated'), /succeeded/);
  {
    await using server = await startProcess(['serve', '--port', '0'], join(folder.path, 'simulated'), {}, condvest);
    const page = await (await fetch(server.url)).text();
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(page)?.[1] ?? 'no script in the page';
    for (const path of [script, '/reference/swagger-ui-bundle.js', '/condvest/docs', '/condvest/v1/status'])
      assert.equal((await fetch(server.url + path)).status, 200, path);
  }
  await writeFile(
    join(project, 'read.mts'),
    `import { openLake } from 'condvest';
     const { bars } = await (await openLake()).bars({ symbol: 'A', interval: 21 });
     export const count: number = bars.length;
     // @ts-expect-error: a number is not a string, provided the declarations are found at all
     export const text: string = bars.length;`,
  );
  run(
    resolve('node_modules/.bin/tsc'),
    ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext', '--types', 'node', 'read.mts'],
    project,
  );
});
