import type { Lake } from '#lake/lake.ts';
import type { Snapshot } from '#lake/snapshot.ts';

/**
 * A reading of one version of a table, done once and kept for as long as somebody holds the version, which never changes: the steps of a
 * run ask for the ledger a dozen times. What failed is read again.
 */
export function readOnce<T>(
  read: (lake: Lake, base: Snapshot) => Promise<T>,
): (lake: Lake, base: Snapshot) => Promise<T> {
  const kept = new WeakMap<Snapshot, Promise<T>>();
  return (lake, base) => {
    const known = kept.get(base);
    if (known !== undefined) return known;
    const reading = read(lake, base);
    kept.set(base, reading);
    reading.catch(() => kept.delete(base));
    return reading;
  };
}
