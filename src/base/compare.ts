/** Compares two strings by UTF-16 code units, for `sort`: the order of every list that this program puts out. */
export function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
