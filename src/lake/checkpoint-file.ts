import { CondvestError } from '#base/errors.ts';
import { isRecord } from '#base/is-record.ts';
import type { ObjectStore } from '#ports/object-store.ts';
import { type Add, type CommitActions, parseCommit, type StringMap } from './actions.ts';
import { FIELD_END, ROW_END, readAdds, readCheckpointSchema, readOthers } from './checkpoint.sql.ts';
import type { Engine } from './engine.ts';

/** The content of a checkpoint, with its add actions separate, each parsed on first use. */
export interface CheckpointActions {
  readonly adds: readonly LazyAdd[];
  /** Without add actions. */
  readonly others: CommitActions;
}

export interface LazyAdd {
  /** As in the log. */
  readonly path: string;
  readonly read: () => Add;
}

/**
 * Reads a log checkpoint: the actions that make up a version. `keys` are its files. Returns undefined if one of them is
 * gone (a newer checkpoint replaced it). Removes are read only if tombstones are requested.
 */
export async function readCheckpoint(
  deps: { readonly store: ObjectStore; readonly engine: Engine },
  keys: readonly string[],
  options: { readonly tombstones: boolean },
): Promise<CheckpointActions | undefined> {
  const { store, engine } = deps;
  if (!(await allThere(store, keys))) return undefined;
  try {
    const paths = await Promise.all(keys.map((key) => store.localPath(key)));
    const schema = await engine.rows<{ name: string; children: number }>(readCheckpointSchema(paths[0] ?? ''));
    const fields = topFields(schema);
    const [adds, others] = await Promise.all([
      engine.rows<{ text: string | null }>(readAdds(paths, fields)),
      engine.rows<{ text: string | null }>(readOthers(paths, fields, options)),
    ]);
    return {
      adds: parseAdds(adds[0]?.text ?? ''),
      others: parseCommit(Buffer.from(others[0]?.text ?? '', 'utf8'), keys[0] ?? ''),
    };
  } catch (cause) {
    if (!(await allThere(store, keys))) return undefined;
    if (!(cause instanceof CondvestError) || cause.kind === 'transient') throw cause;
    throw new CondvestError({
      code: 'lake-checkpoint-unreadable',
      kind: 'corrupt',
      message: "Cannot read a checkpoint of the table's log",
      found: `${keys.join(', ')} (${cause.message})`,
      action: 'Restore this file from a backup; if all commit files still exist, deleting it is enough',
      cause,
    });
  }
}

async function allThere(store: ObjectStore, keys: readonly string[]): Promise<boolean> {
  const infos = await Promise.all(keys.map((key) => store.head(key)));
  return infos.every((info) => info !== undefined);
}

function parseAdds(text: string): LazyAdd[] {
  if (text === '') return [];
  return text.split(ROW_END).map((row) => ({ path: row.slice(0, row.indexOf(FIELD_END)), read: () => parseAdd(row) }));
}

function parseAdd(row: string): Add {
  const [path = '', size, modificationTime, partitionValues = '', tags = '', stats = ''] = row.split(FIELD_END);
  return {
    path,
    partitionValues: parseMap(partitionValues) ?? {},
    size: Number(size),
    modificationTime: Number(modificationTime),
    dataChange: false,
    stats: stats === '' ? undefined : stats,
    tags: parseMap(tags),
  };
}

function parseMap(json: string): StringMap | undefined {
  const map: unknown = json === '' ? undefined : JSON.parse(json);
  return isRecord(map) ? (map as StringMap) : undefined;
}

/** Returns the fields of each top-level column, from the flat list of the Parquet schema's nodes (depth first). */
function topFields(nodes: readonly { name: string; children: number }[]): Map<string, Set<string>> {
  const fields = new Map<string, Set<string>>();
  let next = 0;
  const visit = (depth: number, top: string): void => {
    const node = nodes[next];
    next += 1;
    if (node === undefined) return;
    if (depth === 1) fields.set(node.name, new Set());
    if (depth === 2) fields.get(top)?.add(node.name);
    for (let i = 0; i < node.children; i += 1) visit(depth + 1, depth === 1 ? node.name : top);
  };
  visit(0, '');
  return fields;
}
