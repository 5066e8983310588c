import type { SeriesMarker, Time } from 'lightweight-charts';
import { type Bar, firstSessionOf } from '../api/wire.ts';
import type { Mark } from './marks.ts';
import type { Paint } from './paint.ts';

/** More than a mark in so many bars is too many for letters. */
const DENSE = 8;

/** Marks are dots without a letter. */
export const isDense = (bars: readonly Bar[], marks: readonly Mark[]): boolean => marks.length * DENSE > bars.length;

/** Markers of the canvas: a square with its terms for a split, a dot for a dividend, one of a kind a bar. */
export function markersOf(bars: readonly Bar[], marks: readonly Mark[], paint: Paint): SeriesMarker<Time>[] {
  const markers: SeriesMarker<Time>[] = [];
  const seen = new Set<string>();
  const areDense = isDense(bars, marks);
  for (const mark of marks) {
    const bar = bars[mark.bar];
    const key = `${mark.kind} ${mark.bar}`;
    if (bar === undefined || seen.has(key)) continue;
    seen.add(key);
    const time = firstSessionOf(bar);
    if (mark.kind === 'split') {
      const text = mark.heldBack === undefined ? `S ${mark.terms}` : `S ${mark.terms}?`;
      markers.push({ time, position: 'aboveBar', shape: 'square', color: paint.note, text, size: 1 });
    } else {
      // Letters of neighbours would run into each other.
      const text = areDense ? {} : { text: 'D' };
      markers.push({
        time,
        position: 'belowBar',
        shape: 'circle',
        color: paint.accent,
        size: areDense ? 0.4 : 0.6,
        ...text,
      });
    }
  }
  return markers;
}
