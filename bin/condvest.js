import { existsSync, readFileSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// JavaScript, so that a start whose modules are all cached loads no compiler. The cache holds the stripped and compiled modules of
// the last run.
enableCompileCache();
const [{ main }, { bugReport }] = await Promise.all(
  isBundleCurrent()
    ? [import('../bundle/main.js'), import('../bundle/bug-report.js')]
    : [import('#cli/main.ts'), import('#cli/bug-report.ts')],
);

/** Whether there is a bundle, and every file it was made from is as it was. */
function isBundleCurrent() {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const list = `${root}bundle/sources.json`;
  if (!existsSync(list)) return false;
  return Object.entries(JSON.parse(readFileSync(list, 'utf8'))).every(([path, [size, mtimeMs]]) => {
    const found = statSync(root + path, { throwIfNoEntry: false });
    return found?.size === size && found.mtimeMs === mtimeMs;
  });
}

/** Node would print the causes of an error with whatever they quote. */
function exitWithReport(error) {
  process.stderr.write(`${bugReport(error)}\n`);
  process.exit(1);
}

process.on('uncaughtException', exitWithReport);
process.exitCode = await main(process.argv.slice(2)).catch(exitWithReport);
