import type { InstantMs } from '#base/dates.ts';
import { RESTATEMENTS } from '#lake/tables.ts';
import type { AdjustmentPlan } from '#market/adjust.ts';
import { type BarValues, scaled } from '#market/bar.ts';
import type { WindowBar as FoldedWindow } from '#market/window.ts';
import { restatementsOf } from './bars.sql.ts';
import { type BarsQuery, planFor, prepareQuery } from './bars-query.ts';
import { readDailyRows } from './daily-rows.ts';
import { explainer } from './explain-window.ts';
import type { ReadDeps } from './read-deps.ts';
import type {
  BarsRequest,
  BarsResult,
  DailyBar,
  Finality,
  Restated,
  WindowBar,
  WindowFinality,
} from './served-bars.ts';
import { refuseUnknown } from './symbol-lookup.ts';
import type { LakeView } from './view.ts';
import { readWindows } from './window-bars.ts';

/**
 * The bars of one symbol. The symbol is resolved to a security on the last session asked for and followed back through its
 * earlier symbols. N-session bars come from silver where they are stored and fresh; every other bar is computed from daily
 * rows by the functions of the domain. All tables are read at one version each (those of `view` where one is given), so that an
 * answer never mixes two states.
 *
 * Throws `UsageError` for a request that cannot be answered: `interval-invalid`, `bars-range-empty`, `bars-date-in-future`,
 * `symbol-unknown`, `as-of-in-future`, `as-of-too-early`, `lake-as-of-too-old`; `lake-empty` where there are no bars at all.
 */
export async function readBars(deps: ReadDeps, request: BarsRequest, view?: LakeView): Promise<BarsResult> {
  const query = await prepareQuery(deps, request, view);
  const answer = query.interval === 1 ? await dailyAnswer(query) : await windowAnswer(query);
  if (answer.bars.length === 0) {
    await refuseUnknown(deps.lake, query.pinned.bars, [request.symbol, ...query.spans.map((span) => span.symbol)]);
  }
  return answer;
}

async function dailyAnswer(query: BarsQuery): Promise<BarsResult> {
  const { from, to, pinned, request, lastPublished } = query;
  // A dividend is measured by the close before it, wherever that is, so `total` needs all rows.
  const isTotal = query.adjust === 'total';
  const range = isTotal ? { from: undefined, to: lastPublished } : { from, to };
  const all = await readDailyRows(query.deps.lake, pinned.bars, { spans: query.spans, ...range });
  const rows = isTotal ? all.filter((row) => row.session <= to && (from === undefined || row.session >= from)) : all;
  const plan = planFor(query, all);
  const states = await query.deps.caches.states(pinned.sessions);
  const bars = rows.map((row): DailyBar => {
    const { session, source, fetchedAtMs } = row;
    const factors = plan.factorsOf(session);
    const finality = states.get(session) ?? null;
    const bar = { symbol: row.symbol, session, ...valuesOf(scaled(row, factors.price, factors.volume)), finality };
    if (request.explain !== true) return bar;
    const { price: priceFactor, volume: volumeFactor } = factors;
    const events = plan.eventsAfter(session);
    return { ...bar, explain: { raw: valuesOf(row), priceFactor, volumeFactor, events, source, fetchedAtMs } };
  });
  return { grain: 'session', interval: 1, ...(await answerOf(query, plan)), bars };
}

async function windowAnswer(query: BarsQuery): Promise<BarsResult> {
  const { interval, request } = query;
  const { windows, plan, stored } = await readWindows(query);
  const finality = await windowFinality(query);
  const explain = request.explain === true ? await explainer(query, windows, plan.whole) : undefined;
  const bars = windows.map((window): WindowBar => {
    const { bar: raw, lastPublished } = window;
    const factors = plan.later.factorsOf(lastPublished);
    const { symbol, firstSession, lastSession, sessions, expected, complete } = raw;
    const values = valuesOf(scaled(raw, factors.price, factors.volume));
    const bar = { symbol, firstSession, lastSession, ...values, sessions, expected, complete, finality: finality(raw) };
    return explain === undefined ? bar : { ...bar, explain: explain(window) };
  });
  return { grain: 'window', interval, ...(await answerOf(query, plan.whole)), stored, bars };
}

/** From the least final to the most. */
const FROM_WORST: readonly Finality[] = ['partial', 'provisional', 'settled'];

/** Returns the finality of a window; null if all its sessions are published but the ledger lacks one. */
async function windowFinality({ deps, pinned, lastPublished }: BarsQuery) {
  const states = await deps.caches.states(pinned.sessions);
  return ({ firstSession, lastSession, complete }: FoldedWindow): WindowFinality | null => {
    if (!complete) return lastSession > lastPublished ? 'open' : 'incomplete';
    const ofWindow = deps.calendar.range(firstSession, lastSession).map((session) => states.get(session));
    if (ofWindow.includes(undefined)) return null;
    return FROM_WORST.find((state) => ofWindow.includes(state)) ?? null;
  };
}

/** Returns the fields that every answer has besides its bars. */
async function answerOf(query: BarsQuery, plan: AdjustmentPlan) {
  const { request, securityId, lastPublished, pinned } = query;
  return {
    symbol: request.symbol,
    securityId,
    adjust: query.adjust,
    lastPublished,
    asOfMs: request.asOfMs ?? null,
    segments: query.spans,
    versions: pinned.versions,
    held: [...query.held, ...plan.held].map(({ kind, exDate, terms, reason }) => ({ kind, exDate, terms, reason })),
    ...(request.explain === true ? { restated: await readRestated(query) } : {}),
  };
}

function valuesOf({ open, high, low, close, volume, vwap, trades }: BarValues): BarValues {
  return { open, high, low, close, volume, vwap, trades };
}

async function readRestated({ deps, pinned, spans, from, to }: BarsQuery): Promise<Restated[]> {
  if (pinned.restatements === undefined) return [];
  const { lake, calendar } = deps;
  const rows = await lake.table(RESTATEMENTS).scanSql(pinned.restatements.files);
  const sql = restatementsOf(rows, spans, from ?? calendar.firstSession, to);
  const found = await lake.rows<Omit<Restated, 'seenAtMs'> & { seen_at: InstantMs | null }>(sql);
  return found.map(({ seen_at, ...row }) => ({ ...row, seenAtMs: seen_at }));
}
