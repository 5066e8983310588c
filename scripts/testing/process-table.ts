import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** A process as Linux shows it under `/proc`. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  /** Processor time of the process and of its children that have ended and were waited for. */
  readonly cpuMs: number;
  /** Resident memory. Pages that several processes share count for each of them. */
  readonly rssBytes: number;
}

/** False on a system without `/proc`: processor time and memory are unknown there. */
export const hasProcessTable = existsSync('/proc/self/stat');

const TICK_MS = hasProcessTable ? 1000 / systemValue('CLK_TCK') : 0;
const PAGE_BYTES = hasProcessTable ? systemValue('PAGESIZE') : 0;

/** Returns every process of the system by its id. A process that ends during the reading is left out. */
export function readProcessTable(): Map<number, ProcessRow> {
  const table = new Map<number, ProcessRow>();
  if (!hasProcessTable) return table;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const row = readProcess(name);
    if (row !== undefined) table.set(row.pid, row);
  }
  return table;
}

/** Returns one process; `self` names the caller's own. */
export function readProcess(name: string): ProcessRow | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${name}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The command's name comes second, in parentheses, and may hold spaces and parentheses of its own.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // proc(5) counts from 1 and from the pid: the fields here begin with its third.
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    pid: Number.parseInt(text, 10),
    parent: field(4),
    cpuMs: (field(14) + field(15) + field(16) + field(17)) * TICK_MS,
    rssBytes: field(24) * PAGE_BYTES,
  };
}

/** Returns the ids of a process and of all its descendants, parents before children. */
export function processTree(table: ReadonlyMap<number, ProcessRow>, root: number): number[] {
  const children = new Map<number, number[]>();
  for (const { pid, parent } of table.values()) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** Returns the arguments of a process, its program first; none where it has ended. */
export function processArguments(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

function systemValue(name: string): number {
  return Number(execFileSync('getconf', [name], { encoding: 'utf8' }));
}
