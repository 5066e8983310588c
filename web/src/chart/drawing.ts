import {
  CandlestickSeries,
  ColorType,
  CrosshairMode,
  createChart,
  createSeriesMarkers,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  LineSeries,
  LineStyle,
  type MouseEventParams,
  PriceScaleMode,
  type SeriesType,
  type Time,
} from 'lightweight-charts';
import { type Bar, firstSessionOf, incompleteness } from '../api/wire.ts';
import { price } from '../format.ts';
import type { DrawnIndicator, IndicatorLine } from './indicators.ts';
import { markersOf } from './markers.ts';
import type { Mark } from './marks.ts';
import { type Paint, readPaint } from './paint.ts';
import { PaneLabels } from './pane-labels.ts';

export interface Picture {
  /** Two pictures of one key show the same bars: what is in sight stays in sight. */
  readonly key: string;
  readonly bars: readonly Bar[];
  readonly marks: readonly Mark[];
  readonly indicators: readonly DrawnIndicator[];
}

/** Days in sight; undefined at an end: as far as the bars go. Both undefined: the newest bars, at a readable width. */
export interface Sight {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** A bar as the chart library holds it: what is really on the canvas. */
export interface DrawnBar {
  readonly date: string;
  readonly open: number | null;
  readonly high: number | null;
  readonly low: number | null;
  readonly close: number | null;
  readonly volume: number | null;
}

export interface DrawingEvents {
  /** The bar under the pointer; undefined: none. */
  readonly onPoint: (bar: number | undefined) => void;
  readonly onChoose: (bar: number) => void;
  /** A person has moved or zoomed: first and last day now in sight. */
  readonly onMoved: (from: string, to: string) => void;
}

const BAR_PIXELS = 7;
const BARS_MIN = 40;
const INTERACTION_MS = 600;
const TOUCHES = ['pointerdown', 'pointermove', 'pointerleave', 'wheel', 'touchmove'] as const;

/** The canvas: prices with marks and indicators, volume below, and a pane for each indicator with a scale of its own. */
export class ChartDrawing {
  readonly #box: HTMLElement;
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<'Candlestick'>;
  readonly #volume: ISeriesApi<'Histogram'>;
  readonly #markers: ISeriesMarkersPluginApi<Time>;
  readonly #labels: PaneLabels;
  readonly #events: DrawingEvents;
  #lines: ISeriesApi<SeriesType>[] = [];
  #picture: Picture | undefined;
  #paint: Paint;
  #sight: Sight = { from: undefined, to: undefined };
  /** The bar that keys have put the crosshair on, until a pointer comes: what the library says of it meanwhile is about places. */
  #keyed: number | undefined;
  #chosen: number | undefined;
  #touchedMs = Number.NEGATIVE_INFINITY;

