import { compare } from '#base/compare.ts';
import type { Lake } from '#lake/lake.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Listings } from '#market/security.ts';
import { type FoldedRow, type WindowBar, WindowFolder } from '#market/window.ts';

import type { Findings, Report } from './findings.ts';
import type { DerivedFrom, DerivedTable } from './silver.ts';
import { countByText, inList, inRange, selectBars, selectWindows } from './verify.sql.ts';

/** Daily rows held in memory at once, unless a single symbol has more. */
const ROWS_AT_ONCE = 250_000;
/** Floating-point sums depend on the order of their rows, within this tolerance. */
const RELATIVE_TOLERANCE = 1e-12;

/**
 * Derives silver tables of one checkpoint again from daily bars, security by security, and compares every row. The sums
 * are those of `BarSum`, as in resampling; which rows, splits and windows go into them is found in another way. Returns
 * the number of stored rows compared.
 */
export async function verifyDerived(
  lake: Lake,
  calendar: Calendar,
  tables: readonly DerivedTable[],
  from: DerivedFrom,
  findings: Findings,
): Promise<number> {
  const stored = new Map<DerivedTable, string>();
  for (const table of tables) stored.set(table, await lake.table(table.definition).scanSql(table.at.files));
  const folders = tables.map((table) => {
    const { interval } = table;
    return { table, folder: new WindowFolder({ calendar, interval, isPublished: (s) => from.published.has(s) }) };
  });

  // The id of a security is its symbol unless listings say otherwise; those few are compared together, at the end.
  const linked = linkedNames(from.listings);
  const rowsOf = new Map<string, number>();
  for (const { value, rows } of await lake.rows<ValueCount>(countByText(from.bars, 'symbol'))) rowsOf.set(value, rows);
  for (const select of stored.values()) {
    for (const { value } of await lake.rows<ValueCount>(countByText(select, 'security_id'))) {
      if (!rowsOf.has(value)) rowsOf.set(value, 0);
    }
  }
  let compared = 0;
  const compareRows = async (barsWhere: string, storedWhere: string): Promise<void> => {
    const rows = await lake.records<FoldedRow>(selectBars(from.bars, barsWhere));
    const bySecurity = groupBySecurity(rows, from.listings, calendar);
    for (const { table, folder } of folders) {
      const expected = new Map<string, WindowBar>();
      for (const [securityId, ofSecurity] of bySecurity) {
        for (const bar of folder.fold(securityId, ofSecurity, from.splits.get(securityId) ?? [])) {
          expected.set(`${bar.securityId} ${bar.firstSession}`, bar);
        }
      }
      const found = await lake.records<WindowBar>(selectWindows(stored.get(table) ?? '', storedWhere));
      compareBars(findings.of(table.definition), expected, found);
      compared += found.length;
    }
  };
  const without = [...linked];
  for (const { first, last } of batchesOf(rowsOf, linked)) {
    await compareRows(inRange('symbol', first, last, without), inRange('security_id', first, last, without));
  }
  if (linked.size > 0) await compareRows(inList('symbol', without), inList('security_id', without));
  return compared;
}

interface ValueCount {
  readonly value: string;
  readonly rows: number;
}

/** Returns ranges of symbols, in the order of the tables, each with a bounded number of rows. */
function batchesOf(
  rowsOf: ReadonlyMap<string, number>,
  without: ReadonlySet<string>,
): { readonly first: string; readonly last: string }[] {
  const batches: { first: string; last: string }[] = [];
  let rows = Number.POSITIVE_INFINITY;
  for (const name of [...rowsOf.keys()].filter((other) => !without.has(other)).sort(byBytes)) {
    const own = rowsOf.get(name) ?? 0;
    const open = batches.at(-1);
    if (open === undefined || rows + own > ROWS_AT_ONCE) {
      batches.push({ first: name, last: name });
      rows = own;
    } else {
      open.last = name;
      rows += own;
    }
  }
  return batches;
}

/** Returns the symbols and the securities whose names differ. */
function linkedNames(listings: Listings): Set<string> {
  const linked = new Set<string>();
  for (const { securityId, symbol } of listings.exceptions()) {
    linked.add(securityId).add(symbol);
  }
  return linked;
}

/** Compares strings as DuckDB does: byte by byte in UTF-8. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Returns the rows of each security in ascending order. Days that turned out to be no sessions are in no window. */
function groupBySecurity(rows: readonly FoldedRow[], listings: Listings, calendar: Calendar): Map<string, FoldedRow[]> {
  const sessions = rows.filter(({ session }) => calendar.isSession(session));
  const bySecurity = Map.groupBy(sessions, ({ symbol, session }) => listings.resolve(symbol, session));
  for (const ofSecurity of bySecurity.values()) ofSecurity.sort((a, b) => compare(a.session, b.session));
  return bySecurity;
}

/** Removes the stored bars from `expected`; those that remain are missing. */
function compareBars(report: Report, expected: Map<string, WindowBar>, found: readonly WindowBar[]): void {
  for (const stored of found) {
    const key = `${stored.securityId} ${stored.firstSession}`;
    const bar = expected.get(key);
    if (bar === undefined) {
      report('bar-unexpected', key, 'The bar is stored, but the daily bars do not yield it');
      continue;
    }
    expected.delete(key);
    const differences = differencesOf(stored, bar);
    if (differences.length > 0) report('bar-differs', key, differences.join('; '));
  }
  for (const key of expected.keys()) report('bar-missing', key, 'The daily bars yield the bar, but it is not stored');
}

const EXACT_FIELDS = ['symbol', 'open', 'high', 'low', 'close', 'trades', 'sessions', 'expected', 'complete'] as const;

function differencesOf(stored: WindowBar, bar: WindowBar): string[] {
  const differences: string[] = [];
  const exact = (name: string, a: unknown, b: unknown): void => {
    if (!Object.is(a, b) && a !== b) differences.push(`${name} is ${String(a)}, not ${String(b)}`);
  };
  const close = (name: string, a: number | null, b: number | null): void => {
    if (!isClose(a, b)) differences.push(`${name} is ${String(a)}, not ${String(b)}`);
  };
  exact('last_session', stored.lastSession, bar.lastSession);
  for (const name of EXACT_FIELDS) exact(name, stored[name], bar[name]);
  // Integer volumes have the same sum in any order.
  if (Number.isInteger(stored.volume) && Number.isInteger(bar.volume)) exact('volume', stored.volume, bar.volume);
  else close('volume', stored.volume, bar.volume);
  close('vwap', stored.vwap, bar.vwap);
  return differences;
}

function isClose(a: number | null, b: number | null): boolean {
  if (a === null || b === null) return a === b;
  return Object.is(a, b) || Math.abs(a - b) <= RELATIVE_TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
}
