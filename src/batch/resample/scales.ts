import { append } from '#base/append.ts';
import type { IsoDate } from '#base/dates.ts';
import type { Calendar } from '#market/calendar/calendar.ts';
import type { AppliedSplit } from '#market/corporate-actions.ts';

/**
 * Factors that bring the rows of one piece of a window to the share basis of the window's last published session. A
 * window with k splits has k such pieces; its rows from the last split on need none.
 */
export interface WindowScale {
  readonly interval: number;
  readonly securityId: string;
  /** Window number. */
  readonly window: number;
  /** Session indexes, both included. */
  readonly fromIndex: number;
  readonly toIndex: number;
  readonly price: number;
  readonly volume: number;
}

/**
 * The pieces of all windows of one interval that a split cuts. A split counts from its ex-date on, so one announced for a
 * session that is not published yet scales nothing.
 *
 * @param lastPublished session of a window, by its number; undefined where the window is not wanted, or not published.
 */
export function windowScales(
  calendar: Calendar,
  interval: number,
  splits: readonly AppliedSplit[],
  lastPublished: (window: number) => IsoDate | undefined,
): WindowScale[] {
  const cut = new Map<string, { window: number; index: number; split: AppliedSplit }[]>();
  for (const split of splits) {
    if (split.exDate < calendar.firstSession || split.exDate > calendar.lastSession) continue;
    const index = calendar.indexOnOrAfter(split.exDate);
    const window = Math.floor(index / interval);
    const last = lastPublished(window);
    if (index % interval === 0 || last === undefined || split.exDate > last) continue;
    const key = `${window} ${split.securityId}`;
    append(cut, key, { window, index, split });
  }
  const scales: WindowScale[] = [];
  for (const cuts of cut.values()) {
    cuts.sort((a, b) => (a.split.exDate < b.split.exDate ? -1 : 1));
    let fromIndex = Math.floor((cuts[0]?.index ?? 0) / interval) * interval;
    for (const [position, { window, index, split }] of cuts.entries()) {
      const toIndex = index - 1;
      if (toIndex >= fromIndex) {
        const later = cuts.slice(position).map((entry) => entry.split);
        scales.push({
          interval,
          securityId: split.securityId,
          window,
          fromIndex,
          toIndex,
          price: later.reduce((factor, { splitFrom, splitTo }) => factor * (splitFrom / splitTo), 1),
          volume: later.reduce((factor, { splitFrom, splitTo }) => factor * (splitTo / splitFrom), 1),
        });
      }
      fromIndex = index;
    }
  }
  return scales;
}
