import {
  type AutoscaleInfo,
  CandlestickSeries,
  createChart,
  HistogramSeries,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  LineStyle,
  type MouseEventParams,
  PriceScaleMode,
  type Time,
} from 'lightweight-charts';
import { type Bar, firstSessionOf } from '../api/wire.ts';
import { type ChartColors, readChartColors } from './chart-colors.ts';
import { candleOptions, chartOptions, withMargins } from './chart-options.ts';
import { EventLane } from './event-lane.ts';
import type { EventMark } from './event-marks.ts';
import { IndicatorLines } from './indicator-lines.ts';
import type { ComputedIndicator } from './indicators.ts';
import {
  firstBarFrom,
  lastBarUpTo,
  priceFormatOf,
  shifted,
  shiftOf,
  toCandle,
  toVolumeColumn,
} from './plotted-data.ts';
import type { DateSpan } from './ranges.ts';

export interface ChartData {
  /** Data with the same key covers the same bars, so redrawing it keeps the visible range. */
  readonly key: string;
  readonly bars: readonly Bar[];
  readonly marks: readonly EventMark[];
  readonly indicators: readonly ComputedIndicator[];
}

/** Indexes of the first and the last bar in sight. They lie beyond the bars where the chart reaches beyond them. */
export interface BarsInSight {
  readonly first: number;
  readonly last: number;
}

/** A bar as read back from the chart library, which is exactly what the canvas shows. */
export interface PlottedBar {
  readonly date: string;
  readonly open: number | null;
  readonly high: number | null;
  readonly low: number | null;
  readonly close: number | null;
  readonly volume: number | null;
}

export interface ChartEvents {
  /** The bar under the pointer, or undefined if there is none. */
  readonly onHover: (bar: number | undefined) => void;
  readonly onSelect: (bar: number) => void;
  /** The user panned or zoomed: the first and last visible dates. */
  readonly onRangeChange: (from: string, to: string) => void;
  readonly onInSight: (bars: BarsInSight) => void;
}

const BAR_SPACING_PX = 7;
const VISIBLE_BARS_MIN = 40;
/** The chart rests once it has not moved for so long. */
const REST_MS = 120;
/** Width of a date on the time axis. */
const LABEL_PX = 34;
/** Events by which a user may move the chart, or take over the crosshair. */
const INPUT_EVENTS = ['pointerdown', 'pointermove', 'pointerleave', 'wheel', 'touchmove'] as const;

/** The chart: a price pane with event marks and overlays, a volume pane, and a pane per oscillator. */
export class ChartCanvas {
  readonly #container: HTMLElement;
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<'Candlestick'>;
  readonly #volume: ISeriesApi<'Histogram'>;
  readonly #lane = new EventLane();
  readonly #indicators: IndicatorLines;
  readonly #events: ChartEvents;
  #data: ChartData | undefined;
  #colors: ChartColors;
  #range: DateSpan = { from: undefined, to: undefined };
  /** Bar on which code, not the pointer, placed the crosshair. Crosshair events are ignored until the pointer moves. */
  #placed: number | undefined;
  #selected: number | undefined;
  /** The user moved the chart since code last did: what follows, such as kinetic scrolling, is theirs. */
  #isMovedByUser = false;
  #closeLine: IPriceLine | undefined;
  #resting: ReturnType<typeof setTimeout> | undefined;

