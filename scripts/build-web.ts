/** `npm run build:web`: builds the page into `web/dist`. */
import { buildPage } from './page.ts';

buildPage();
