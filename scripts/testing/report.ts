import type { TestEvent } from 'node:test/reporters';
import { readProcess } from './process-table.ts';
import type { RunFolder, TestEntry } from './run-folder.ts';

/** A line before the closing lines of the run. */
export interface Line {
  readonly level: 'info' | 'error';
  readonly message: string;
}

/** Passes on the events of a run. Lines are added right before the closing lines, when every test process has ended. */
export async function* withLines(events: AsyncIterable<TestEvent>, lines: () => Line[]): AsyncGenerator<TestEvent> {
  let isClosing = false;
  for await (const event of events) {
    if (!isClosing && event.type === 'test:diagnostic' && event.data.file === undefined) {
      isClosing = true;
      for (const line of lines()) yield { type: 'test:diagnostic', data: { nesting: 0, ...line } };
    }
    yield event;
  }
}

/** Returns the groups that took the most processor time, and the totals of the run. */
export function costLines(
  entries: readonly TestEntry[],
  { folder, peakBytes, shown }: { readonly folder: RunFolder; readonly peakBytes: number; readonly shown: number },
): Line[] {
  const costs = entries
    .map((entry) => ({ name: entry.name, cpuMs: folder.cpuMs(entry) ?? 0 }))
    .sort((a, b) => b.cpuMs - a.cpuMs)
    .slice(0, shown);
  const totalMs = readProcess('self')?.cpuMs;
  return [
    ...costs.map(({ name, cpuMs }) => `${seconds(cpuMs).padStart(9)}  ${name}`),
    ...(totalMs === undefined
      ? []
      : [`processor time ${seconds(totalMs)}, peak memory ${(peakBytes / 2 ** 30).toFixed(1)} GiB`]),
  ].map((message) => ({ level: 'info', message }));
}

/** Returns a line for each file or folder that tests have left behind. */
export function leftoverLines(entries: readonly TestEntry[], folder: RunFolder): Line[] {
  return entries.flatMap((entry) =>
    folder.leftovers(entry).map((path) => ({ level: 'error' as const, message: `${entry.name} left ${path} behind` })),
  );
}

function seconds(ms: number): string {
  return `${(ms / 1000).toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 })} s`;
}
