import type { IsoDate } from '#base/dates.ts';
import { addDays } from '#base/dates.ts';
import { CondvestError } from '#base/errors.ts';
import { recordValues } from '#lake/records.ts';
import { LISTINGS } from '#lake/tables.ts';
import type { WritePlan } from '#lake/write-plan.ts';
import { type ListingChanges, type ListingRow, planListings, SHORT_LIST_SHARE } from '#market/listing-changes.ts';
import { isSymbol } from '#market/quality.ts';
import type { ListedSymbol } from '#ports/daily-source.ts';

import { DIVIDENDS_IMPORT, SPLITS_IMPORT } from '../import/import-events.ts';
import { checkOverlaps } from '../tables/listings-table.ts';
import { fetchOrigin } from '../tables/origin.ts';
import { replaceAll, stageRows } from '../tables/small-table.ts';
import { planEventsFetch, recordEventsFetch } from './events-fetch.ts';
import type { FetchDeps } from './fetched-session.ts';
import { type EventsReport, NO_EVENTS, putEvents } from './put-events.ts';

export interface FetchReferenceRequest {
  /** The session that the lists describe: the last one that closed. */
  readonly session: IsoDate;
  /** First ex-date to fetch events from, if earlier than the usual overlap. */
  readonly eventsFrom?: IsoDate;
  readonly signal?: AbortSignal;
}

export interface FetchReferenceReport {
  /** False if the source has no lists. */
  readonly asked: boolean;
  readonly symbols: number;
  readonly listings: Omit<ListingChanges, 'rows'>;
  readonly splits: EventsReport;
  readonly dividends: EventsReport;
}

/** New symbols whose date of change is requested, one request each. */
const CHANGES_REQUESTED_MAX = 20;
/** Younger listings are dated by their first day, so that an outage of some weeks delays nothing. */
const NEW_LISTING_DAYS = 45;

const NO_CHANGES: Omit<ListingChanges, 'rows'> = {
  listed: [],
  delisted: [],
  renamed: [],
  reused: [],
  detailed: 0,
  unconfirmed: [],
};

/**
 * Fetches listings, splits and dividends, and merges them into the lake. A list that fails, or is far shorter than the known
 * one, changes nothing.
 */
