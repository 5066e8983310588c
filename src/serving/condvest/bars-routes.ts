import { z } from '@hono/zod-openapi';
import { defined } from '#base/assert.ts';
import type { IsoDate } from '#base/dates.ts';
import { UsageError } from '#base/errors.ts';
import type { ColumnType } from '#lake/schema.ts';
import { DAILY_BARS, DIVIDENDS, LISTINGS, RESTATEMENTS, SESSIONS, SPLITS, silverBars } from '#lake/tables.ts';
import type { AdjustmentEvent } from '#market/adjust.ts';
import type { MaybeBarValues } from '#market/bar.ts';
import { answer } from '../http/answer.ts';
import type { MarketAnswerDeps } from '../http/market-answer.ts';
import {
  asOfParameter,
  choice,
  cursorParameter,
  flag,
  optional,
  optionalDate,
  pageLimit,
  symbolParameter,
} from '../http/parameters.ts';
import { addRoute } from '../http/route.ts';
import { type ServingApp, viewAt } from '../http/serving.ts';
import { fieldsOf, formatParameter, tableOf } from '../http/table-format.ts';
import { historyOfSecurity, readNewestBars } from '../read/newest-bars.ts';
import type { BarsResult, DailyBar, WindowBar } from '../read/served-bars.ts';
import { refuseUnknown, securityOf } from '../read/symbol-lookup.ts';
import type { LakeView } from '../read/view.ts';
import { dayOf, openBarsPage, previousUrl } from './bars-page.ts';
import { nameOfSecurity } from './names.ts';
import {
  type BarsAnswer,
  barsShape,
  type EventsAnswer,
  eventsShape,
  type SessionBarAnswer,
  type WindowBarAnswer,
} from './shapes/bars.ts';

/** More than there are sessions from 1962 on. */
const BARS_MAX = 20_000;
const INTERVAL_MAX = 252;

/** `21`, or `21d` as the command line and tables write it. */
function readInterval(text: string): number | undefined {
  const interval = Number(/^(\d{1,3})[dD]?$/.exec(text)?.[1]);
  return interval >= 1 && interval <= INTERVAL_MAX ? interval : undefined;
}

const intervalParameter = optional(readInterval, `a number of sessions from 1 to ${INTERVAL_MAX}`, 1).openapi({
  type: 'integer',
  minimum: 1,
  maximum: INTERVAL_MAX,
  default: 1,
  description: 'Sessions per bar',
});

const atParameter = optionalDate.openapi({
  description: 'The day on which the security had this symbol, for symbols that were reused; default: the last day',
});

const barsQuery = z.object({
  interval: intervalParameter,
  from: optionalDate.openapi({ description: 'First day; a window that overlaps the range is returned whole' }),
  to: optionalDate.openapi({ description: 'Last day' }),
  adjust: choice(['raw', 'split', 'total'], 'split').openapi({
    description:
      '`raw` as traded, `split` adjusted to the share basis of the last session, `total` with dividends reinvested',
  }),
  as_of: asOfParameter,
  explain: flag(false).openapi({ description: 'Also explain each bar' }),
  at: atParameter,
  history: flag(false).openapi({ description: 'Also say from when to when the security has bars' }),
  format: formatParameter,
  limit: pageLimit({ max: BARS_MAX, default: BARS_MAX }).openapi({
    description: `Number of bars, at most ${BARS_MAX}; the newest ones are returned. \`previous_url\` has those before them`,
  }),
  cursor: cursorParameter.openapi({
    description: 'From `previous_url`; it overrides the other parameters with those of the newest bars',
  }),
});

const VALUE_TYPES: Readonly<Record<string, ColumnType>> = {
  ...{ open: 'double', high: 'double', low: 'double', close: 'double', volume: 'double', vwap: 'double' },
  trades: 'long',
};
const DAILY_FIELDS = fieldsOf({ symbol: 'string', session: 'date', ...VALUE_TYPES, finality: 'string' });
const WINDOW_FIELDS = fieldsOf({
  ...{ symbol: 'string', first_session: 'date', last_session: 'date', ...VALUE_TYPES },
  ...{ sessions: 'integer', expected: 'integer', complete: 'boolean', finality: 'string' },
});

function onlyInJson(format: string): UsageError {
  return new UsageError({
    code: 'parameter-invalid',
    message: 'A table of bars has no place for "explain" and "history"',
    found: `format ${format}`,
    action: 'Leave them out, or ask for format=json',
  });
}

const symbolParams = z.object({ symbol: symbolParameter });

const BARS_TABLES = [DAILY_BARS, SPLITS, DIVIDENDS, LISTINGS, SESSIONS, RESTATEMENTS].map(({ name }) => name);

