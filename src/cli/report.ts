import type { Terminal } from './terminal.ts';

/** Writes a report: as JSON with `--json`, otherwise as the lines that `describe` returns. */
export async function report(terminal: Terminal, value: unknown, describe: () => readonly string[]): Promise<void> {
  const lines = terminal.json ? [JSON.stringify(value, undefined, 2)] : describe();
  for (const line of lines) if (!(await terminal.line(line))) return;
}
