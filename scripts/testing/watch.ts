import { statSync } from 'node:fs';
import { processArguments, processTree, readProcessTable } from './process-table.ts';
import type { TestEntry } from './run-folder.ts';

/** A process that runs one group of test files, as the watch sees it. */
interface Watched {
  readonly entry: TestEntry;
  /** Processor time of its whole tree so far. */
  cpuMs: number;
  /** The tree's processor time at the latest sample. */
  sampledCpuMs: number;
  /** When it last made progress, and how much processor time it had used by then. */
  progressAtMs: number;
  progressCpuMs: number;
  /** When it last printed, by the clock of the file system. */
  printedMs: number | undefined;
}

export interface WatchOptions {
  readonly entries: readonly TestEntry[];
  /** Longest time that a test process may go without progress. */
  readonly idleMsMax: number;
  /** Called with the entry of a test process that was killed because it made no progress. */
  readonly onHang: (entry: TestEntry) => void;
}

const SAMPLE_MS = 1000;

/** Less than this share of one processor over the whole time allowed is no progress. A busy machine gives more than that. */
const PROGRESS_SHARE = 0.01;

/**
 * Samples the test processes that this process has started: their processor time, their memory, and whether they still make
 * progress. Progress is processor time used anywhere in the process tree, or output. A process without progress is killed
 * together with its descendants; however slow the machine, one that works is left alone.
 */
export class Watch {
  readonly #options: WatchOptions;
  readonly #running = new Map<number, Watched>();
  readonly #timer: NodeJS.Timeout;
  #peakBytes = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
    this.#timer.unref();
  }

  /** The largest sum of resident memory of this process and all its descendants. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Ends every test process and its descendants. */
  killAll(): void {
    const table = readProcessTable();
    for (const pid of this.#running.keys()) for (const each of processTree(table, pid).reverse()) kill(each);
  }

  #sample(): void {
    const nowMs = performance.now();
    const table = readProcessTable();
    const all = processTree(table, process.pid);
    this.#peakBytes = Math.max(
      this.#peakBytes,
      all.reduce((sum, pid) => sum + (table.get(pid)?.rssBytes ?? 0), 0),
    );
    const children = all.filter((pid) => table.get(pid)?.parent === process.pid);
    for (const pid of this.#running.keys()) if (!children.includes(pid)) this.#running.delete(pid);
    for (const pid of children) {
      const watched = this.#running.get(pid) ?? this.#begin(pid, nowMs);
      if (watched === undefined) continue;
      const tree = processTree(table, pid);
      const cpuMs = tree.reduce((sum, each) => sum + (table.get(each)?.cpuMs ?? 0), 0);
      // A descendant that ended without being waited for takes its time along.
      watched.cpuMs += Math.max(0, cpuMs - watched.sampledCpuMs);
      watched.sampledCpuMs = cpuMs;
      const printedMs = lastPrintMs(watched.entry);
      if (
        printedMs !== watched.printedMs ||
        watched.cpuMs - watched.progressCpuMs >= this.#options.idleMsMax * PROGRESS_SHARE
      ) {
        Object.assign(watched, { printedMs, progressAtMs: nowMs, progressCpuMs: watched.cpuMs });
      }
      if (nowMs - watched.progressAtMs < this.#options.idleMsMax) continue;
      this.#running.delete(pid);
      this.#options.onHang(watched.entry);
      for (const each of tree.reverse()) kill(each);
    }
  }

  #begin(pid: number, nowMs: number): Watched | undefined {
    const command = processArguments(pid);
    const entry = this.#options.entries.find(({ path }) => command.includes(path));
    if (entry === undefined) return undefined;
    const watched = { entry, cpuMs: 0, sampledCpuMs: 0, progressAtMs: nowMs, progressCpuMs: 0, printedMs: undefined };
    this.#running.set(pid, watched);
    return watched;
  }
}

function lastPrintMs({ process: { printFile } }: TestEntry): number | undefined {
  return statSync(printFile, { throwIfNoEntry: false })?.mtimeMs;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
