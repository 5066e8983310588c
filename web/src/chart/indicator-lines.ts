import {
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  LineSeries,
  LineStyle,
  type SeriesType,
} from 'lightweight-charts';
import { type Bar, firstSessionOf } from '../api/wire.ts';
import type { ChartColors } from './chart-colors.ts';
import type { ComputedIndicator, IndicatorLine } from './indicators.ts';
import { PaneLabels } from './pane-labels.ts';

/** Indicators on a chart: overlays in the price pane, and a labeled pane for each oscillator below the volume. */
export class IndicatorLines {
  readonly #chart: IChartApi;
  readonly #labels: PaneLabels;
  #lines: ISeriesApi<SeriesType>[] = [];

  constructor(chart: IChartApi, container: HTMLElement) {
    this.#chart = chart;
    this.#labels = new PaneLabels(container);
  }

  /** Replaces what is drawn. */
  draw(bars: readonly Bar[], indicators: readonly ComputedIndicator[], colors: ChartColors): void {
    for (const line of this.#lines) this.#chart.removeSeries(line);
    this.#lines = [];
    let pane = 1;
    for (const computed of indicators) {
      if (computed.pane === 'own') pane += 1;
      for (const line of computed.lines) {
        const series = this.#addLine(line, bars, { pane: computed.pane === 'own' ? pane : 0, colors });
        if (computed.indicator.kind === 'rsi') addRsiBounds(series, colors);
        this.#lines.push(series);
      }
    }
    const panes = this.#chart.panes();
    panes.forEach((item, n) => {
      item.setStretchFactor(n === 0 ? 6 : n === 1 ? 1.3 : 1.8);
    });
    const own = indicators.filter((computed) => computed.pane === 'own');
    this.#labels.setPanes(
      own.flatMap((computed, n) => {
        const at = panes[n + 2];
        return at === undefined ? [] : [[at, computed] as const];
      }),
    );
  }

  #addLine(
    line: IndicatorLine,
    bars: readonly Bar[],
    { pane, colors }: { readonly pane: number; readonly colors: ChartColors },
  ): ISeriesApi<SeriesType> {
    const isHistogram = line.style === 'histogram';
    const data = bars.map((bar, n) => {
      const time = firstSessionOf(bar);
      const value = line.values[n];
      if (value === null || value === undefined) return { time };
      return isHistogram ? { time, value, color: value < 0 ? colors.downSoft : colors.upSoft } : { time, value };
    });
    const options = { priceLineVisible: false, lastValueVisible: false } as const;
    const series: ISeriesApi<SeriesType> = isHistogram
      ? this.#chart.addSeries(HistogramSeries, options, pane)
      : this.#chart.addSeries(
          LineSeries,
          {
            ...options,
            color: colors.series[(line.series ?? 1) - 1] ?? colors.text,
            lineWidth: 2,
            lineStyle: line.style === 'signal' ? LineStyle.Dashed : LineStyle.Solid,
            crosshairMarkerVisible: false,
          },
          pane,
        );
    series.setData(data);
    // Leaves room for the pane's label at the top.
    if (pane > 1) series.priceScale().applyOptions({ scaleMargins: { top: 0.26, bottom: 0.08 } });
    return series;
  }

  /** Shows the oscillators' values at this bar in their pane labels. */
  showValuesAt(bar: number): void {
    this.#labels.showValuesAt(bar);
  }

  /** Removes the labels. The lines go with the chart. */
  close(): void {
    this.#labels.clear();
  }
}

function addRsiBounds(series: ISeriesApi<SeriesType>, colors: ChartColors): void {
  for (const price of [30, 70]) {
    series.createPriceLine({
      price,
      color: colors.lineStrong,
      lineWidth: 1,
      lineStyle: LineStyle.Dashed,
      axisLabelVisible: false,
    });
  }
}
