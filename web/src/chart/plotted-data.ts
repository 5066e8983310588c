import type { ISeriesApi } from 'lightweight-charts';
import { type Bar, firstSessionOf, incompleteness, lastSessionOf } from '../api/wire.ts';
import { axisPrice } from '../format.ts';
import type { ChartColors } from './chart-colors.ts';

/** Bars as the chart library plots them, and where they lie on its time axis. */

type Candle = Parameters<ISeriesApi<'Candlestick'>['setData']>[0][number];
type Column = Parameters<ISeriesApi<'Histogram'>['setData']>[0][number];

/** Returns a bar as a candle. One without prices takes its place on the time axis only. */
export function toCandle(bar: Bar, colors: ChartColors): Candle {
  const { open, high, low, close } = bar;
  const time = firstSessionOf(bar);
  if (open === null || high === null || low === null || close === null) return { time };
  const candle = { time, open, high, low, close };
  if (incompleteness(bar) !== 'open') return candle;
  // An open window is drawn as an outline with a faint fill.
  const isDown = close < open;
  const edge = isDown ? colors.down : colors.up;
  return { ...candle, color: isDown ? colors.downFaint : colors.upFaint, borderColor: edge, wickColor: edge };
}

/** Bars by which a redraw moves all others to the right; undefined if it has none of the bars before. */
export function shiftOf(before: readonly Bar[], after: readonly Bar[]): number | undefined {
  const [first] = before;
  const [next] = after;
  if (first === undefined || next === undefined) return undefined;
  const now = after.findIndex((bar) => firstSessionOf(bar) === firstSessionOf(first));
  if (now >= 0) return now;
  const then = before.findIndex((bar) => firstSessionOf(bar) === firstSessionOf(next));
  return then < 0 ? undefined : -then;
}

/** Returns where a redraw moves a bar; undefined if it does not have it. */
export function shifted(bar: number | undefined, shift: number | undefined): number | undefined {
  return bar === undefined || shift === undefined || bar + shift < 0 ? undefined : bar + shift;
}

export function toVolumeColumn(bar: Bar, colors: ChartColors): Column {
  const time = firstSessionOf(bar);
  if (bar.volume === null) return { time };
  const isDown = bar.close !== null && bar.open !== null && bar.close < bar.open;
  return { time, value: bar.volume, color: isDown ? colors.downSoft : colors.upSoft };
}

/** Returns the format of prices on the axis: with more digits for prices below a dollar. */
export function priceFormatOf(bars: readonly Bar[]) {
  const low = bars.reduce((least, bar) => Math.min(least, bar.low ?? least), Number.POSITIVE_INFINITY);
  const digits = low < 1 ? 4 : 2;
  return {
    type: 'custom' as const,
    formatter: (value: number) => axisPrice(value, digits),
    minMove: 10 ** -digits,
  };
}

/** Returns the index of the first bar that reaches a date; the last one if none does. */
export function firstBarFrom(bars: readonly Bar[], date: string): number {
  const found = bars.findIndex((bar) => lastSessionOf(bar) >= date);
  return found < 0 ? bars.length - 1 : found;
}

/** Returns the index of the last bar that begins by a date; 0 if none does. */
export function lastBarUpTo(bars: readonly Bar[], date: string): number {
  const after = bars.findIndex((bar) => firstSessionOf(bar) > date);
  return after < 0 ? bars.length - 1 : Math.max(0, after - 1);
}
