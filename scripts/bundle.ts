import { existsSync, globSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';

const FOLDER = 'bundle';

/**
 * Bundles the command line and its packages into `bundle/`: a start reads a dozen files instead of a thousand. `bin/condvest.js` runs
 * the bundle as long as the files it was made from are those of `bundle/sources.json`, and the sources otherwise.
 */
export async function bundle(): Promise<void> {
  rmSync(FOLDER, { recursive: true, force: true });
  // Taken first, so that a file that is edited meanwhile counts as changed.
  const sources = Object.fromEntries(
    // npm rewrites its own lock file whenever it changes a package.
    ['package.json', 'node_modules/.package-lock.json', ...globSync('src/**/*.ts')]
      .filter((path) => existsSync(path) && !path.endsWith('.test.ts'))
      .map((path) => {
        const { size, mtimeMs } = statSync(path);
        return [path, [size, mtimeMs]];
      }),
  );
  await using build = await rolldown({
    input: { main: 'src/cli/main.ts', 'bug-report': 'src/cli/bug-report.ts' },
    platform: 'node',
    // A native library, and an optional one that is not installed.
    external: ['@duckdb/node-bindings', 'pg-native'],
    plugins: [addressesOfSources],
  });
  await build.write({ dir: FOLDER, format: 'esm', sourcemap: true });
  writeFileSync(`${FOLDER}/sources.json`, `${JSON.stringify(sources)}\n`);
}

/** Lets a module find files beside its source: the page, the definition of the pipeline, the program of the SQL process. */
const addressesOfSources: Plugin = {
  name: 'addresses-of-sources',
  transform: {
    filter: { id: /\/src\/.*\.ts$/, code: 'import.meta' },
    handler: (code, id) => ({
      code: code.replaceAll(
        'import.meta.url',
        `new URL(${JSON.stringify(relative(FOLDER, id))}, import.meta.url).href`,
      ),
      map: null,
    }),
  },
};
