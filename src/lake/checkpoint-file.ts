import { CondvestError } from '#base/errors.ts';
import type { ObjectStore } from '#ports/object-store.ts';

import { type Add, type CommitActions, isRecord, parseCommit, type StringMap } from './actions.ts';
import { ADD_FIELDS, FIELD_END, ROW_END, readActions, readCheckpointSchema } from './checkpoint.sql.ts';
import type { Engine } from './engine.ts';

/**
 * Reads a checkpoint of the log: the actions that make up a version. `keys` are its files. Undefined where one of them is
 * gone (a newer checkpoint replaced it). Removes are read only where tombstones are asked for.
 */
export async function readCheckpoint(
  deps: { readonly store: ObjectStore; readonly engine: Engine },
  keys: readonly string[],
  options: { readonly tombstones: boolean },
): Promise<CommitActions | undefined> {
  const { store, engine } = deps;
  if (!(await allThere(store, keys))) return undefined;
  try {
    const paths = await Promise.all(keys.map((key) => store.localPath(key)));
    const schema = await engine.rows<{ name: string; children: number }>(readCheckpointSchema(paths[0] ?? ''));
    const sql = readActions(paths, topFields(schema), options);
    const [texts] = await engine.rows<{ adds: string | null; others: string | null }>(sql);
    const others = parseCommit(Buffer.from(texts?.others ?? '', 'utf8'), keys[0] ?? '');
    return { ...others, adds: parseAdds(texts?.adds ?? '') };
  } catch (cause) {
    if (!(await allThere(store, keys))) return undefined;
    if (!(cause instanceof CondvestError) || cause.kind === 'transient') throw cause;
    throw new CondvestError({
      code: 'lake-checkpoint-unreadable',
      kind: 'corrupt',
      message: "A checkpoint of the table's log cannot be read",
      found: `${keys.join(', ')} (${cause.message})`,
      action: 'Restore this file from a backup; where all commit files are still there, deleting it is enough',
      cause,
    });
  }
}

async function allThere(store: ObjectStore, keys: readonly string[]): Promise<boolean> {
  const infos = await Promise.all(keys.map((key) => store.head(key)));
  return infos.every((info) => info !== undefined);
}

function parseAdds(text: string): Add[] {
  if (text === '') return [];
  // Hundreds of files share few partitions, so their maps are parsed once and shared.
  const maps = new Map<string, StringMap>();
  const mapOf = (json: string): StringMap => {
    const known = maps.get(json);
    if (known !== undefined) return known;
    const value: unknown = JSON.parse(json);
    const map = isRecord(value) ? (value as StringMap) : {};
    maps.set(json, map);
    return map;
  };
  return text.split(ROW_END).map((row): Add => {
    const [path = '', size, modificationTime, partitionValues = '', tags = '', stats = ''] = row.split(
      FIELD_END,
      ADD_FIELDS.length,
    );
    return {
      path,
      partitionValues: partitionValues === '' ? {} : mapOf(partitionValues),
      size: Number(size),
      modificationTime: Number(modificationTime),
      dataChange: false,
      stats: stats === '' ? undefined : stats,
      tags: tags === '' ? undefined : mapOf(tags),
    };
  });
}

/** The fields of each top column, from the flat list of the Parquet schema's nodes (depth first, each with its children). */
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
