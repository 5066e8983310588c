import type { IsoDate } from '#base/dates.ts';
import { DIVIDENDS, LISTINGS } from '#lake/tables.ts';
import { dividendTerms, splitTerms } from '#market/corporate-actions.ts';
import type { LakeView } from '../read/view.ts';
import { type Chart, secondsOf } from './chart-series.ts';
import { firstNotBefore } from './history.ts';
import type { Resolution } from './resolution.ts';
import type { MarksShape, TimescaleMarksShape } from './shapes.ts';

/** Something that a chart shows on a bar: an event of the security, or that the bar is not what it will be. */
interface Mark {
  readonly id: string;
  /** Of the bar. */
  readonly time: number;
  readonly kind: keyof typeof LOOKS;
  readonly lines: readonly string[];
}

const LOOKS = {
  split: { label: 'S', color: 'blue', shape: 'circle' },
  dividend: { label: 'D', color: 'green', shape: 'circle' },
  held: { label: '!', color: 'red', shape: 'circle' },
  open: { label: '…', color: 'yellow', shape: 'circle' },
  provisional: { label: 'P', color: 'yellow', shape: 'circle' },
  gap: { label: '?', color: 'red', shape: 'circle' },
} as const;

/** Marks that one answer holds at most, the newest ones: more than a screen has room for. */
const MARKS_MAX = 2000;

export interface MarksRequest {
  readonly resolution: Resolution;
  /** Unix seconds, both included. */
  readonly from: number;
  readonly to: number;
}

/** The events of a security on the bars that they happened in. Those announced for later are not on any bar yet. */
export async function eventMarks(view: LakeView, { series, bars }: Chart, request: MarksRequest): Promise<Mark[]> {
  const { query, lastSession } = series;
  const { deps, securityId, spans } = query;
  const symbols = [...new Set([securityId, ...spans.map(({ symbol }) => symbol)])];
  const dividends = await deps.caches.dividends(view.snapshot(DIVIDENDS), view.snapshot(LISTINGS), symbols);
  const marks: Mark[] = [];
  const add = (kind: Mark['kind'], exDate: IsoDate, lines: readonly string[]): void => {
    if (exDate > lastSession) return;
    // The first bar that ends on or after the day: a halted security has none on the day itself.
    const time = bars.times[firstNotBefore(bars.lastDays, secondsOf(exDate))];
    if (time === undefined || time < request.from || time > request.to) return;
    marks.push({ id: `${kind} ${exDate} ${lines[0]}`, time, kind, lines });
  };
  for (const split of query.splits) add('split', split.exDate, [`Split ${splitTerms(split)}`, split.exDate]);
  for (const dividend of dividends.applied.get(securityId) ?? [])
    add('dividend', dividend.exDate, [`Dividend ${dividendTerms(dividend)}`, dividend.exDate]);
  for (const held of [...query.held, ...dividends.held.filter((event) => event.securityId === securityId)])
    add('held', held.exDate, [`Not applied: ${held.kind} ${held.terms}`, held.exDate, held.reason]);
  return newest(marks);
}

/** Bars that are open, that may still be corrected, or that lack sessions. */
export async function barMarks({ series, bars }: Chart, request: MarksRequest): Promise<Mark[]> {
  const { grain } = request.resolution;
  const states = await series.query.deps.caches.states(series.query.pinned.sessions);
  const marks: Mark[] = [];
  const end = firstNotBefore(bars.times, request.to + 1);
  const published = secondsOf(series.query.published.max ?? series.lastSession);
  for (let i = firstNotBefore(bars.times, request.from); i < end; i += 1) {
    const time = bars.times[i] ?? 0;
    const rows = bars.rows[i] ?? 0;
    const of = grain.unit === 'session' ? ` of ${grain.multiplier}` : '';
    if (bars.partial[i] === 1 && (bars.lastDays[i] ?? 0) <= published) {
      // All of its sessions are over but not all are published: the first window of a lake begins before its data.
      marks.push({ id: `gap ${time}`, time, kind: 'gap', lines: [`Incomplete: ${rows}${of} sessions`] });
    } else if (bars.partial[i] === 1) {
      marks.push({ id: `open ${time}`, time, kind: 'open', lines: [`Open: ${rows}${of} sessions`] });
    } else if (grain.unit === 'session' && rows < grain.multiplier) {
      marks.push({ id: `gap ${time}`, time, kind: 'gap', lines: [`Bars on ${rows}${of} sessions`] });
    } else if (grain.unit === 'day') {
      const date = new Date(time * 1000).toISOString().slice(0, 10) as IsoDate;
      const isLive = series.live.some(({ session }) => session === date);
      const state = isLive ? 'live' : states.get(date);
      if (state === undefined || state === 'settled') continue;
      marks.push({ id: `provisional ${time}`, time, kind: 'provisional', lines: [`Not final: ${state}`] });
    }
  }
  return newest(marks);
}

export function marksShapeOf(marks: readonly Mark[]): MarksShape {
  return {
    id: marks.map(({ id }) => id),
    time: marks.map(({ time }) => time),
    color: marks.map(({ kind }) => LOOKS[kind].color),
    text: marks.map(({ lines }) => lines.join('\n')),
    label: marks.map(({ kind }) => LOOKS[kind].label),
    labelFontColor: marks.map(({ kind }) => (LOOKS[kind].color === 'yellow' ? 'black' : 'white')),
    minSize: marks.map(() => 14),
  };
}

export function timescaleMarksOf(marks: readonly Mark[]): TimescaleMarksShape {
  return marks.map(({ id, time, kind, lines }) => ({ id, time, ...LOOKS[kind], tooltip: [...lines] }));
}

function newest(marks: Mark[]): Mark[] {
  return marks.sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1)).slice(-MARKS_MAX);
}