export function addBarsRoutes(app: ServingApp, serving: MarketAnswerDeps): void {
  addRoute(app, 'condvest', {
    path: '/condvest/v1/bars/{symbol}',
    summary: 'Bars of one symbol, with finality and explanation',
    description:
      'Daily or N-session bars, through renames of the security. Every bar says how final it is; with `explain` it also has ' +
      'its raw values, factors, events (once for all bars) and sources. `as_of` answers from what was known then, with the same bytes every time.',
    params: symbolParams,
    query: barsQuery,
    answer: barsShape,
    handle: async (c, { params: { symbol }, query }) => {
      const page = await openBarsPage(c, serving, { schema: barsQuery, query });
      const { interval, from, to, adjust, as_of: asOfMs, explain, history, limit } = page.query;
      const rendering = tableOf(c.req, page.query.format, interval === 1 ? DAILY_FIELDS : WINDOW_FIELDS, 'bars');
      if (rendering.format !== 'json' && (explain || history)) throw onlyInJson(rendering.format);
      const { view, day } = page;
      const uses = interval === 1 ? BARS_TABLES : [silverBars(interval).name, ...BARS_TABLES];
      const request = { symbol, at: day, interval, from, to, adjust, asOfMs, explain };
      const make = async (): Promise<BarsAnswer> => {
        const newest = await readNewestBars(serving, request, view, limit);
        const body = await barsAnswer(serving, newest.result, { view, explain });
        const bounds = history ? { history: await historyOfSecurity(serving, view, newest.result) } : {};
        const previous = newest.hasEarlier ? { previous_url: previousUrl(c, serving, page, uses, body) } : {};
        return { ...body, ...bounds, ...previous };
      };
      return answer(c, serving, { view, uses, day, rendering, make });
    },
  });
  addRoute(app, 'condvest', {
    path: '/condvest/v1/events/{symbol}',
    summary: 'Splits and dividends of one symbol',
    description:
      'Events of the security through renames, ascending by ex-date, including those that are held back, with the reason.',
    params: symbolParams,
    query: z.object({ at: atParameter, as_of: asOfParameter }),
    answer: eventsShape,
    handle: async (c, { params: { symbol }, query }) => {
      const view = await viewAt(c, serving, query.as_of);
      const uses = [DAILY_BARS, SPLITS, DIVIDENDS, LISTINGS].map(({ name }) => name);
      const day = dayOf(serving, query);
      return answer(c, serving, { view, uses, day, make: () => eventsAnswer(serving, { symbol, day }, view) });
    },
  });
}

async function barsAnswer(
  serving: MarketAnswerDeps,
  result: BarsResult,
  { view, explain }: { readonly view: LakeView; readonly explain: boolean },
): Promise<BarsAnswer> {
  const { symbol, securityId, adjust, lastPublished, asOfMs, segments, versions, held, restated } = result;
  const about = {
    symbol,
    security_id: securityId,
    name: await nameOfSecurity(serving.lake, view, securityId),
    adjust,
    last_published: lastPublished,
    as_of_ms: asOfMs,
    segments: segments.map((segment) => ({ ...segment })),
    versions: { ...versions },
    held: held.map(({ kind, exDate, terms, reason }) => ({ kind, ex_date: exDate, terms, reason })),
  };
  // Only changes to the returned bars.
  const restatedOf = (first: IsoDate | undefined) => {
    if (restated === undefined) return {};
    const ofBars = restated.filter(({ session }) => first !== undefined && session >= first);
    return { restated: ofBars.map(({ seenAtMs, ...change }) => ({ ...change, seen_at_ms: seenAtMs })) };
  };
  const bars: readonly (DailyBar | WindowBar)[] = result.bars;
  const [first] = bars;
  const acting = new ActingEvents(bars);
  return {
    ...about,
    ...acting.answer(explain),
    ...restatedOf(first !== undefined && 'session' in first ? first.session : first?.firstSession),
    interval: result.interval,
    bars: bars.map((bar) => ('session' in bar ? sessionBar(bar, acting) : windowBar(bar, acting))),
  } as BarsAnswer;
}

/** The events behind some bars, each once: a dividend acts on every bar before it, of which there may be thousands. */
class ActingEvents {
  readonly #indexes = new Map<AdjustmentEvent, number>();

