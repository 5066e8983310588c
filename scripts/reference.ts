/** `npm run reference`: writes the pages of docs/reference that are made from the code. A test keeps them equal to it. */
import { writeFileSync } from 'node:fs';

import { referencePages } from './reference-pages.ts';

for (const { path, text } of referencePages()) writeFileSync(path, text);
