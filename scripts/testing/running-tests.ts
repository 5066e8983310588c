import type { TestEvent } from 'node:test/reporters';
import type { TestEntry } from './run-folder.ts';

/** Follows which tests run at the moment, so that a hang can be named. */
export class RunningTests {
  readonly #entryOfFile = new Map<string, TestEntry>();
  /** Tests that have begun and not ended. */
  readonly #open = new Map<string, { readonly name: string; readonly entry: TestEntry | undefined }>();

  constructor(entries: readonly TestEntry[]) {
    for (const entry of entries) {
      this.#entryOfFile.set(entry.path, entry);
      for (const file of entry.process.files) this.#entryOfFile.set(file, entry);
    }
  }

  /** Takes note of an event. The file of a test is where it is defined, which may be a suite that several test files share. */
  observe({ type, data }: TestEvent): void {
    const file = data !== undefined && 'file' in data ? data.file : undefined;
    const entry = file === undefined ? undefined : this.#entryOfFile.get(file);
    if ((type === 'test:dequeue' || type === 'test:complete') && file !== entry?.path) {
      const key = `${file}:${data.line}:${data.column}:${data.nesting}:${data.name}`;
      if (type === 'test:dequeue') this.#open.set(key, { name: data.name, entry });
      else this.#open.delete(key);
    }
  }

  /** Returns the message for a test process that was killed because it made no progress. */
  describeHang(entry: TestEntry, idleSeconds: string): string {
    const open = [...this.#open.values()].filter((each) => each.entry === undefined || each.entry === entry);
    const where = open.length === 0 ? 'outside any test' : `in: ${open.map(({ name }) => name).join(' > ')}`;
    return `HANGS: ${entry.name} neither used the processor nor printed for ${idleSeconds} s, ${where}`;
  }
}
