import type { ObjectStore } from '#ports/object-store.ts';
import { decodePath } from './actions.ts';
import type { DeltaLog } from './log.ts';

/** Versions from `first` to `last`, both included. */
export interface VersionRange {
  readonly first: number;
  readonly last: number;
}

const COMMITS_AT_ONCE = 32;
/** Ranges named in a message, the newest. */
const RANGES_NAMED_MAX = 3;

/** Returns the versions up to `newest` of which the store still has every file, ascending. Reads the log, but no file. */
export async function intactVersions(
  { store, log }: { readonly store: ObjectStore; readonly log: DeltaLog },
  newest: number,
): Promise<VersionRange[]> {
  const prefix = `${log.table}/`;
  const stored = new Set<string>();
  for await (const { key } of store.list(prefix)) stored.add(key.slice(prefix.length));
  const oldest = (await log.span())?.oldest ?? 0;
  const start = await log.load({ version: oldest });
  const missing = new Set(start?.snapshot.files.flatMap(({ path }) => (stored.has(path) ? [] : [path])));
  const intact: VersionRange[] = [];
  const note = (version: number): void => {
    if (missing.size > 0) return;
    const last = intact.at(-1);
    if (last?.last === version - 1) intact[intact.length - 1] = { first: last.first, last: version };
    else intact.push({ first: version, last: version });
  };
  note(oldest);
  for (let from = oldest + 1; from <= newest; from += COMMITS_AT_ONCE) {
    const to = Math.min(newest, from + COMMITS_AT_ONCE - 1);
    for (const [index, actions] of (await log.commits(from, to)).entries()) {
      for (const { path } of actions?.removes ?? []) missing.delete(decodePath(path));
      for (const { path } of actions?.adds ?? []) if (!stored.has(decodePath(path))) missing.add(decodePath(path));
      note(from + index);
    }
  }
  return intact;
}

/** Describes ranges for a message: `versions 3 to 5 and 8`. */
export function describeVersions(ranges: readonly VersionRange[]): string {
  if (ranges.length === 0) return 'none: every version lacks files';
  const named = ranges
    .slice(-RANGES_NAMED_MAX)
    .map(({ first, last }) => (first === last ? `${first}` : `${first} to ${last}`));
  const older = ranges.length > named.length ? ', and some older ones' : '';
  const last = named.pop() ?? '';
  return `versions ${named.length === 0 ? last : `${named.join(', ')} and ${last}`}${older}`;
}
