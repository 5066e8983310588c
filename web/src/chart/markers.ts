import type { SeriesMarker, Time } from 'lightweight-charts';
import { type Bar, firstSessionOf } from '../api/wire.ts';
import type { ChartColors } from './chart-colors.ts';
import type { EventMark } from './event-marks.ts';

/** Fewest bars per mark at which markers have a letter. */
const BARS_PER_LETTER_MIN = 8;

/** True if there are too many marks for letters: dividends are then plain dots. */
export const isDense = (bars: readonly Bar[], marks: readonly EventMark[]): boolean =>
  marks.length * BARS_PER_LETTER_MIN > bars.length;

/** Markers for the canvas: a square with its terms for a split, a dot for a dividend, at most one of each per bar. */
export function markersOf(
  bars: readonly Bar[],
  marks: readonly EventMark[],
  colors: ChartColors,
): SeriesMarker<Time>[] {
  const markers: SeriesMarker<Time>[] = [];
  const seen = new Set<string>();
  const hasLetters = !isDense(bars, marks);
  for (const mark of marks) {
    const bar = bars[mark.bar];
    const key = `${mark.kind} ${mark.bar}`;
    if (bar === undefined || seen.has(key)) continue;
    seen.add(key);
    const time = firstSessionOf(bar);
    if (mark.kind === 'split') {
      const text = mark.heldBack === undefined ? `S ${mark.terms}` : `S ${mark.terms}?`;
      markers.push({ time, position: 'aboveBar', shape: 'square', color: colors.note, text, size: 1 });
    } else {
      const text = hasLetters ? { text: 'D' } : {};
      markers.push({
        time,
        position: 'belowBar',
        shape: 'circle',
        color: colors.accent,
        size: hasLetters ? 0.6 : 0.4,
        ...text,
      });
    }
  }
  return markers;
}
