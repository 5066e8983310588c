/**
 * `npm run build:web`: the page in `web/dist`. `npm ci` runs it as well, with `--if-possible`: an installation without the
 * packages of development, which cannot build it, is left without a page instead of failing.
 */
import { existsSync } from 'node:fs';
import { buildPage } from './page.ts';

if (process.argv.includes('--if-possible') && !existsSync('node_modules/vite')) {
  process.stderr.write('The page is not built: that takes the packages of development. The server does without it.\n');
} else {
  buildPage();
}
