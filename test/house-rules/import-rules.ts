import { posix } from 'node:path';
import { parseSync } from 'oxc-parser';

/** The import table of ARCHITECTURE.md, as code: which part of `src/` may import which. */

/** From a part to the parts it may import, itself aside. `*` in packages: any. */
const PARTS: Readonly<Record<string, { readonly parts: readonly string[]; readonly packages: readonly string[] }>> = {
  base: { parts: [], packages: [] },
  market: { parts: ['base'], packages: ['node:crypto'] },
  ports: { parts: ['base', 'market'], packages: [] },
  lake: {
    parts: ['base', 'market', 'ports'],
    packages: ['@duckdb/node-api', '@duckdb/node-bindings', 'node:async_hooks', 'node:crypto'],
  },
  batch: { parts: ['base', 'market', 'ports', 'lake'], packages: ['node:crypto', 'node:stream', 'node:zlib', 'zod'] },
  speed: { parts: ['base', 'market', 'ports', 'lake'], packages: ['node:crypto', 'zod'] },
  serving: {
    parts: ['base', 'market', 'ports', 'lake'],
    packages: [
      'node:crypto',
      'node:stream',
      'node:util',
      'node:zlib',
      'apache-arrow',
      'hono',
      '@hono/zod-openapi',
      'lru-cache',
      'prom-client',
      'zod',
    ],
  },
  adapters: { parts: ['base', 'market', 'ports'], packages: ['*'] },
  runtime: { parts: ['base', 'market', 'ports', 'lake', 'batch', 'speed', 'serving', 'adapters'], packages: ['*'] },
  cli: { parts: ['runtime', 'base', 'market'], packages: ['*'] },
  web: { parts: ['market', 'serving'], packages: ['*'] },
};

/**
 * Rooms of `src/runtime/`, lowest first, with the rooms each may import. `local` and `aws` fill the ports with
 * adapters, and no other room may import `#adapters` or them, but for the library, which opens a lake.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  config: [],
  'home-folder': ['config'],
  'app.ts': ['config', 'home-folder'],
  local: ['config', 'home-folder', 'app.ts'],
  aws: ['config', 'app.ts'],
  runs: ['config', 'app.ts'],
  tasks: ['config', 'app.ts', 'runs'],
  server: ['config', 'app.ts', 'runs', 'tasks'],
  daemon: ['config', 'home-folder', 'app.ts', 'runs', 'tasks', 'server'],
  'library.ts': ['config', 'app.ts', 'tasks', 'local'],
};
const ROOMS_WITH_ADAPTERS = ['local', 'aws'];

/** Tests may import what they test and anything above; they are no part of the program. */
const isTest = (file: string): boolean => file.endsWith('.test.ts');

export interface SourceFile {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Returns what the table does not allow, one line each. */
export function violations(files: readonly SourceFile[]): string[] {
  const found: string[] = [];
  for (const file of files) {
    const part = partOf(file.path);
    if (part === undefined || isTest(file.path)) continue;
    const rule = PARTS[part];
    if (rule === undefined || (part === 'runtime' && ROOMS[folderOf(file.path)] === undefined)) {
      found.push(`${file.path}: "${rule === undefined ? part : folderOf(file.path)}" is no part of the architecture`);
      continue;
    }
    for (const specifier of importsOf(file)) {
      const reason = refusal(file.path, part, rule, specifier);
      if (reason !== undefined) found.push(`${file.path}: imports ${specifier}: ${reason}`);
    }
  }
  return found;
}

function refusal(
  path: string,
  part: string,
  rule: { readonly parts: readonly string[]; readonly packages: readonly string[] },
  specifier: string,
): string | undefined {
  if (!specifier.startsWith('.') && !specifier.startsWith('#')) {
    const isAllowed =
      rule.packages.includes('*') ||
      rule.packages.some((name) => specifier === name || specifier.startsWith(`${name}/`));
    return isAllowed ? undefined : `${part} may use only ${rule.packages.join(', ') || 'no packages'}`;
  }
  const target = specifier.startsWith('#') ? `src/${specifier.slice(1)}` : posix.join(posix.dirname(path), specifier);
  const targetPart = partOf(target);
  if (targetPart === undefined) return 'it lies outside src';
  if (!target.endsWith('.ts')) return 'imports name the file with its ending';
  const isSameFolder = folderOf(path) === folderOf(target);
  if (part === targetPart && (part !== 'adapters' || isSameFolder)) {
    if (specifier.startsWith('#')) return 'inside one part imports are relative';
    const rooms = ROOMS[folderOf(path)] ?? [];
    if (part !== 'runtime' || isSameFolder || rooms.includes(folderOf(target))) return undefined;
    return `${folderOf(path)} may import ${rooms.join(', ') || 'no other room'}`;
  }
  if (part === 'adapters' && targetPart === 'adapters') return 'an adapter knows no other adapter';
  if (part === 'runtime' && targetPart === 'adapters' && !ROOMS_WITH_ADAPTERS.includes(folderOf(path)))
    return `only ${ROOMS_WITH_ADAPTERS.join(' and ')} may import adapters`;
  if (!rule.parts.includes(targetPart)) return `${part} may import ${rule.parts.join(', ') || 'nothing'}`;
  return specifier.startsWith('.') ? 'across parts imports are absolute (#part/file.ts)' : undefined;
}

function partOf(path: string): string | undefined {
  const [root, part, file] = path.split('/');
  return root === 'src' && part !== undefined && file !== undefined ? part : undefined;
}

/** The adapter, or the room of the runtime: the folder or file below the part. */
function folderOf(path: string): string {
  return path.split('/')[2] ?? '';
}

/** Every module a file names: imports, re-exports and dynamic imports with a fixed name. */
function importsOf(file: SourceFile): string[] {
  const { module, errors } = parseSync(file.path, file.text);
  const [error] = errors;
  if (error !== undefined) return [`unreadable source (${error.message})`];
  const specifiers = module.staticImports.map((entry) => entry.moduleRequest.value);
  for (const entry of module.staticExports.flatMap((item) => item.entries)) {
    if (entry.moduleRequest !== null && entry.moduleRequest !== undefined) specifiers.push(entry.moduleRequest.value);
  }
  for (const entry of module.dynamicImports) {
    const text = file.text.slice(entry.moduleRequest.start, entry.moduleRequest.end);
    specifiers.push(/^['"`][^$]*['"`]$/.test(text) ? text.slice(1, -1) : `dynamic import of ${text}`);
  }
  return specifiers;
}
