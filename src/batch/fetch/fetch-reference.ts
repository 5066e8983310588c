import type { IsoDate } from '#base/dates.ts';
import { addDays } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import type { SqlParameter } from '#lake/engine.ts';
import type { Column } from '#lake/schema.ts';
import { DIVIDENDS, LISTINGS, SESSIONS, SPLITS } from '#lake/tables.ts';
import type { WritePlan } from '#lake/write-plan.ts';
import { type ListingChanges, planListings, SHORT_LIST_SHARE } from '#market/listing-changes.ts';
import { isSymbol } from '#market/quality.ts';
import type { ListedSymbol } from '#ports/daily-source.ts';

import { DIVIDENDS_IMPORT, type EventDataset, putValueSets, SPLITS_IMPORT } from '../import/import-events.ts';
import { copyScratchSql, readScratchSql } from '../import/quarantine.sql.ts';
import { readLedger } from '../ledger.ts';
import { checkOverlaps, listingValues, readListings } from '../listings-table.ts';
import { replaceAll, stageRows } from '../small-table.ts';
import type { FetchDeps } from './fetched-session.ts';
import { firstOf } from './plan.ts';

export interface FetchReferenceRequest {
  /** The session that the lists speak of: the last one closed. */
  readonly session: IsoDate;
  /** Events from this ex-date on; the look-back where the tables exist already, unless given. */
  readonly eventsFrom?: IsoDate;
  readonly signal?: AbortSignal;
}

export interface FetchReferenceReport {
  /** False: the source has no lists, and nothing was asked. */
  readonly asked: boolean;
  readonly symbols: number;
  readonly listings: Omit<ListingChanges, 'rows'>;
  readonly splits: EventsReport;
  readonly dividends: EventsReport;
}

interface EventsReport {
  readonly rows: number;
  readonly added: number;
  readonly replaced: number;
  /** Keys for which the source gave two values: neither is applied. */
  readonly held: number;
  /** Rows that cannot be right: counted, and left out. */
  readonly refused: number;
}

/** Vendors learn of a split late; what is later still is found by a backfill. */
const LOOK_BACK_DAYS = 120;
/** New symbols for which the source is asked since when they are so called: a request each. */
const CHANGES_ASKED_MAX = 20;
/** A listing that is younger than this is dated by its first day; an outage of some weeks delays nothing. */
const NEW_LISTING_DAYS = 45;

const NO_CHANGES: Omit<ListingChanges, 'rows'> = {
  listed: [],
  delisted: [],
  renamed: [],
  reused: [],
  detailed: 0,
  unconfirmed: [],
};
const NO_EVENTS: EventsReport = { rows: 0, added: 0, replaced: 0, held: 0, refused: 0 };

/**
 * Fetches listings, splits and dividends and merges them into the lake. A list that fails, or that is far shorter than what is
 * known, changes nothing. Events before listings: a new listing without its split would be looked at for a jump.
 */
export async function fetchReference(deps: FetchDeps, request: FetchReferenceRequest): Promise<FetchReferenceReport> {
  const { source, lake } = deps;
  if (!source.hasReference)
    return { asked: false, symbols: 0, listings: NO_CHANGES, splits: NO_EVENTS, dividends: NO_EVENTS };
  const { session, signal } = request;
  const seenAtMs = lake.deps.clock.nowMs();
  const splitsFrom = await eventsFrom(deps, SPLITS.name, request);
  const splits = await source.splits(splitsFrom, signal);
  const dividends = await source.dividends(await eventsFrom(deps, DIVIDENDS.name, request), signal);
  const active = await source.symbols({ session, delisted: false }, signal);
  const changes = await putListings(deps, active, request, seenAtMs);
  return {
    asked: true,
    symbols: active.length,
    listings: changes,
    splits: await putEvents(
      deps,
      SPLITS_IMPORT,
      SPLITS.columns,
      splits.map((row) => ({ symbol: row.symbol ?? '', values: [row.exDate, row.splitFrom, row.splitTo] })),
      seenAtMs,
    ),
    dividends: await putEvents(
      deps,
      DIVIDENDS_IMPORT,
      DIVIDENDS.columns,
      dividends.map((row) => ({
        symbol: row.symbol ?? '',
        // Adjustment divides by a price in dollars, so an amount in another currency is none.
        values: [row.exDate, row.kind, (row.currency ?? 'USD') === 'USD' ? row.cashAmount : null],
      })),
      seenAtMs,
    ),
  };
}

async function eventsFrom(deps: FetchDeps, table: string, request: FetchReferenceRequest): Promise<IsoDate> {
  if (request.eventsFrom !== undefined) return request.eventsFrom;
  const { lake } = deps;
  const recent = addDays(request.session, -LOOK_BACK_DAYS);
  if ((await lake.table(table === SPLITS.name ? SPLITS : DIVIDENDS).head()) !== undefined) return recent;
  // The first time: as far back as there are bars that they may adjust. All that were ever paid would be hundreds of pages.
  const { ledger } = await readLedger(lake, await lake.table(SESSIONS).head());
  const first = firstOf(ledger);
  return first !== undefined && first < recent ? first : recent;
}

