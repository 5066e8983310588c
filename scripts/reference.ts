/**
 * `npm run reference`: writes the pages of docs/reference that are generated from the code, and breaks lines of other documents
 * that are too wide. Tests fail if either is due.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { referencePages } from './reference-pages.ts';
import { wrapMarkdown } from './wrap-markdown.ts';

for (const { path, text } of referencePages()) writeFileSync(path, text);
for (const path of [...globSync('docs/**/*.md'), ...globSync('*.md')]) {
  const text = readFileSync(path, 'utf8');
  const wrapped = wrapMarkdown(text);
  if (wrapped !== text) writeFileSync(path, wrapped);
}
