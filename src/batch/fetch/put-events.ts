import { CondvestError } from '#base/errors.ts';
import type { SqlParameter } from '#lake/engine-session.ts';
import { isSymbol, type QuarantineReason } from '#market/quality.ts';

import { distinctEventsSql } from '../import/events.sql.ts';
import { type EventDataset, putValueSets } from '../import/import-events.ts';
import { fetchOrigin } from '../tables/origin.ts';
import { copyScratchSql, readScratchSql } from '../tables/scratch.sql.ts';
import type { EventsFetchRange } from './events-fetch.ts';
import type { FetchDeps } from './fetched-session.ts';
import { quarantineReply } from './quarantine-reply.ts';
import type { RejectedRow } from './validate-reply.ts';

export interface EventsReport {
  readonly rows: number;
  readonly added: number;
  readonly replaced: number;
  /** Keys for which the source gave two values: neither is applied. */
  readonly held: number;
  /** Rows that are invalid, and so quarantined, or in another currency. */
  readonly refused: number;
  /** `S1 2024-02-20`: announced earlier and no longer on the list. */
  readonly withdrawn: readonly string[];
}

export const NO_EVENTS: EventsReport = { rows: 0, added: 0, replaced: 0, held: 0, refused: 0, withdrawn: [] };

/** A row of a source's list. Null: not given. */
export interface ListedEvent {
  readonly symbol: string | null;
  /** In the order of the key without the symbol. */
  readonly key: readonly (string | null)[];
  readonly values: readonly (number | null)[];
  /** Values of the details, in the order of the columns; none by default. */
  readonly details?: readonly (string | number | null)[];
  /** Valid, but in another currency than US dollars. */
  readonly isForeign?: boolean;
}

/** Up to this many invalid rows say nothing about a list. */
const REJECTED_FEW = 5;

/** Merges a source's complete list of splits or dividends, and removes events that the source has withdrawn. */
export async function putEvents(
  deps: FetchDeps,
  of: EventDataset,
  events: readonly ListedEvent[],
  range: EventsFetchRange,
  seenAtMs: number,
): Promise<EventsReport> {
  const { lake, rules, source } = deps;
  const right = events.filter(isRight);
  checkRejected(of, source.name, events, right.length);
  // A row holds its date itself.
  await quarantineReply(deps, { dataset: of.dataset, session: '', rejected: rejectedRows(of, events) }, seenAtMs);
  await using rightFile = await lake.scratchFile();
  await using listedFile = await lake.scratchFile();
  using session = await lake.session();
  const columnsOf = (names: readonly string[]) => of.definition.columns.filter(({ name }) => names.includes(name));
  const stage = async (table: string, names: readonly string[], rows: SqlParameter[][], path: string) => {
    await session.load(table, columnsOf(names), rows);
    await session.run(copyScratchSql(`SELECT DISTINCT ${names.join(', ')} FROM ${table}`, path));
  };
  await stage(
    'fetched_events',
    [...of.key, ...of.values, ...of.details],
    right.map(({ symbol, key, values, details = [] }) => [symbol, ...key, ...values, ...details]),
    rightFile.path,
  );
  await stage(
    'listed_events',
    of.key,
    events.map(({ symbol, key }) => [symbol, ...key]),
    listedFile.path,
  );
  const { last, from } = range;
  const put = await putValueSets(
    { lake, rules },
    { source: source.name, seenAtMs, replace: false, dryRun: false, origin: fetchOrigin(source.name) },
    of,
    distinctEventsSql(readScratchSql([rightFile.path]), of),
    last === undefined ? undefined : { keys: readScratchSql([listedFile.path]), from, announcedFrom: last },
  );
  return {
    rows: events.length,
    added: put.counts.inserted,
    replaced: put.counts.replaced,
    held: put.held,
    refused: events.length - right.length,
    withdrawn: put.withdrawn.map(({ symbol, exDate }) => `${symbol} ${exDate}`),
  };
}

/** The first reason that holds, as for imports (`eventReasonSql`). */
function rejectionOf({ symbol, key, values }: ListedEvent): QuarantineReason | undefined {
  const isMissing = (value: string | number | null): boolean =>
    value === null || value === '' || (typeof value === 'number' && !Number.isFinite(value));
  if ([symbol, ...key, ...values].some(isMissing)) return 'missing or non-finite field';
  if (values.some((value) => (value ?? 0) <= 0)) return 'price not positive';
  return isSymbol(symbol ?? '') ? undefined : 'malformed symbol';
}

function isRight(event: ListedEvent): boolean {
  return event.isForeign !== true && rejectionOf(event) === undefined;
}

/** Rows in another currency are right, and of no use: they are counted alone. */
function rejectedRows(of: EventDataset, events: readonly ListedEvent[]): RejectedRow[] {
  const names = [...of.key, ...of.values];
  return events.flatMap((event, index) => {
    const reason = event.isForeign === true ? undefined : rejectionOf(event);
    if (reason === undefined) return [];
    const values = [event.symbol, ...event.key, ...event.values];
    const row = JSON.stringify(Object.fromEntries(names.map((name, at) => [name, values[at] ?? null])));
    return [{ rowNumber: index + 1, reason, row }];
  });
}

/** A list most of whose rows cannot be right is none: its shape has changed, and what is left of it would pass for all. */
function checkRejected(of: EventDataset, source: string, events: readonly ListedEvent[], right: number): void {
  const validated = events.filter(({ isForeign = false }) => !isForeign);
  const rejected = validated.length - right;
  if (rejected <= REJECTED_FEW || rejected <= validated.length / 2) return;
  throw new CondvestError({
    code: 'events-list-refused',
    kind: 'corrupt',
    message: `Most ${of.dataset} of ${source} are invalid, so none of them was stored`,
    found: `${rejected} of ${validated.length} rows, such as ${JSON.stringify(validated.find((one) => !isRight(one)))}`,
    allowed: 'rows with a symbol, a date and numbers above zero',
    action: 'None of it was stored. If this persists, a newer release may know the new shape',
  });
}
