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
import { checkOverlaps, readListings } from '../tables/listings-table.ts';
import { replaceAll, stageRows } from '../tables/small-table.ts';
import { planEventsFetch, recordEventsFetch } from './events-fetch.ts';
import type { FetchDeps } from './fetched-session.ts';
import { type EventsReport, NO_EVENTS, putEvents } from './put-events.ts';

export interface FetchReferenceRequest {
  /** The session that the lists speak of: the last one closed. */
  readonly session: IsoDate;
  /** Events from this ex-date on, where it is earlier than what a look goes back anyway. */
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

/**
 * Fetches listings, splits and dividends and merges them into the lake. A list that fails, or that is far shorter than what is
 * known, changes nothing. Events before listings: a new listing without its split would be looked at for a jump.
 */
export async function fetchReference(deps: FetchDeps, request: FetchReferenceRequest): Promise<FetchReferenceReport> {
  const { source, lake } = deps;
  if (!source.hasReference)
    return { asked: false, symbols: 0, listings: NO_CHANGES, splits: NO_EVENTS, dividends: NO_EVENTS };
  const { session, signal } = request;
  const seenAtMs = deps.clock.nowMs();
  const look = await planEventsFetch(lake, source.name, session, request.eventsFrom);
  const splits = await source.splits(look.from, signal);
  const dividends = await source.dividends(look.from, signal);
  const active = await source.symbols({ session, delisted: false }, signal);
  const changes = await putListings(deps, active, request, seenAtMs);
  const listedSplits = splits.map(({ symbol, exDate, splitFrom, splitTo }) => ({
    symbol,
    key: [exDate],
    values: [splitFrom, splitTo],
  }));
  const listedDividends = dividends.map(({ symbol, exDate, kind, cashAmount, currency }) => ({
    symbol,
    key: [exDate, kind],
    values: [cashAmount],
    // Adjustment divides by a price in dollars.
    isForeign: (currency ?? 'USD') !== 'USD',
  }));
  const report = {
    asked: true,
    symbols: active.length,
    listings: changes,
    splits: await putEvents(deps, SPLITS_IMPORT, listedSplits, look, seenAtMs),
    dividends: await putEvents(deps, DIVIDENDS_IMPORT, listedDividends, look, seenAtMs),
  };
  await recordEventsFetch(lake, source.name, look, session, seenAtMs);
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
  const before = await readListings(lake, await table.head());
  const valid = active.filter(({ symbol }) => isSymbol(symbol));
  const isAskedFor = sameKinds(valid);
  const open = before.filter((row) => row.lastSession === null && row.firstSession <= session && isAskedFor(row));
  checkLength(valid.length, open.length, session);
  const names = new Set(valid.map(({ symbol }) => symbol));
  const isNew = isNewTo(before);
  const gone = open.flatMap(({ symbol }) => (names.has(symbol) ? [] : [symbol]));
  const ended = gone.length > 0 ? await source.symbols({ session, delisted: true, among: gone }, signal) : [];
  const figis = new Set(open.flatMap(({ figi }) => (figi === null ? [] : [figi])));
  const changedOn = new Map<string, IsoDate>();
  const renamed = valid.filter((one) => isNew(one) && one.figi !== null && figis.has(one.figi));
  for (const { symbol } of renamed.slice(0, CHANGES_ASKED_MAX)) {
    const changes = await source.symbolChanges(symbol, signal);
    const own = changes.findLast((change) => change.symbol === symbol);
    if (own !== undefined) changedOn.set(symbol, own.date);
  }
  // None on the first look, when every symbol is new.
  const newcomers = before.length === 0 ? [] : valid.filter((one) => isNew(one) && !changedOn.has(one.symbol));
  for (const { symbol } of newcomers.slice(0, source.listedOn === undefined ? 0 : CHANGES_ASKED_MAX)) {
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
    const file = await stageRows(
      lake,
      LISTINGS,
      changes.rows.map((row) => recordValues(LISTINGS, row)),
    );
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

/**
 * Whether a symbol has somebody new behind it: it has no open listing, though it may have had one, or its open listing is of
 * another FIGI.
 */
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
    message: `The list of symbols on ${session} is too short to be believed, so nothing was changed`,
    found: `${found} symbols, while ${open} are known to trade`,
    allowed: `at least ${Math.ceil(SHORT_LIST_SHARE * open)}`,
    action: 'It is asked for again with the next run; if it is right, import the listings from a file',
  });
}
