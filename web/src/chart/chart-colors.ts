import { SERIES_COLORS } from './indicators.ts';

/** Colors of the style sheet, for drawing on a canvas. */
export interface ChartColors {
  readonly background: string;
  readonly text: string;
  readonly grid: string;
  readonly line: string;
  readonly lineStrong: string;
  readonly up: string;
  readonly down: string;
  readonly upSoft: string;
  readonly downSoft: string;
  readonly upFaint: string;
  readonly downFaint: string;
  readonly accent: string;
  readonly note: string;
  readonly series: readonly string[];
  readonly font: string;
}

const SOFT = '80';
const FAINT = '33';

export function readChartColors(element: Element): ChartColors {
  const style = getComputedStyle(element);
  const color = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    background: color('surface'),
    text: color('text-soft'),
    grid: color('grid'),
    line: color('line'),
    lineStrong: color('line-strong'),
    up: color('up-fill'),
    down: color('down-fill'),
    upSoft: color('up-fill') + SOFT,
    downSoft: color('down-fill') + SOFT,
    upFaint: color('up-fill') + FAINT,
    downFaint: color('down-fill') + FAINT,
    accent: color('accent'),
    note: color('note'),
    series: Array.from({ length: SERIES_COLORS }, (_, n) => color(`series-${n + 1}`)),
    font: style.fontFamily,
  };
}
