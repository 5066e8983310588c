import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { readProcess } from './process-table.ts';

/** Files and folders of one test process. The runner writes them into a module that calls `runTestFiles`. */
export interface TestProcess {
  /** Absolute paths. */
  readonly files: readonly string[];
  /** Folders of the process's own for temporary files, on disk and in memory. The run fails if anything is left in them. */
  readonly tempFolder: string;
  readonly memoryFolder: string;
  /** Where the process notes its processor time at its end, that of its descendants included, in milliseconds. */
  readonly usageFile: string;
  /** Written whenever the process prints. Node's runner holds the output of a file back until those before it have ended. */
  readonly printFile: string;
}

/** Noting every line would cost more than the line. */
const PRINT_NOTED_MS = 500;

/** Imports test files one after the other, which registers their tests. A file that cannot be imported is a failing test. */
export async function runTestFiles(of: TestProcess): Promise<void> {
  const { files, tempFolder, memoryFolder, usageFile, printFile } = of;
  for (const folder of [tempFolder, memoryFolder]) mkdirSync(folder, { recursive: true });
  // As the system's own temporary folder: every user may write, and remove what is theirs.
  chmodSync(tempFolder, 0o1777);
  process.env['TMPDIR'] = tempFolder;
  process.env['CONDVEST_TEST_MEMORY'] = memoryFolder;
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    writeFileSync(usageFile, String(readProcess('self')?.cpuMs ?? (user + system) / 1000));
  });
  notePrints(process.stdout, printFile);
  notePrints(process.stderr, printFile);
  for (const file of files) {
    try {
      await import(pathToFileURL(file).href);
    } catch (cause) {
      test(`${file} can be imported`, () => {
        throw cause;
      });
    }
  }
}

function notePrints(stream: NodeJS.WriteStream, printFile: string): void {
  const write = stream.write.bind(stream) as (...values: unknown[]) => boolean;
  let notedMs = Number.NEGATIVE_INFINITY;
  stream.write = (...values: unknown[]): boolean => {
    const nowMs = performance.now();
    if (nowMs - notedMs >= PRINT_NOTED_MS) {
      notedMs = nowMs;
      writeFileSync(printFile, '');
    }
    return write(...values);
  };
}