  /** Ascending. The events of a bar are neighbours, and no later bar is acted on by an earlier event. */
  constructor(bars: readonly (DailyBar | WindowBar)[]) {
    for (const { explain } of bars) {
      const events = explain?.events ?? [];
      const last = events.at(-1);
      if (last === undefined || this.#indexes.has(last)) continue;
      for (const event of events) if (!this.#indexes.has(event)) this.#indexes.set(event, this.#indexes.size);
    }
  }

  answer(isExplained: boolean) {
    return isExplained ? { events: [...this.#indexes.keys()].map(eventAnswer) } : {};
  }

  rangeOf(events: readonly AdjustmentEvent[]): { readonly events_from: number; readonly events_to: number } {
    const [first] = events;
    const from = first === undefined ? this.#indexes.size : (this.#indexes.get(first) ?? 0);
    return { events_from: from, events_to: from + events.length };
  }
}

function sessionBar(
  { symbol, session, finality, explain, ...values }: DailyBar,
  acting: ActingEvents,
): SessionBarAnswer {
  const bar = { symbol, session, ...valuesOf(values), finality };
  if (explain === undefined) return bar;
  const { raw, priceFactor, volumeFactor, events, source, fetchedAtMs } = explain;
  return {
    ...bar,
    explain: {
      raw: valuesOf(raw),
      price_factor: priceFactor,
      volume_factor: volumeFactor,
      ...acting.rangeOf(events),
      source,
      fetched_at_ms: fetchedAtMs,
    },
  };
}

function windowBar(bar: WindowBar, acting: ActingEvents): WindowBarAnswer {
  const { symbol, firstSession, lastSession, sessions, expected, complete, finality, explain } = bar;
  const answered = {
    symbol,
    first_session: firstSession,
    last_session: lastSession,
    ...valuesOf(bar),
    sessions,
    expected,
    complete,
    finality,
  };
  if (explain === undefined) return answered;
  const { origin, raw, priceFactor, volumeFactor, parts, events, sources } = explain;
  return {
    ...answered,
    explain: {
      origin,
      raw: valuesOf(raw),
      price_factor: priceFactor,
      volume_factor: volumeFactor,
      parts: parts.map((part) => ({
        first_session: part.firstSession,
        last_session: part.lastSession,
        sessions: part.sessions,
        raw: valuesOf(part.raw),
        price_factor: part.priceFactor,
        volume_factor: part.volumeFactor,
      })),
      ...acting.rangeOf(events),
      sources: [...sources],
    },
  };
}

function valuesOf({ open, high, low, close, volume, vwap, trades }: MaybeBarValues) {
  return { open, high, low, close, volume, vwap, trades };
}

function eventAnswer({ kind, exDate, terms, priceFactor, volumeFactor, source }: AdjustmentEvent) {
  return { kind, ex_date: exDate, terms, price_factor: priceFactor, volume_factor: volumeFactor, source };
}

async function eventsAnswer(
  serving: MarketAnswerDeps,
  { symbol, day: date }: { readonly symbol: string; readonly day: IsoDate },
  view: LakeView,
): Promise<EventsAnswer> {
  const { lake, caches } = serving;
  const bars = view.bars();
  const lastPublished = defined(
    (await caches.published(bars, view.until)).max,
    'a table of daily bars holds a session',
  );
  const listings = await caches.listings(view.snapshot(LISTINGS));
  const session = date < lastPublished ? date : lastPublished;
  const securityId = await securityOf(lake, bars, listings, { symbol, date, session });
  const spans = listings.spans(securityId);
  const symbols = [...new Set([securityId, ...spans.map((span) => span.symbol)])];
  const splits = await caches.splits(view.snapshot(SPLITS), view.snapshot(LISTINGS));
  const dividends = await caches.dividends(view.snapshot(DIVIDENDS), view.snapshot(LISTINGS), symbols);
  const ofSecurity = { splits: splits.applied.get(securityId) ?? [], paid: dividends.applied.get(securityId) ?? [] };
  const held = [...splits.held, ...dividends.held].filter((event) => event.securityId === securityId);
  if (ofSecurity.splits.length + ofSecurity.paid.length + held.length === 0)
    await refuseUnknown(lake, bars, [symbol, ...symbols]);
  return {
    symbol,
    security_id: securityId,
    splits: ofSecurity.splits.map(({ exDate, splitFrom, splitTo, source }) => ({
      ex_date: exDate,
      split_from: splitFrom,
      split_to: splitTo,
      source,
      ...(exDate <= lastPublished ? { applied: true } : { applied: false, reason: notYet(exDate, lastPublished) }),
    })),
    dividends: ofSecurity.paid.map((dividend) => ({
      ex_date: dividend.exDate,
      kind: dividend.kind,
      cash_amount: dividend.cashAmount,
      declaration_date: dividend.declarationDate,
      record_date: dividend.recordDate,
      pay_date: dividend.payDate,
      frequency: dividend.frequency,
      source: dividend.source,
    })),
    held: held.map(({ kind, exDate, terms, reason }) => ({ kind, ex_date: exDate, terms, reason })),
  };
}

function notYet(exDate: IsoDate, lastPublished: IsoDate): string {
  return `its ex-date ${exDate} is after the last session published, ${lastPublished}`;
}
