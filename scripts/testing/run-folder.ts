import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestGroup } from './groups.ts';
import type { TestProcess } from './test-process.ts';

const MEMORY_FOLDER = '/dev/shm';

/** A group of test files together with the module that its process runs. */
export interface TestEntry extends TestGroup {
  /** Absolute path of the module; named after the group, since failures of the whole process carry its name. */
  readonly path: string;
  readonly process: TestProcess;
}

/** The folders of one run of the tests. Everything that tests write lies under them. */
export class RunFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'condvest-tests-'));
  /** A folder in memory, where the system has one. */
  readonly memoryPath = existsSync(MEMORY_FOLDER)
    ? mkdtempSync(join(MEMORY_FOLDER, 'condvest-tests-'))
    : join(this.path, 'memory');
  /** Lakes that are built once and copied by the tests that begin with them. */
  readonly fixturesPath = join(this.path, 'fixtures');

  constructor() {
    // Tests also run commands as an unprivileged user.
    chmodSync(this.path, 0o755);
    mkdirSync(this.memoryPath, { recursive: true });
    mkdirSync(this.fixturesPath);
  }

  /** Writes the module of a group; `number` tells its folders from those of others. */
  addEntry(group: TestGroup, number: number): TestEntry {
    const name = group.name.replaceAll(/[^\w.-]+/g, '-');
    const path = join(this.path, 'entries', `${name}.mjs`);
    const of: TestProcess = {
      files: group.files.map((file) => resolve(file)),
      // Sockets lie in it: their paths may have 107 characters.
      tempFolder: join(this.path, String(number)),
      memoryFolder: join(this.memoryPath, String(number)),
      usageFile: join(this.path, 'usage', name),
      printFile: join(this.path, 'prints', name),
    };
    for (const folder of ['entries', 'usage', 'prints']) mkdirSync(join(this.path, folder), { recursive: true });
    const begin = new URL('test-process.ts', import.meta.url).href;
    writeFileSync(path, `import { runTestFiles } from '${begin}';\nawait runTestFiles(${JSON.stringify(of)});\n`);
    return { ...group, path, process: of };
  }

  /** Returns the processor time that a group's process has noted at its end; undefined where it was killed. */
  cpuMs(entry: TestEntry): number | undefined {
    return existsSync(entry.process.usageFile) ? Number(readFileSync(entry.process.usageFile, 'utf8')) : undefined;
  }

  /** Returns the paths that a group has left behind in its temporary folders. */
  leftovers(entry: TestEntry): string[] {
    const { tempFolder, memoryFolder } = entry.process;
    // Condvest keeps this folder in the system's temporary folder; each process removes its own folder in it.
    const shared = join(tempFolder, `condvest-${process.getuid?.() ?? 'user'}`);
    return [tempFolder, memoryFolder, shared].flatMap(pathsIn).filter((path) => path !== shared);
  }

  remove(): void {
    for (const path of [this.path, this.memoryPath]) rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

function pathsIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}
