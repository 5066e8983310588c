/**
 * `npm run build:web`: builds the page into `web/dist`. `npm ci` runs it too, with `--if-possible`: an installation without
 * development dependencies cannot build the page and goes without it instead of failing.
 */
import { existsSync } from 'node:fs';
import { buildPage } from './page.ts';

if (process.argv.includes('--if-possible') && !existsSync('node_modules/vite')) {
  process.stderr.write(
    'Skipped building the page, which needs the development dependencies. The server runs without it.\n',
  );
} else {
  buildPage();
}
