import type { IsoDate } from '#base/dates.ts';
import { BAR_FIELDS } from '#market/bar.ts';
import { type DailyRowRules, type QuarantineReason, type RawDailyRow, refusalOf } from '#market/quality.ts';

/** The rows of one reply, sorted into accepted and refused. Nothing is dropped silently and nothing repaired. Pure. */
export interface ValidatedReply {
  /** Each symbol once, ascending. */
  readonly accepted: readonly RawDailyRow[];
  readonly refused: readonly RefusedRow[];
  /** Equal rows that occurred more than once, each counted beyond the first. */
  readonly collapsed: number;
}

export interface RefusedRow {
  /** Its place in the reply, from 1. */
  readonly rowNumber: number;
  readonly reason: QuarantineReason;
  /** The row as JSON text. */
  readonly row: string;
}

export function validateReply(session: IsoDate, rows: readonly RawDailyRow[], rules: DailyRowRules): ValidatedReply {
  const refused: RefusedRow[] = [];
  const bySymbol = new Map<string, { readonly row: RawDailyRow; readonly rowNumber: number }[]>();
  let collapsed = 0;
  for (const [index, row] of rows.entries()) {
    const rowNumber = index + 1;
    // A row of another session in this reply would be a put of part of that session.
    const reason = refusalOf(row, rules) ?? (row.session === session ? undefined : 'not a session');
    if (reason !== undefined || row.symbol === null) {
      refused.push({ rowNumber, reason: reason ?? 'missing or non-finite field', row: textOf(row) });
      continue;
    }
    const same = bySymbol.get(row.symbol);
    if (same === undefined) bySymbol.set(row.symbol, [{ row, rowNumber }]);
    else if (same.some((other) => equalRows(other.row, row))) collapsed += 1;
    else same.push({ row, rowNumber });
  }
  const accepted: RawDailyRow[] = [];
  for (const [, rivals] of [...bySymbol].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [first, second] = rivals;
    if (first !== undefined && second === undefined) accepted.push(first.row);
    else {
      for (const { row, rowNumber } of rivals) {
        refused.push({ rowNumber, reason: 'duplicate with other values', row: textOf(row) });
      }
    }
  }
  refused.sort((a, b) => a.rowNumber - b.rowNumber);
  return { accepted, refused, collapsed };
}

function equalRows(a: RawDailyRow, b: RawDailyRow): boolean {
  return BAR_FIELDS.every((field) => a[field] === b[field]);
}

function textOf(row: RawDailyRow): string {
  return JSON.stringify(row, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
}
