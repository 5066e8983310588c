/**
 * Run by `npm ci`: builds the page into `web/dist`, and the bundle that `condvest` starts from. An installation without development
 * dependencies can build neither and goes without: the server then has no page, and the sources run as they are.
 */
import { existsSync } from 'node:fs';

if (existsSync('node_modules/vite')) {
  const { buildPage } = await import('./page.ts');
  buildPage();
  const { bundle } = await import('./bundle.ts');
  await bundle();
} else {
  process.stderr.write(
    'Skipped building the page, which needs the development dependencies. The server runs without it.\n',
  );
}