  constructor(box: HTMLElement, events: DrawingEvents) {
    this.#box = box;
    this.#events = events;
    this.#paint = readPaint(box);
    this.#chart = createChart(box, { autoSize: true, ...this.#look() });
    this.#candles = this.#chart.addSeries(CandlestickSeries, {
      priceLineStyle: LineStyle.Dotted,
      ...this.#candleLook(),
    });
    this.#volume = this.#chart.addSeries(
      HistogramSeries,
      { priceFormat: { type: 'volume' }, priceLineVisible: false, lastValueVisible: false },
      1,
    );
    this.#volume.priceScale().applyOptions({ scaleMargins: { top: 0.15, bottom: 0 } });
    this.#markers = createSeriesMarkers(this.#candles, []);
    this.#labels = new PaneLabels(box);
    this.#chart.subscribeCrosshairMove((at) => {
      if (this.#keyed !== undefined) return;
      events.onPoint(this.#barAt(at));
      // Nothing points any more.
      if (at.point === undefined) requestAnimationFrame(() => this.choose(this.#chosen));
    });
    this.#chart.subscribeClick((at) => {
      const bar = this.#barAt(at);
      if (bar !== undefined) events.onChoose(bar);
    });
    for (const type of TOUCHES) box.addEventListener(type, this.#onTouch, { passive: true, capture: true });
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange(this.#onRange);
  }

  draw(picture: Picture): void {
    const isOther = this.#picture?.key !== picture.key;
    this.#picture = picture;
    this.#candles.applyOptions({ priceFormat: priceFormatOf(picture.bars) });
    this.#candles.setData(picture.bars.map((bar) => candleOf(bar, this.#paint)));
    this.#volume.setData(picture.bars.map((bar) => columnOf(bar, this.#paint)));
    this.#markers.setMarkers(markersOf(picture.bars, picture.marks, this.#paint));
    this.#drawIndicators(picture);
    if (isOther) this.#applySight();
  }

  /** Colours are read again from the style sheet. */
  repaint(): void {
    this.#paint = readPaint(this.#box);
    this.#chart.applyOptions(this.#look());
    this.#candles.applyOptions(this.#candleLook());
    if (this.#picture !== undefined) this.draw(this.#picture);
  }

  /** Equal distances for equal ratios: how long histories are looked at. */
  useLogarithm(isLogarithmic: boolean): void {
    const mode = isLogarithmic ? PriceScaleMode.Logarithmic : PriceScaleMode.Normal;
    this.#candles.priceScale().applyOptions({ mode });
  }

  show(sight: Sight): void {
    if (sight.from === this.#sight.from && sight.to === this.#sight.to) return;
    this.#sight = sight;
    this.#applySight();
  }

  /** Puts the crosshair on a bar, moved into sight where it is not. */
  point(bar: number): void {
    const scale = this.#chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (range !== null && (bar < range.from + 1 || bar > range.to - 1)) {
      const width = range.to - range.from;
      const from = bar < range.from + 1 ? bar - 1 : bar + 1 - width;
      scale.setVisibleLogicalRange({ from, to: from + width });
    }
    this.#mark(bar);
  }

  /** The bar that has the crosshair while nothing points at another; undefined: none. */
  choose(bar: number | undefined): void {
    const before = this.#chosen;
    this.#chosen = bar;
    if (bar === undefined) {
      if (before !== undefined && this.#keyed === before) this.unpoint();
    } else if (this.#keyed === undefined) this.#mark(bar);
  }

  #mark(bar: number): void {
    const drawn = this.#candles.data()[bar];
    if (drawn === undefined) return;
    this.#keyed = bar;
    const level = 'close' in drawn ? drawn.close : 0;
    const put = (): void => this.#chart.setCrosshairPosition(level, drawn.time, this.#candles);
    put();
    // What was moved into sight is there with the library's next paint, which leaves the crosshair where it was.
    requestAnimationFrame(() => {
      if (this.#keyed === bar) put();
    });
  }

  unpoint(): void {
    this.#keyed = undefined;
    this.#chosen = undefined;
    this.#chart.clearCrosshairPosition();
  }

  /** Indicators in panes of their own show their values at this bar. */
  tell(bar: number): void {
    this.#labels.tell(bar);
  }

  /** What the library holds, which is what it paints. */
  drawn(): DrawnBar[] {
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
    this.#keyed = undefined;
    this.#chosen = undefined;
    for (const type of TOUCHES) this.#box.removeEventListener(type, this.#onTouch, { capture: true });
    this.#labels.clear();
    this.#chart.remove();
  }

  readonly #onTouch = (event: Event): void => {
    this.#keyed = undefined;
    if (event.type === 'pointerleave' || (event.type === 'pointermove' && (event as PointerEvent).buttons === 0))
      return;
    this.#touchedMs = performance.now();
  };

  readonly #onRange = (range: { readonly from: number; readonly to: number } | null): void => {
    if (range === null || performance.now() - this.#touchedMs > INTERACTION_MS) return;
    // A chart that was flung goes on by itself for a while.
    this.#touchedMs = performance.now();
    const bars = this.#picture?.bars ?? [];
    const first = bars[Math.max(0, Math.ceil(range.from))];
    const last = bars[Math.min(bars.length - 1, Math.floor(range.to))];
    if (first === undefined || last === undefined) return;
    const isUpToLast = range.to >= bars.length - 1;
    // Kept, so that the address that follows from this does not move the chart once more.
    this.#sight = { from: firstSessionOf(first), to: isUpToLast ? undefined : firstSessionOf(last) };
    this.#events.onMoved(this.#sight.from ?? '', this.#sight.to ?? '');
  };

  #applySight(): void {
    const bars = this.#picture?.bars ?? [];
    if (bars.length === 0) return;
    const { from, to } = this.#sight;
    const last = to === undefined ? bars.length - 1 : lastUpTo(bars, to);
    const usual = Math.max(BARS_MIN, Math.round(this.#box.clientWidth / BAR_PIXELS));
    const first = from === undefined ? Math.max(0, last - usual) : firstFrom(bars, from);
    const room = to === undefined ? Math.max(1, (last - first) * 0.03) : 0.5;
    this.#chart.timeScale().setVisibleLogicalRange({ from: Math.min(first, last - 5) - 0.5, to: last + room });
  }

  #barAt(at: MouseEventParams): number | undefined {
    const bar = at.logical === undefined ? undefined : Math.round(at.logical);
    const bars = this.#picture?.bars.length ?? 0;
    return at.time === undefined || bar === undefined || bar < 0 || bar >= bars ? undefined : bar;
  }

  #drawIndicators({ bars, indicators }: Picture): void {
    for (const line of this.#lines) this.#chart.removeSeries(line);
    this.#lines = [];
    let pane = 1;
    for (const drawn of indicators) {
      if (drawn.pane === 'own') pane += 1;
      for (const line of drawn.lines) {
        const series = this.#addLine(line, bars, drawn.pane === 'own' ? pane : 0);
        if (drawn.indicator.kind === 'rsi') this.#addRsiBounds(series);
        this.#lines.push(series);
      }
    }
    const panes = this.#chart.panes();
    panes.forEach((item, n) => {
      item.setStretchFactor(n === 0 ? 6 : n === 1 ? 1.3 : 1.8);
    });
    const own = indicators.filter((drawn) => drawn.pane === 'own');
    this.#labels.show(
      own.flatMap((drawn, n) => {
        const at = panes[n + 2];
        return at === undefined ? [] : [[at, drawn] as const];
      }),
    );
  }

  #addLine(line: IndicatorLine, bars: readonly Bar[], pane: number): ISeriesApi<SeriesType> {
    const isHistogram = line.look === 'histogram';
    const data = bars.map((bar, n) => {
      const time = firstSessionOf(bar);
      const value = line.values[n];
      if (value === null || value === undefined) return { time };
      return isHistogram
        ? { time, value, color: value < 0 ? this.#paint.downSoft : this.#paint.upSoft }
        : { time, value };
    });
    const quiet = { priceLineVisible: false, lastValueVisible: false } as const;
    const series: ISeriesApi<SeriesType> = isHistogram
      ? this.#chart.addSeries(HistogramSeries, quiet, pane)
      : this.#chart.addSeries(
          LineSeries,
          {
            ...quiet,
            color: this.#paint.series[(line.series ?? 1) - 1] ?? this.#paint.text,
            lineWidth: 2,
            lineStyle: line.look === 'signal' ? LineStyle.Dashed : LineStyle.Solid,
            crosshairMarkerVisible: false,
          },
          pane,
        );
    series.setData(data);
    // The pane's label has the room above.
    if (pane > 1) series.priceScale().applyOptions({ scaleMargins: { top: 0.26, bottom: 0.08 } });
    return series;
  }

  #addRsiBounds(series: ISeriesApi<SeriesType>): void {
    for (const price of [30, 70]) {
      series.createPriceLine({
        price,
        color: this.#paint.lineStrong,
        lineWidth: 1,
        lineStyle: LineStyle.Dashed,
        axisLabelVisible: false,
      });
    }
  }

  #candleLook() {
    const { up, down } = this.#paint;
    return {
      upColor: up,
      downColor: down,
      borderUpColor: up,
      borderDownColor: down,
      wickUpColor: up,
      wickDownColor: down,
    };
  }

  #look() {
    const { paper, text, grid, line, font, accent } = this.#paint;
    return {
      layout: {
        background: { type: ColorType.Solid, color: paper },
        textColor: text,
        fontFamily: font,
        fontSize: 12,
        // The library's logo brings a style sheet of its own, which the page's policy refuses: the page's foot has the link.
        attributionLogo: false,
        panes: { separatorColor: line, separatorHoverColor: grid, enableResize: true },
      },
      grid: { vertLines: { color: grid }, horzLines: { color: grid } },
      crosshair: {
        mode: CrosshairMode.Normal,
        vertLine: { color: accent, labelBackgroundColor: accent, style: LineStyle.Dashed },
        horzLine: { color: accent, labelBackgroundColor: accent, style: LineStyle.Dashed },
      },
      // A finger that moves up or down scrolls the page.
      handleScroll: { vertTouchDrag: false },
      rightPriceScale: { borderColor: line },
      timeScale: { borderColor: line, rightOffset: 2, minBarSpacing: 0.2 },
      localization: { dateFormat: 'dd MMM yyyy' },
    };
  }
}

