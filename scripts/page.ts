import { spawnSync } from 'node:child_process';

/** Builds the page into `web/dist`, from where a checkout's server serves it. Ends the process where that fails. */
export function buildPage(): void {
  // `npm run` puts node_modules/.bin first on the path.
  const { status, error } = spawnSync('vite', ['build', 'web', '--logLevel', 'warn'], { stdio: 'inherit' });
  if (error !== undefined) process.stderr.write(`The page cannot be built: ${error.message}\n`);
  if (status !== 0) process.exit(status ?? 1);
}
