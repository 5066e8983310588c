/**
 * `npm run build`: builds the package that `npm pack` ships, as JavaScript in `dist/` with its page in `dist/web`. Node runs
 * TypeScript directly, but not inside `node_modules`. Node itself strips the types, so the package is the code that was tested;
 * declarations come from the compiler. The nested package.json maps `#part/file.ts` imports to the files in `dist/`.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { buildPage } from './page.ts';

rmSync('dist', { recursive: true, force: true });
const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);

/** Relative imports as written in sources: `from './x.ts'`, `import './x.ts'`, `import('./x.ts')`. */
const RELATIVE_IMPORT = /((?:from|import)\s*\(?\s*)'(\.{1,2}\/[^']+)\.ts'/g;

for (const path of globSync('src/**/*.ts')) {
  if (path.endsWith('.test.ts')) continue;
  const target = join('dist', path.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(target), { recursive: true });
  const source = stripTypeScriptTypes(readFileSync(path, 'utf8'));
  writeFileSync(target, source.replaceAll(RELATIVE_IMPORT, "$1'$2.js'"));
}
mkdirSync('dist/bin', { recursive: true });
cpSync('bin/condvest.js', 'dist/bin/condvest.js');
// The pipeline's definition is read at run time, next to the code of its steps.
for (const path of globSync('src/**/*.json')) cpSync(path, join('dist', path));
for (const path of globSync('dist/**/*.d.ts')) {
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(RELATIVE_IMPORT, "$1'$2.js'"));
}

buildPage();
cpSync('web/dist', 'dist/web', { recursive: true });

const { imports } = JSON.parse(readFileSync('package.json', 'utf8')) as { imports: Record<string, string> };
const compiled = Object.entries(imports)
  .filter(([name]) => name !== '#test/*')
  .map(([name, target]) => [`${name}.ts`, `${target}.js`]);
writeFileSync(
  'dist/package.json',
  `${JSON.stringify({ type: 'module', imports: Object.fromEntries(compiled) }, undefined, 2)}\n`,
);
