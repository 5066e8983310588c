/** `npm run reference`: writes the pages of docs/reference that are generated from the code. A test fails if they differ. */
import { writeFileSync } from 'node:fs';

import { referencePages } from './reference-pages.ts';

for (const { path, text } of referencePages()) writeFileSync(path, text);
