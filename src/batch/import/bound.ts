/**
 * Returns how many of a number of rows may be rejected: a share, but at least one row, since 1 % of 50 rows means nothing;
 * and never all of them. A few bad rows are quarantined; many mean that the file is not what it was taken for.
 */
export function rejectedMax(rows: number, share: number): number {
  if (rows === 0 || share === 0 || share >= 1) return share * rows;
  return Math.min(Math.max(1, Math.floor(share * rows)), rows - 1);
}

export function percent(share: number): string {
  return `${Number((share * 100).toFixed(4))} %`;
}
