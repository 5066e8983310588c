import type { InstantMs, IsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import type { HistoryEntry } from '#lake/history.ts';
import type { Lake } from '#lake/lake.ts';
import type { Column, TableDefinition } from '#lake/schema.ts';
import { BRONZE_TABLES, DAILY_BARS, LISTINGS, SESSIONS, silverBars } from '#lake/tables.ts';
import { boundsSql, countSql, symbolsSql } from './query.sql.ts';

/** Every table that a lake may have, bronze before silver: of the stored intervals, and of others that were stored once. */
export async function tableDefinitions(lake: Lake, intervals: readonly number[]): Promise<TableDefinition[]> {
  const all = new Set([...intervals, ...(await lake.silverIntervals())]);
  const silver = [...all].sort((a, b) => a - b).map(silverBars);
  return [...BRONZE_TABLES, ...silver];
}

export interface TableSummary {
  readonly table: string;
  readonly comment: string;
  readonly version: number;
  readonly changedMs: InstantMs;
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
  /** First and last unit, of tables that have one: a session, or a window's first session. */
  readonly first: IsoDate | null;
  readonly last: IsoDate | null;
  readonly columns: readonly Column[];
}

/** The tables that exist, with what their logs say of them; files of other writers are counted by reading them. */
export async function listTables(lake: Lake, intervals: readonly number[]): Promise<TableSummary[]> {
  const summaries: TableSummary[] = [];
  for (const definition of await tableDefinitions(lake, intervals)) {
    const snapshot = await lake.table(definition).head();
    if (snapshot === undefined) continue;
    const unsure = snapshot.files.filter((file) => file.stats?.numRecords === undefined);
    let rows = snapshot.files.reduce((sum, file) => sum + (file.stats?.numRecords ?? 0), 0);
    if (unsure.length > 0) {
      const [counted] = await lake.rows<{ count: number }>(countSql(await lake.table(definition).scanSql(unsure)));
      rows += counted?.count ?? 0;
    }
    let first: IsoDate | null = null;
    let last: IsoDate | null = null;
    if (definition.unitColumn !== undefined) {
      for (const { units } of snapshot.files) {
        if (units?.min !== undefined && (first === null || units.min < first)) first = units.min;
        if (units?.max !== undefined && (last === null || units.max > last)) last = units.max;
      }
    } else if (definition === SESSIONS) {
      const sql = boundsSql(await lake.table(definition).scanSql(snapshot.files), 'session');
      const [bounds] = await lake.rows<{ first: IsoDate | null; last: IsoDate | null }>(sql);
      first = bounds?.first ?? null;
      last = bounds?.last ?? null;
    }
    summaries.push({
      table: definition.name,
      comment: definition.comment,
      version: snapshot.version,
      changedMs: snapshot.timestampMs,
      rows,
      files: snapshot.fileCount,
      bytes: snapshot.files.reduce((sum, file) => sum + file.sizeBytes, 0),
      first,
      last,
      columns: snapshot.schema,
    });
  }
  return summaries;
}

/** The definition that a user means: `bars_21d`, `silver/bars_21d` or `silver.bars_21d`. Throws `table-unknown`. */
async function findTable(lake: Lake, name: string, intervals: readonly number[]): Promise<TableDefinition> {
  const wanted = name.replace('.', '/').toLowerCase();
  const all = await tableDefinitions(lake, intervals);
  const found = all.find((definition) => definition.name === wanted || definition.name.split('/')[1] === wanted);
  if (found !== undefined) return found;
  throw new UsageError({
    code: 'table-unknown',
    message: 'No such table',
    found: name,
    allowed: all.map((definition) => definition.name).join(', '),
  });
}

/** The versions of a table, newest first. Throws `table-unknown`, and `table-absent` where nothing was written yet. */
export async function tableHistory(
  lake: Lake,
  request: { readonly table: string; readonly intervals: readonly number[]; readonly limit: number },
): Promise<HistoryEntry[]> {
  const definition = await findTable(lake, request.table, request.intervals);
  const entries = await lake.table(definition).history(request.limit);
  if (entries.length > 0) return entries;
  throw new UsageError({
    code: 'table-absent',
    message: 'Nothing has been written to this table yet',
    found: definition.name,
    action: 'List all tables with: condvest tables',
  });
}

export interface SymbolSummary {
  readonly symbol: string;
  readonly security_id: string;
  readonly name: string | null;
  readonly type: string | null;
  readonly exchange: string | null;
  readonly first_session: IsoDate;
  readonly last_session: IsoDate;
  readonly bars: number;
}

/** Symbols that have bars; with `search` those whose symbol or name contains it, an exact match first. */
export async function listSymbols(
  lake: Lake,
  request: { readonly search?: string | undefined; readonly limit: number },
): Promise<SymbolSummary[]> {
  const bars = await lake.table(DAILY_BARS).head();
  const listings = await lake.table(LISTINGS).head();
  const barsSql = await lake.table(DAILY_BARS).scanSql(bars?.files ?? []);
  const listingsSql = await lake.table(LISTINGS).scanSql(listings?.files ?? []);
  return lake.rows<SymbolSummary>(symbolsSql(barsSql, listingsSql, request.limit), [request.search ?? null]);
}
