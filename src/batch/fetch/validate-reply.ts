import { append } from '#base/append.ts';
import { compare } from '#base/compare.ts';
import type { IsoDate } from '#base/dates.ts';
import { BAR_FIELDS } from '#market/bar.ts';
import { type DailyRowRules, type QuarantineReason, type RawDailyRow, rejectionOf } from '#market/quality.ts';

/** The rows of one reply, accepted or rejected. No row is dropped silently, and none is repaired. */
export interface ValidatedReply {
  /** Each symbol once, ascending. */
  readonly accepted: readonly RawDailyRow[];
  readonly rejected: readonly RejectedRow[];
  /** Equal rows that occurred more than once, each counted beyond the first. */
  readonly collapsed: number;
}

export interface RejectedRow {
  /** Position in the reply, from 1. */
  readonly rowNumber: number;
  readonly reason: QuarantineReason;
  /** The row as JSON text. */
  readonly row: string;
}

/** Validates the rows of a reply for a session. Pure. */
export function validateReply(session: IsoDate, rows: readonly RawDailyRow[], rules: DailyRowRules): ValidatedReply {
  const rejected: RejectedRow[] = [];
  const bySymbol = new Map<string, { readonly row: RawDailyRow; readonly rowNumber: number }[]>();
  const reject = (row: RawDailyRow, rowNumber: number, reason: QuarantineReason): number =>
    rejected.push({ rowNumber, reason, row: textOf(row) });
  let collapsed = 0;
  for (const [index, row] of rows.entries()) {
    const rowNumber = index + 1;
    // Storing rows of another session would put only a part of it.
    const reason = rejectionOf(row, rules) ?? (row.session === session ? undefined : 'not a session');
    if (reason !== undefined || row.symbol === null) reject(row, rowNumber, reason ?? 'missing or non-finite field');
    else if (bySymbol.get(row.symbol)?.some((other) => equalRows(other.row, row)) === true) collapsed += 1;
    else append(bySymbol, row.symbol, { row, rowNumber });
  }
  const accepted: RawDailyRow[] = [];
  for (const [, rivals] of [...bySymbol].sort(([a], [b]) => compare(a, b))) {
    const [first] = rivals;
    if (first !== undefined && rivals.length === 1) accepted.push(first.row);
    else for (const { row, rowNumber } of rivals) reject(row, rowNumber, 'duplicate with other values');
  }
  rejected.sort((a, b) => a.rowNumber - b.rowNumber);
  return { accepted, rejected, collapsed };
}

function equalRows(a: RawDailyRow, b: RawDailyRow): boolean {
  return BAR_FIELDS.every((field) => a[field] === b[field]);
}

function textOf(row: RawDailyRow): string {
  return JSON.stringify(row, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
}
