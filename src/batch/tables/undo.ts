import type { TableDefinition } from '#lake/schema.ts';

/** The way back from what a command has written to a table. */
export interface UndoPoint {
  readonly table: string;
  /** The version before; null if the table had none. */
  readonly version: number | null;
  readonly command: string;
}

/** Returns the way back to a version; -1 is the state before the first one. */
export function undoPoint({ name }: TableDefinition, version: number): UndoPoint {
  const short = name.split('/').at(-1) ?? name;
  const to = version < 0 ? '--empty' : `--version ${version}`;
  return { table: name, version: version < 0 ? null : version, command: `condvest restore ${short} ${to}` };
}
