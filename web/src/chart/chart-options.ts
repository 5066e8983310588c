import { type AutoscaleInfo, ColorType, CrosshairMode, LineStyle, type Time } from 'lightweight-charts';
import { day } from '../format.ts';
import type { ChartColors } from './chart-colors.ts';
import { LANE_PX } from './event-lane.ts';

/** Options of the chart library that follow from the style sheet's colors, and the margins of the price pane. */

export function chartOptions({ background, text, grid, line, font, accent }: ChartColors) {
  return {
    layout: {
      background: { type: ColorType.Solid, color: background },
      textColor: text,
      fontFamily: font,
      fontSize: 12,
      // The library's logo injects a style sheet, which the Content-Security-Policy blocks. The footer has the link.
      attributionLogo: false,
      panes: { separatorColor: line, separatorHoverColor: grid, enableResize: true },
    },
    grid: { vertLines: { color: grid }, horzLines: { color: grid } },
    crosshair: {
      mode: CrosshairMode.Normal,
      vertLine: { color: accent, labelBackgroundColor: accent, style: LineStyle.Dashed },
      horzLine: { color: accent, labelBackgroundColor: accent, style: LineStyle.Dashed },
    },
    // Vertical swipes scroll the page.
    handleScroll: { vertTouchDrag: false },
    rightPriceScale: { borderColor: line, entireTextOnly: true },
    timeScale: { borderColor: line, rightOffset: 2, minBarSpacing: 0.2, lockVisibleTimeRangeOnResize: true },
    localization: { timeFormatter: (time: Time) => day(String(time)) },
  };
}

export function candleOptions({ up, down }: ChartColors) {
  return {
    upColor: up,
    downColor: down,
    borderUpColor: up,
    borderDownColor: down,
    wickUpColor: up,
    wickDownColor: down,
  };
}

/** Room for the legend above the candles, and for the lane of events below them. */
const MARGINS = { above: 56, below: LANE_PX + 8 };

/** Adds the margins, in pixels, to the range of prices in sight. */
export function withMargins(info: AutoscaleInfo | null): AutoscaleInfo | null {
  return info === null ? null : { ...info, margins: MARGINS };
}