type Candle = Parameters<ISeriesApi<'Candlestick'>['setData']>[0][number];
type Column = Parameters<ISeriesApi<'Histogram'>['setData']>[0][number];

function candleOf(bar: Bar, paint: Paint): Candle {
  const { open, high, low, close } = bar;
  const time = firstSessionOf(bar);
  if (open === null || high === null || low === null || close === null) return { time };
  const candle = { time, open, high, low, close };
  if (incompleteness(bar) !== 'open') return candle;
  // A window that is not over yet is an outline, hardly filled.
  const isDown = close < open;
  const edge = isDown ? paint.down : paint.up;
  return { ...candle, color: isDown ? paint.downFaint : paint.upFaint, borderColor: edge, wickColor: edge };
}

function columnOf(bar: Bar, paint: Paint): Column {
  const time = firstSessionOf(bar);
  if (bar.volume === null) return { time };
  const isDown = bar.close !== null && bar.open !== null && bar.close < bar.open;
  return { time, value: bar.volume, color: isDown ? paint.downSoft : paint.upSoft };
}

function priceFormatOf(bars: readonly Bar[]) {
  const low = bars.reduce((least, bar) => Math.min(least, bar.low ?? least), Number.POSITIVE_INFINITY);
  return { type: 'custom' as const, formatter: price, minMove: low < 1 ? 0.0001 : 0.01 };
}

function firstFrom(bars: readonly Bar[], date: string): number {
  const found = bars.findIndex((bar) => firstSessionOf(bar) >= date);
  return found < 0 ? bars.length - 1 : found;
}

function lastUpTo(bars: readonly Bar[], date: string): number {
  const after = bars.findIndex((bar) => firstSessionOf(bar) > date);
  return after < 0 ? bars.length - 1 : Math.max(0, after - 1);
}
