import { CondvestError } from '#base/errors.ts';

/**
 * A few bad rows are quarantined; too many mean that the file is not what it was taken for.
 * @throws CondvestError `import-over-bound`.
 */
export function checkBound(
  totals: { readonly rows: number; readonly byReason: Readonly<Record<string, number>>; readonly bound: number },
  example: string | undefined,
): void {
  const { rows, byReason, bound } = totals;
  const rejected = Object.values(byReason).reduce((sum, count) => sum + count, 0);
  if (rejected <= bound * rows) return;
  const reasons = Object.entries(byReason).map(([reason, count]) => `${count} × ${reason}`);
  throw new CondvestError({
    code: 'import-over-bound',
    kind: 'permanent',
    message: `${rejected} of ${rows} rows were rejected, so nothing was imported`,
    found: `${reasons.join(', ')}${example === undefined ? '' : `; first: ${example}`}`,
    allowed: `${percent(bound)} of the rows`,
    action: 'Mend the file, or raise the bound (--quarantine-bound) to quarantine these rows and import the others',
  });
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(4))} %`;
}
