import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Files that the API reference page loads, with their license. */
const REFERENCE_FILES = [
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'swagger-ui-bundle.js.LICENSE.txt',
  'LICENSE',
  'NOTICE',
];

/** Builds the page into `web/dist`, where the server of a checkout finds it. Exits the process if the build fails. */
export function buildPage(): void {
  // `npm run` puts node_modules/.bin first on the path.
  const { status, error } = spawnSync('vite', ['build', 'web', '--logLevel', 'warn'], { stdio: 'inherit' });
  if (error !== undefined) process.stderr.write(`Cannot build the page: ${error.message}\n`);
  if (status !== 0) process.exit(status ?? 1);
  const swagger = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')));
  for (const name of REFERENCE_FILES) cpSync(join(swagger, name), `web/dist/reference/${name}`);
}
