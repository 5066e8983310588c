import { append } from '#base/append.ts';
import type { IsoDate } from '#base/dates.ts';
import type { SqlValue } from '#lake/engine-values.ts';
import type { Lake } from '#lake/lake.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Listings } from '#market/security.ts';
import { type FoldedRow, type WindowBar, WindowFolder } from '#market/window.ts';

import type { Findings } from './findings.ts';
import type { DerivedFrom, DerivedTable } from './silver.ts';
import { countByText, inList, inRange, selectBars, selectWindows } from './verify.sql.ts';

/** Daily rows held in memory at once, but for a single symbol that has more of them. */
const ROWS_AT_ONCE = 250_000;
/** Floating sums depend on the order of their rows, within this. */
const RELATIVE_TOLERANCE = 1e-12;

/**
 * Derives silver tables again from daily bars, by the pure functions that the SQL is held to, and compares every row. The
 * tables have one checkpoint. Answers how many stored rows were compared.
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

  // A security is called like its symbol unless listings say otherwise; those few are taken together, at the end.
  const linked = linkedNames(from.listings);
  const rowsOf = new Map<string, number>();
  for (const { value, rows } of await lake.rows<ValueCount>(countByText(from.bars, 'symbol'))) rowsOf.set(value, rows);
  for (const select of stored.values()) {
    for (const { value } of await lake.rows<ValueCount>(countByText(select, 'security_id'))) {
      if (!rowsOf.has(value)) rowsOf.set(value, 0);
    }
  }
  let compared = 0;
  const compare = async (barsWhere: string, storedWhere: string): Promise<void> => {
    const rows = await lake.columns(selectBars(from.bars, barsWhere));
    const bySecurity = groupBySecurity(rows, from.listings, calendar);
    for (const { table, folder } of folders) {
      const expected = new Map<string, WindowBar>();
      for (const [securityId, ofSecurity] of bySecurity) {
        for (const bar of folder.fold(securityId, ofSecurity, from.splits.get(securityId) ?? [])) {
          expected.set(`${bar.securityId} ${bar.firstSession}`, bar);
        }
      }
      const found = await lake.records<WindowBar>(selectWindows(stored.get(table) ?? '', storedWhere));
      compareBars(table.definition.name, expected, found, findings);
      compared += found.length;
    }
  };
  const without = [...linked];
  for (const { first, last } of batchesOf(rowsOf, linked)) {
    await compare(inRange('symbol', first, last, without), inRange('security_id', first, last, without));
  }
  if (linked.size > 0) await compare(inList('symbol', without), inList('security_id', without));
  return compared;
}

interface ValueCount {
  readonly value: string;
  readonly rows: number;
}

/** Ranges of symbols, in the order of the tables, each with so many rows that memory can hold them. */
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

/** Symbols and securities that are not simply each other. */
function linkedNames(listings: Listings): Set<string> {
  const linked = new Set<string>();
  for (const { securityId, symbol } of listings.exceptions()) {
    linked.add(securityId).add(symbol);
  }
  return linked;
}

/** In the order of DuckDB's texts: UTF-8, byte by byte. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The rows of each security, ascending by session. Rows of a day that is none (a closing learned late) are in no window. */
function groupBySecurity(
  columns: Readonly<Record<string, SqlValue[]>>,
  listings: Listings,
  calendar: Calendar,
): Map<string, FoldedRow[]> {
  const bySecurity = new Map<string, FoldedRow[]>();
  const column = <T>(name: string): T[] => (columns[name] ?? []) as T[];
  const [symbols, sessions] = [column<string>('symbol'), column<IsoDate>('session')];
  const [opens, highs, lows, closes] = [
    column<number>('open'),
    column<number>('high'),
    column<number>('low'),
    column<number>('close'),
  ];
  const [volumes, vwaps, trades] = [
    column<number>('volume'),
    column<number | null>('vwap'),
    column<number | null>('trades'),
  ];
  for (const [index, symbol] of symbols.entries()) {
    const session = sessions[index] as IsoDate;
    if (!calendar.isSession(session)) continue;
    const row: FoldedRow = {
      symbol,
      session,
      open: opens[index] ?? Number.NaN,
      high: highs[index] ?? Number.NaN,
      low: lows[index] ?? Number.NaN,
      close: closes[index] ?? Number.NaN,
      volume: volumes[index] ?? Number.NaN,
      vwap: vwaps[index] ?? null,
      trades: trades[index] ?? null,
    };
    const securityId = listings.resolve(symbol, session);
    append(bySecurity, securityId, row);
  }
  for (const rows of bySecurity.values()) rows.sort((a, b) => (a.session < b.session ? -1 : 1));
  return bySecurity;
}

/** Takes from `expected` what was found; what is left there was not stored. */
function compareBars(
  table: string,
  expected: Map<string, WindowBar>,
  found: readonly WindowBar[],
  findings: Findings,
): void {
  for (const stored of found) {
    const key = `${stored.securityId} ${stored.firstSession}`;
    const bar = expected.get(key);
    if (bar === undefined) {
      findings.add(table, 'bar-unexpected', key, 'It is stored, and the daily bars do not give it');
      continue;
    }
    expected.delete(key);
    const differences = differencesOf(stored, bar);
    if (differences.length > 0) findings.add(table, 'bar-differs', key, differences.join('; '));
  }
  for (const key of expected.keys())
    findings.add(table, 'bar-missing', key, 'The daily bars give it, and it is not stored');
}

function differencesOf(stored: WindowBar, bar: WindowBar): string[] {
  const differences: string[] = [];
  const exact = (name: string, a: unknown, b: unknown): void => {
    if (!Object.is(a, b) && a !== b) differences.push(`${name} is ${String(a)}, not ${String(b)}`);
  };
  const close = (name: string, a: number | null, b: number | null): void => {
    if (!isClose(a, b)) differences.push(`${name} is ${String(a)}, not ${String(b)}`);
  };
  exact('symbol', stored.symbol, bar.symbol);
  exact('last_session', stored.lastSession, bar.lastSession);
  exact('open', stored.open, bar.open);
  exact('high', stored.high, bar.high);
  exact('low', stored.low, bar.low);
  exact('close', stored.close, bar.close);
  exact('trades', stored.trades, bar.trades);
  exact('sessions', stored.sessions, bar.sessions);
  exact('expected', stored.expected, bar.expected);
  exact('complete', stored.complete, bar.complete);
  // Whole volumes add up to the same in any order.
  if (Number.isInteger(stored.volume) && Number.isInteger(bar.volume)) exact('volume', stored.volume, bar.volume);
  else close('volume', stored.volume, bar.volume);
  close('vwap', stored.vwap, bar.vwap);
  return differences;
}

function isClose(a: number | null, b: number | null): boolean {
  if (a === null || b === null) return a === b;
  return Object.is(a, b) || Math.abs(a - b) <= RELATIVE_TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
}
