/**
 * Under this id `bronze/restatements` keeps, in its own commits, the version of daily bars up to which it was derived: a
 * `txn` action, moved together with the rows that it vouches for.
 */
export function restatementsKey(barsTableId: string): string {
  return `restatements:${barsTableId}`;
}