export async function fetchReference(deps: FetchDeps, request: FetchReferenceRequest): Promise<FetchReferenceReport> {
  const { source, lake } = deps;
  if (!source.hasReference)
    return { asked: false, symbols: 0, listings: NO_CHANGES, splits: NO_EVENTS, dividends: NO_EVENTS };
  const { session, signal } = request;
  const seenAtMs = deps.clock.nowMs();
  const range = await planEventsFetch(lake, source.name, session, request.eventsFrom);
  const splits = await source.splits(range.from, signal);
  const dividends = await source.dividends(range.from, signal);
  const active = await source.symbols({ session, delisted: false }, signal);
  const changes = await putListings(deps, active, request, seenAtMs);
  const listedSplits = splits.map(({ symbol, exDate, splitFrom, splitTo }) => ({
    symbol,
    key: [exDate],
    values: [splitFrom, splitTo],
  }));
  const listedDividends = dividends.map(({ symbol, exDate, kind, cashAmount, currency, ...details }) => ({
    symbol,
    key: [exDate, kind],
    values: [cashAmount],
    details: [
      details.declarationDate ?? null,
      details.recordDate ?? null,
      details.payDate ?? null,
      details.frequency ?? null,
    ],
    // Adjustment divides by a price in US dollars.
    isForeign: (currency ?? 'USD') !== 'USD',
  }));
  const report = {
    asked: true,
    symbols: active.length,
    listings: changes,
    splits: await putEvents(deps, SPLITS_IMPORT, listedSplits, range, seenAtMs),
    dividends: await putEvents(deps, DIVIDENDS_IMPORT, listedDividends, range, seenAtMs),
  };
  await recordEventsFetch(lake, source.name, range, session, seenAtMs);
  return report;
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
  const before = await table.records<ListingRow>(await table.head());
  const valid = active.filter(({ symbol }) => isSymbol(symbol));
  const isCovered = sameKinds(valid);
  const open = before.filter((row) => row.lastSession === null && row.firstSession <= session && isCovered(row));
  checkLength(valid.length, open.length, session);
  const names = new Set(valid.map(({ symbol }) => symbol));
  const isNew = isNewTo(before);
  const gone = open.flatMap(({ symbol }) => (names.has(symbol) ? [] : [symbol]));
  const ended = gone.length > 0 ? await source.symbols({ session, delisted: true, among: gone }, signal) : [];
  const figis = new Set(open.flatMap(({ figi }) => (figi === null ? [] : [figi])));
  const changedOn = new Map<string, IsoDate>();
  const renamed = valid.filter((one) => isNew(one) && one.figi !== null && figis.has(one.figi));
  for (const { symbol } of renamed.slice(0, CHANGES_REQUESTED_MAX)) {
    const changes = await source.symbolChanges(symbol, signal);
    const own = changes.findLast((change) => change.symbol === symbol);
    if (own !== undefined) changedOn.set(symbol, own.date);
  }
  // None on the first fetch, when every symbol is new.
  const newcomers = before.length === 0 ? [] : valid.filter((one) => isNew(one) && !changedOn.has(one.symbol));
  for (const { symbol } of newcomers.slice(0, source.listedOn === undefined ? 0 : CHANGES_REQUESTED_MAX)) {
    const listedOn = await source.listedOn?.(symbol, signal);
    // A symbol listed long ago is new to us because more types or exchanges are configured now.
    if (listedOn !== undefined && listedOn >= addDays(session, -NEW_LISTING_DAYS)) changedOn.set(symbol, listedOn);
  }
  let changes: ListingChanges = { rows: [], ...NO_CHANGES };
  await table.write(async (base): Promise<WritePlan | undefined> => {
    const stored = await table.records<ListingRow>(base);
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
    const file = await stageRows(
      lake,
      LISTINGS,
      changes.rows.map((row) => recordValues(LISTINGS, row)),
    );
    const metrics = { inserted: listed.length, replaced: detailed + delisted.length };
    return replaceAll(base, file, metrics, fetchOrigin(source.name));
  });
  const { rows: _, ...report } = changes;
  return report;
}

/**
 * Returns a test for listings of the types and exchanges on the list. The list says nothing about other listings, which are no
 * longer configured: they do not make it short, and are not looked up among delisted symbols.
 */
function sameKinds(
  listed: readonly ListedSymbol[],
): (row: { readonly type: string | null; readonly exchange: string | null }) => boolean {
  const types = new Set(listed.map(({ type }) => type));
  const exchanges = new Set(listed.map(({ exchange }) => exchange));
  return ({ type, exchange }) => (type === null || types.has(type)) && (exchange === null || exchanges.has(exchange));
}

/** Returns a test for symbols of a new security: one without an open listing, or with an open listing of another FIGI. */
function isNewTo(before: readonly ListingRow[]): (listed: ListedSymbol) => boolean {
  const open = new Map(before.flatMap((row) => (row.lastSession === null ? [[row.symbol, row.figi]] : [])));
  return ({ symbol, figi }) => {
    const known = open.get(symbol);
    return known === undefined || (known !== null && figi !== null && known !== figi);
  };
}

function checkLength(found: number, open: number, session: IsoDate): void {
  if (found >= SHORT_LIST_SHARE * open && found > 0) return;
  throw new CondvestError({
    code: 'listings-list-short',
    kind: 'transient',
    message: `The list of symbols for ${session} is too short to be complete, so nothing was changed`,
    found: `${found} symbols, while ${open} are listed`,
    allowed: `at least ${Math.ceil(SHORT_LIST_SHARE * open)}`,
    action: 'The next run fetches it again. If it is right, import the listings from a file',
  });
}