  constructor(container: HTMLElement, events: ChartEvents) {
    this.#container = container;
    this.#events = events;
    this.#colors = readChartColors(container);
    this.#chart = createChart(container, { autoSize: true, ...chartOptions(this.#colors) });
    this.#candles = this.#chart.addSeries(CandlestickSeries, {
      // The library would label the last bar in sight, and draw a line at the last of all. See `#markClose`.
      priceLineVisible: false,
      lastValueVisible: false,
      autoscaleInfoProvider: (base: () => AutoscaleInfo | null) => withMargins(base()),
      ...candleOptions(this.#colors),
    });
    this.#volume = this.#chart.addSeries(
      HistogramSeries,
      { priceFormat: { type: 'volume' }, priceLineVisible: false, lastValueVisible: false },
      1,
    );
    this.#volume.priceScale().applyOptions({ scaleMargins: { top: 0.15, bottom: 0 } });
    // The margins are in pixels; see `withMargins`.
    this.#candles.priceScale().applyOptions({ scaleMargins: { top: 0, bottom: 0 } });
    this.#candles.attachPrimitive(this.#lane);
    this.#lane.setColors(this.#colors);
    this.#indicators = new IndicatorLines(this.#chart, container);
    this.#chart.subscribeCrosshairMove((at) => {
      if (this.#placed !== undefined) return;
      events.onHover(this.#barAt(at));
      // The pointer has left the chart.
      if (at.point === undefined) requestAnimationFrame(() => this.select(this.#selected));
    });
    this.#chart.subscribeClick((at) => {
      const bar = this.#barAt(at);
      if (bar !== undefined) events.onSelect(bar);
    });
    for (const type of INPUT_EVENTS) container.addEventListener(type, this.#onInput, { passive: true, capture: true });
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange(this.#onRangeChange);
  }

  draw(data: ChartData): void {
    const previous = this.#data;
    const isOther = previous?.key !== data.key;
    const scale = this.#chart.timeScale();
    const inSight = scale.getVisibleLogicalRange();
    this.#data = data;
    this.#candles.applyOptions({ priceFormat: priceFormatOf(data.bars) });
    this.#candles.setData(data.bars.map((bar) => toCandle(bar, this.#colors)));
    this.#volume.setData(data.bars.map((bar) => toVolumeColumn(bar, this.#colors)));
    this.#lane.setMarks(data.bars, data.marks);
    this.#indicators.draw(data.bars, data.indicators, this.#colors);
    const shift = isOther ? undefined : shiftOf(previous?.bars ?? [], data.bars);
    this.#placed = shifted(this.#placed, shift);
    this.#selected = shifted(this.#selected, shift);
    this.#markClose(Math.round((inSight?.to ?? data.bars.length) + (shift ?? 0)));
    if (shift === undefined || inSight === null) this.#applyRange();
    else if (previous?.bars.length !== data.bars.length) {
      // Bars that were added on either side leave those in sight where they are.
      scale.setVisibleLogicalRange({ from: inSight.from + shift, to: inSight.to + shift });
    }
  }

  /** Redraws with the style sheet's current colors. */
  repaint(): void {
    this.#colors = readChartColors(this.#container);
    this.#lane.setColors(this.#colors);
    this.#chart.applyOptions(chartOptions(this.#colors));
    this.#candles.applyOptions(candleOptions(this.#colors));
    if (this.#data !== undefined) this.draw(this.#data);
  }

  setLogScale(isLogarithmic: boolean): void {
    const mode = isLogarithmic ? PriceScaleMode.Logarithmic : PriceScaleMode.Normal;
    this.#candles.priceScale().applyOptions({ mode });
  }

  setVisibleRange(range: DateSpan): void {
    if (range.from === this.#range.from && range.to === this.#range.to) return;
    this.#range = range;
    this.#applyRange();
  }

  /** Moves the crosshair to a bar for a key of the user's, and scrolls the bar into view if needed. */
  moveCrosshair(bar: number): void {
    const scale = this.#chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (range !== null && (bar < range.from + 1 || bar > range.to - 1)) {
      this.#isMovedByUser = true;
      const width = range.to - range.from;
      const from = bar < range.from + 1 ? bar - 1 : bar + 1 - width;
      scale.setVisibleLogicalRange({ from, to: from + width });
    }
    this.#placeCrosshair(bar);
  }

  /** Keeps the crosshair on this bar while the pointer is elsewhere; undefined removes it. */
  select(bar: number | undefined): void {
    const previous = this.#selected;
    this.#selected = bar;
    if (bar === undefined) {
      if (previous !== undefined && this.#placed === previous) this.clearCrosshair();
    } else if (this.#placed === undefined) this.#placeCrosshair(bar);
  }

  #placeCrosshair(bar: number): void {
    const candle = this.#candles.data()[bar];
    if (candle === undefined) return;
    this.#placed = bar;
    const level = 'close' in candle ? candle.close : 0;
    const place = (): void => this.#chart.setCrosshairPosition(level, candle.time, this.#candles);
    place();
    // A scrolled chart is drawn in the next frame with the crosshair at its old position, so it is placed once more.
    requestAnimationFrame(() => {
      if (this.#placed === bar) place();
    });
  }

  clearCrosshair(): void {
    this.#placed = undefined;
    this.#selected = undefined;
    this.#chart.clearCrosshairPosition();
  }

  /** Shows the oscillators' values at this bar in their pane labels. */
  showValuesAt(bar: number): void {
    this.#indicators.showValuesAt(bar);
  }

  /** Bars as the chart library has them. */
  plottedBars(): PlottedBar[] {
    const volumes = new Map(
      this.#volume.data().map((item) => [String(item.time), 'value' in item ? item.value : null]),
    );
    return this.#candles.data().map((item) => {
      const date = String(item.time);
      const volume = volumes.get(date) ?? null;
      if (!('close' in item)) return { date, open: null, high: null, low: null, close: null, volume };
      return { date, open: item.open, high: item.high, low: item.low, close: item.close, volume };
    });
  }

  close(): void {
    clearTimeout(this.#resting);
    this.#placed = undefined;
    this.#selected = undefined;
    for (const type of INPUT_EVENTS) this.#container.removeEventListener(type, this.#onInput, { capture: true });
    this.#indicators.close();
    this.#chart.remove();
  }

  readonly #onInput = (event: Event): void => {
    this.#placed = undefined;
    const isMove = event.type === 'pointermove' && (event as PointerEvent).buttons !== 0;
    if (isMove || event.type === 'wheel' || event.type === 'touchmove') this.#isMovedByUser = true;
  };

  readonly #onRangeChange = (range: { readonly from: number; readonly to: number } | null): void => {
    if (range === null) return;
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#omitCutLabels(), REST_MS);
    const inSight = { first: Math.round(range.from), last: Math.round(range.to) };
    this.#markClose(inSight.last);
    this.#events.onInSight(inSight);
    if (!this.#isMovedByUser) return;
    const bars = this.#data?.bars ?? [];
    const first = bars[Math.max(0, Math.ceil(range.from))];
    const last = bars[Math.min(bars.length - 1, Math.floor(range.to))];
    if (first === undefined || last === undefined) return;
    const isUpToLast = range.to >= bars.length - 1;
    // Remembered, so that the URL update that follows does not move the chart again.
    this.#range = { from: firstSessionOf(first), to: isUpToLast ? undefined : firstSessionOf(last) };
    this.#events.onRangeChange(this.#range.from ?? '', this.#range.to ?? '');
  };

  /** Draws the line and the axis label of the last bar in sight. */
  #markClose(last: number): void {
    const bars = this.#data?.bars ?? [];
    const bar = bars[Math.min(last, bars.length - 1)];
    if (bar === undefined || bar.close === null) {
      if (this.#closeLine !== undefined) this.#candles.removePriceLine(this.#closeLine);
      this.#closeLine = undefined;
      return;
    }
    const isDown = bar.open !== null && bar.close < bar.open;
    const options = { price: bar.close, color: isDown ? this.#colors.down : this.#colors.up };
    if (this.#closeLine !== undefined) this.#closeLine.applyOptions(options);
    else this.#closeLine = this.#candles.createPriceLine({ ...options, lineWidth: 1, lineStyle: LineStyle.Dotted });
  }

  /** Leaves out dates that the edges of the time axis would cut. The library caches labels until options are applied. */
  #omitCutLabels(): void {
    const scale = this.#chart.timeScale();
    const tickMarkFormatter = (time: Time): string | null => {
      const x = scale.timeToCoordinate(time);
      return x !== null && (x < LABEL_PX / 2 || x > scale.width() - LABEL_PX / 2) ? '' : null;
    };
    this.#chart.applyOptions({ timeScale: { tickMarkFormatter } });
  }

  #applyRange(): void {
    const bars = this.#data?.bars ?? [];
    if (bars.length === 0) return;
    this.#isMovedByUser = false;
    const { from, to } = this.#range;
    const last = to === undefined ? bars.length - 1 : lastBarUpTo(bars, to);
    const width = Math.max(VISIBLE_BARS_MIN, Math.round(this.#container.clientWidth / BAR_SPACING_PX));
    const first = from === undefined ? Math.max(0, last - width) : firstBarFrom(bars, from);
    if (from !== undefined && from === to) {
      // A single day is shown amid its surroundings.
      this.#chart.timeScale().setVisibleLogicalRange({ from: last - width / 3, to: last + width / 3 });
      return;
    }
    const margin = to === undefined ? Math.max(1, (last - first) * 0.03) : 0.4;
    this.#chart.timeScale().setVisibleLogicalRange({ from: Math.min(first, last - 5) - 0.4, to: last + margin });
  }

  #barAt(at: MouseEventParams): number | undefined {
    const bar = at.logical === undefined ? undefined : Math.round(at.logical);
    const bars = this.#data?.bars.length ?? 0;
    return at.time === undefined || bar === undefined || bar < 0 || bar >= bars ? undefined : bar;
  }
}
