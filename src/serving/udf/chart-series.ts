import { defined } from '#base/assert.ts';
import { type IsoDate, MS_PER_DAY, toEpochDay } from '#base/dates.ts';
import { DAILY_BARS, DIVIDENDS, LISTINGS, SESSIONS, SPLITS, silverBars } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Serving } from '../http/serving.ts';
import { liveTagOf, openSeries, readSeries, type Series, type SeriesBar } from '../read/bar-series.ts';
import type { LiveReadDeps } from '../read/read-deps.ts';
import type { CacheKind } from '../read/versioned-cache.ts';
import type { LakeView } from '../read/view.ts';
import type { ChartSeries } from './history.ts';
import type { Resolution } from './resolution.ts';

/** A chart asks for one series again and again. */
const CHARTS: CacheKind<ChartSeries> = { name: 'charts', bytesOf: ({ times }) => (7 * 8 + 3) * times.length };

const SECONDS_A_DAY = MS_PER_DAY / 1000;

/** A day at 00:00 UTC, in Unix seconds. */
export function secondsOf(date: IsoDate): number {
  return toEpochDay(date) * SECONDS_A_DAY;
}

/** Tables that the bars of a chart, and the marks on them, are made from. */
export function tablesOf({ grain }: Resolution): string[] {
  const silver = grain.unit === 'session' ? [silverBars(grain.multiplier).name] : [];
  return [...silver, DAILY_BARS.name, SPLITS.name, DIVIDENDS.name, LISTINGS.name, SESSIONS.name];
}

export interface Chart {
  readonly series: Series;
  readonly bars: ChartSeries;
}

export interface ChartRequest {
  readonly symbol: string;
  readonly resolution: Resolution;
  readonly today: IsoDate;
}

export function openChartSeries(
  deps: LiveReadDeps,
  { symbol, resolution: { grain }, today }: ChartRequest,
  view: LakeView,
): Promise<Series> {
  return openSeries(deps, view, { symbol, at: today, adjusted: true, grain, liveUntil: today });
}

/**
 * Reads a whole series, adjusted for splits. Its bars are cached by everything they depend on: symbol, resolution, day, versions
 * and live bars. The symbol is what it means today, however far back a chart goes.
 */
export async function readChartSeries(
  serving: Pick<Serving, 'cache' | keyof LiveReadDeps>,
  request: ChartRequest,
  view: LakeView,
): Promise<Chart> {
  const { symbol, resolution, today } = request;
  const series = await openChartSeries(serving, request, view);
  const { calendar } = serving;
  const compute = async (): Promise<ChartSeries> =>
    columnsOf(
      await readSeries(series, { from: calendar.firstSession, to: today }),
      calendar,
      resolution,
      series.lastSession,
    );
  const version = [view.tag(tablesOf(resolution)), today, liveTagOf(series)].join(' ');
  const bars = await serving.cache.get(CHARTS, `${symbol} ${resolution.name}`, compute, version);
  return { series, bars };
}

function columnsOf(
  bars: readonly SeriesBar[],
  calendar: Calendar,
  { grain }: Resolution,
  lastSession: IsoDate,
): ChartSeries {
  const isCalendar = grain.unit === 'week' || grain.unit === 'month';
  const column = (value: (bar: SeriesBar) => number): Float64Array => Float64Array.from(bars, value);
  // Weeks and months may begin on days without trading; the library wants the first trading day.
  const firstDay = ({ first }: SeriesBar): IsoDate =>
    isCalendar ? calendar.sessionAt(calendar.indexOnOrAfter(first)) : first;
  const lastDay = ({ last }: SeriesBar): IsoDate =>
    isCalendar ? calendar.sessionAt(calendar.indexOnOrBefore(last)) : last;
  return {
    times: column((bar) => secondsOf(firstDay(bar))),
    lastDays: column((bar) => secondsOf(lastDay(bar))),
    open: column(({ open }) => open),
    high: column(({ high }) => high),
    low: column(({ low }) => low),
    close: column(({ close }) => close),
    volume: column(({ volume }) => volume),
    rows: Uint16Array.from(bars, ({ rows }) => rows),
    partial: Uint8Array.from(bars, (bar) => Number(isCalendar ? lastDay(bar) > lastSession : bar.isPartial)),
  };
}

/** The last bar of a series, as numbers. Undefined where there is none. */
export function lastBarOf(bars: ChartSeries, back = 0) {
  const i = bars.times.length - 1 - back;
  if (i < 0) return undefined;
  const at = (column: Float64Array): number => defined(column[i], 'every column is as long as the times');
  return {
    time: at(bars.times),
    open: at(bars.open),
    high: at(bars.high),
    low: at(bars.low),
    close: at(bars.close),
    volume: at(bars.volume),
  };
}
