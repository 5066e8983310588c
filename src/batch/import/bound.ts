import { CondvestError } from '#base/errors.ts';

/**
 * Throws `import-over-bound` if too many rows were rejected. A few bad rows are quarantined; many mean that the file is not
 * what it was taken for.
 */
export async function checkBound(
  { rows, byReason }: { readonly rows: number; readonly byReason: Readonly<Record<string, number>> },
  bound: number,
  findExample: () => Promise<string | undefined>,
): Promise<void> {
  const rejected = Object.values(byReason).reduce((sum, count) => sum + count, 0);
  if (rejected <= bound * rows) return;
  const example = await findExample();
  const reasons = Object.entries(byReason).map(([reason, count]) => `${count} × ${reason}`);
  throw new CondvestError({
    code: 'import-over-bound',
    kind: 'permanent',
    message: `${rejected} of ${rows} rows were rejected, so nothing was imported`,
    found: `${reasons.join(', ')}${example === undefined ? '' : `; first: ${example}`}`,
    allowed: `${percent(bound)} of the rows`,
    action: 'Fix the file, or raise the bound (--quarantine-bound) to quarantine these rows and import the others',
  });
}

export function percent(share: number): string {
  return `${Number((share * 100).toFixed(4))} %`;
}
