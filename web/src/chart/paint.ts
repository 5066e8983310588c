/** The page's colours for a canvas, which knows no style sheet. */
export interface Paint {
  readonly paper: string;
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

export function readPaint(element: Element): Paint {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    paper: colour('surface'),
    text: colour('text-soft'),
    grid: colour('grid'),
    line: colour('line'),
    lineStrong: colour('line-strong'),
    up: colour('up-fill'),
    down: colour('down-fill'),
    upSoft: colour('up-fill') + SOFT,
    downSoft: colour('down-fill') + SOFT,
    upFaint: colour('up-fill') + FAINT,
    downFaint: colour('down-fill') + FAINT,
    accent: colour('accent'),
    note: colour('note'),
    series: [1, 2, 3, 4, 5].map((n) => colour(`series-${n}`)),
    font: style.fontFamily,
  };
}
