import { LRUCache } from 'lru-cache';
import { defined } from '#base/assert.ts';
import { type IsoDate, MS_PER_DAY, toEpochDay } from '#base/dates.ts';
import { DAILY_BARS, DIVIDENDS, LISTINGS, SESSIONS, SPLITS, silverBars } from '#lake/tables.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { Serving } from '../http/serving.ts';
import { liveTagOf, openSeries, readSeries, type Series, type SeriesBar } from '../read/bar-series.ts';
import type { LakeView } from '../read/view.ts';
import type { ChartSeries } from './history.ts';
import type { Resolution } from './resolution.ts';

/** Bytes of series kept in memory: ten years of 300 symbols at one session a bar. A chart asks for one again and again. */
const SERIES_BYTES_MAX = 64 * 2 ** 20;
const BYTES_A_BAR = 7 * 8 + 3;

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

/**
 * Whole series, adjusted for splits, kept by all that they depend on: symbol, resolution, day, versions and live bars. The symbol
 * is what it means today, however far back a chart goes.
 */
export class ChartSeriesCache {
  readonly #kept = new LRUCache<string, ChartSeries>({
    maxSize: SERIES_BYTES_MAX,
    sizeCalculation: (series, key) => series.times.length * BYTES_A_BAR + key.length * 2 + 512,
  });

  async read(
    serving: Serving,
    request: { readonly symbol: string; readonly resolution: Resolution; readonly today: IsoDate },
    view: LakeView,
  ): Promise<Chart> {
    const { symbol, resolution, today } = request;
    const { grain } = resolution;
    const series = await openSeries(serving, view, { symbol, at: today, adjusted: true, grain, liveUntil: today });
    const key = [symbol, resolution.name, view.tag(tablesOf(resolution)), today, liveTagOf(series)].join('\n');
    let bars = this.#kept.get(key);
    if (bars === undefined) {
      const range = { from: serving.calendar.firstSession, to: today };
      bars = columnsOf(await readSeries(series, range), serving.calendar, resolution, series.lastSession);
      this.#kept.set(key, bars);
    }
    return { series, bars };
  }
}

function columnsOf(
  bars: readonly SeriesBar[],
  calendar: Calendar,
  { grain }: Resolution,
  lastSession: IsoDate,
): ChartSeries {
  const isCalendar = grain.unit === 'week' || grain.unit === 'month';
  const column = (value: (bar: SeriesBar) => number): Float64Array => Float64Array.from(bars, value);
  // Weeks and months begin on days without trading; the library wants the first trading day.
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
