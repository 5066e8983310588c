import type { EventMark } from './event-marks.ts';

export interface PlacedMark {
  /** Horizontal position, in pixels. */
  readonly x: number;
  readonly mark: EventMark;
}

/** Events that share one mark. */
export interface EventGroup {
  readonly x: number;
  /** `S` or `D`, with a question mark if it is held back; the number of several events. */
  readonly label: string;
  readonly hasSplit: boolean;
}

/** Joins marks that are closer than `spacingPx` to the first of their group, so that none covers another. */
export function groupMarks(marks: readonly PlacedMark[], spacingPx: number): EventGroup[] {
  const groups: PlacedMark[][] = [];
  for (const placed of [...marks].sort((a, b) => a.x - b.x)) {
    const current = groups.at(-1);
    const start = current?.[0]?.x ?? Number.NEGATIVE_INFINITY;
    if (current !== undefined && placed.x - start < spacingPx) current.push(placed);
    else groups.push([placed]);
  }
  return groups.map((group) => ({
    x: group[0]?.x ?? 0,
    label: labelOf(group),
    hasSplit: group.some(({ mark }) => mark.kind === 'split'),
  }));
}

function labelOf(group: readonly PlacedMark[]): string {
  const [only] = group;
  if (group.length > 99) return '99';
  if (group.length > 1 || only === undefined) return String(group.length);
  const letter = only.mark.kind === 'split' ? 'S' : 'D';
  return only.mark.heldBack === undefined ? letter : `${letter}?`;
}
