/**
 * Returns whether one typing mistake turns one text into the other: a letter changed, missing or too many, or two
 * neighbors swapped. True for equal texts.
 */
export function isOneTypo(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  const isSwapped = a[start] === b[start + 1] && a[start + 1] === b[start];
  if (a.length === b.length && isSwapped && a.slice(start + 2) === b.slice(start + 2)) return true;
  const skipA = a.length >= b.length ? 1 : 0;
  const skipB = b.length >= a.length ? 1 : 0;
  return a.slice(start + skipA) === b.slice(start + skipB);
}