async function putListings(
  deps: FetchDeps,
  active: readonly ListedSymbol[],
  request: FetchReferenceRequest,
  seenAtMs: number,
): Promise<Omit<ListingChanges, 'rows'>> {
  const { lake, source, calendar } = deps;
  const { session, signal } = request;
  const table = lake.table(LISTINGS);
  const before = await readListings(lake, await table.head());
  const valid = active.filter(({ symbol }) => isSymbol(symbol));
  const isAskedFor = sameKinds(valid);
  const open = before.filter((row) => row.lastSession === null && row.firstSession <= session && isAskedFor(row));
  checkLength(valid.length, open.length, session);
  const names = new Set(valid.map(({ symbol }) => symbol));
  const known = new Set(before.map(({ symbol }) => symbol));
  const gone = open.flatMap(({ symbol }) => (names.has(symbol) ? [] : [symbol]));
  const ended = gone.length > 0 ? await source.symbols({ session, delisted: true, among: gone }, signal) : [];
  const figis = new Set(open.flatMap(({ figi }) => (figi === null ? [] : [figi])));
  const changedOn = new Map<string, IsoDate>();
  const renamed = valid.filter(({ symbol, figi }) => !known.has(symbol) && figi !== null && figis.has(figi));
  for (const { symbol } of renamed.slice(0, CHANGES_ASKED_MAX)) {
    const changes = await source.symbolChanges(symbol, signal);
    const own = changes.findLast((change) => change.symbol === symbol);
    if (own !== undefined) changedOn.set(symbol, own.date);
  }
  for (const { symbol } of newcomers(deps, valid, known, changedOn)) {
    const listedOn = await source.listedOn?.(symbol, signal);
    // What was listed long ago and is new to us has not begun to trade lately: a wider choice of types or exchanges.
    if (listedOn !== undefined && listedOn >= addDays(session, -NEW_LISTING_DAYS)) changedOn.set(symbol, listedOn);
  }
  let changes: ListingChanges = { rows: [], ...NO_CHANGES };
  await table.write(async (base): Promise<WritePlan | undefined> => {
    const stored = await readListings(lake, base);
    changes = planListings({
      calendar,
      stored,
      active: valid,
      ended,
      session,
      source: source.name,
      seenAtMs,
      changedOn,
    });
    checkOverlaps(changes.rows);
    const { listed, delisted, renamed: moved, reused, detailed } = changes;
    if (listed.length + delisted.length + moved.length + reused.length + detailed === 0) return undefined;
    const file = await stageRows(lake, LISTINGS, changes.rows.map(listingValues));
    return replaceAll(base, file, { inserted: listed.length, replaced: detailed + delisted.length });
  });
  const { rows: _, ...report } = changes;
  return report;
}

/**
 * Listings of the types and exchanges that the list has. Of one that is not asked for any more, since the configuration changed, the
 * list says nothing: it neither makes the list short nor is looked for among those that ceased to trade.
 */
function sameKinds(
  listed: readonly ListedSymbol[],
): (row: { readonly type: string | null; readonly exchange: string | null }) => boolean {
  const types = new Set(listed.map(({ type }) => type));
  const exchanges = new Set(listed.map(({ exchange }) => exchange));
  return ({ type, exchange }) => (type === null || types.has(type)) && (exchange === null || exchanges.has(exchange));
}

/** Symbols that began to trade since the last look; none on the first one, when every symbol is new. */
function newcomers(
  deps: FetchDeps,
  active: readonly ListedSymbol[],
  known: ReadonlySet<string>,
  dated: ReadonlyMap<string, IsoDate>,
): readonly ListedSymbol[] {
  if (deps.source.listedOn === undefined || known.size === 0) return [];
  return active.filter(({ symbol }) => !known.has(symbol) && !dated.has(symbol)).slice(0, CHANGES_ASKED_MAX);
}

function checkLength(found: number, open: number, session: IsoDate): void {
  if (found >= SHORT_LIST_SHARE * open && found > 0) return;
  throw new CondvestError({
    code: 'listings-list-short',
    kind: 'transient',
    message: `The list of symbols on ${session} is too short to be believed, so nothing was changed`,
    found: `${found} symbols, while ${open} are known to trade`,
    allowed: `at least ${Math.ceil(SHORT_LIST_SHARE * open)}`,
    action: 'It is asked for again with the next run; if it is right, import the listings from a file',
  });
}

async function putEvents(
  deps: FetchDeps,
  of: EventDataset,
  columns: readonly Column[],
  events: readonly { readonly symbol: string; readonly values: readonly SqlParameter[] }[],
  seenAtMs: number,
): Promise<EventsReport> {
  const { lake, rules, source } = deps;
  const isRight = (value: SqlParameter): boolean =>
    typeof value === 'number' ? Number.isFinite(value) && value > 0 : typeof value === 'string' && value !== '';
  const right = events.filter(({ symbol, values }) => isSymbol(symbol) && values.every(isRight));
  const refused = events.length - right.length;
  if (right.length === 0) return { ...NO_EVENTS, rows: events.length, refused };
  const wanted = [...of.key, ...of.values];
  const staged = columns.filter(({ name }) => wanted.includes(name));
  const path = await lake.deps.store.scratchPath('.parquet');
  try {
    using session = await lake.deps.engine.session();
    await session.load(
      'fetched_events',
      staged,
      right.map(({ symbol, values }) => [symbol, ...values]),
    );
    await session.run(copyScratchSql(`SELECT DISTINCT ${wanted.join(', ')} FROM fetched_events`, path));
    const put = await putValueSets(
      { lake, rules },
      { source: source.name, seenAtMs, replace: false, dryRun: false },
      of,
      readScratchSql([path]),
    );
    return { rows: events.length, added: put.counts.inserted, replaced: put.counts.replaced, held: put.held, refused };
  } finally {
    await lake.deps.store.discardScratch(path);
  }
}
