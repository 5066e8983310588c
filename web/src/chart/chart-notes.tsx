import { type Bar, type BarsResponse, firstSessionOf, lastSessionOf } from '../api/wire.ts';
import { dayRange, plural } from '../format.ts';
import type { ChartAddress } from './chart-address.ts';
import { openWindowNote } from './descriptions.ts';
import type { EventMark } from './event-marks.ts';
import type { History } from './ranges.ts';

/** Below the chart: what is in sight, and what its marks mean. */
export function ChartNotes({
  response,
  seen,
  marks,
  chart,
  history,
}: {
  readonly response: BarsResponse;
  /** The bars in sight. */
  readonly seen: readonly Bar[];
  readonly marks: readonly EventMark[];
  readonly chart: ChartAddress;
  readonly history: History | undefined;
}) {
  const all: readonly Bar[] = response.bars;
  const last = seen.at(-1);
  const open = last === undefined || last !== all.at(-1) ? '' : openWindowNote(last);
  const names = [...new Set(response.segments.map((segment) => segment.symbol))];
  const inSight = new Set(seen);
  const seenMarks = marks.filter(({ bar }) => {
    const found = all[bar];
    return found !== undefined && inSight.has(found);
  });
  const splits = seenMarks.filter(({ kind }) => kind === 'split').length;
  const dividends = seenMarks.length - splits;
  return (
    <ul class="chart-notes small muted">
      <li data-part="in-sight">{inSightNote(response, seen, chart, history)}</li>
      {open === '' ? null : (
        <li data-part="open-window">
          <span class="hollow" aria-hidden="true" /> {open}
        </li>
      )}
      {splits === 0 ? null : (
        <li>
          <span class="mark-split">S</span> {plural(splits, 'split')}
        </li>
      )}
      {dividends === 0 ? null : (
        <li>
          <span class="mark-dividend">D</span> {plural(dividends, 'dividend')} by ex-date
        </li>
      )}
      {names.length > 1 ? <li>Traded as {names.join(', then ')}</li> : null}
      {response.held.length > 0 ? <li>{plural(response.held.length, 'event')} held back; see bar details</li> : null}
    </ul>
  );
}

function inSightNote(
  { interval }: BarsResponse,
  seen: readonly Bar[],
  chart: ChartAddress,
  history: History | undefined,
): string {
  const [first] = seen;
  const last = seen.at(-1);
  if (first === undefined || last === undefined) return 'No bars in sight';
  const isAll = chart.range === 'all' && history !== undefined && firstSessionOf(first) <= history.first;
  const bars =
    interval === 1 ? plural(seen.length, 'daily bar') : `${plural(seen.length, 'bar')} of ${interval} sessions`;
  const dates = dayRange(firstSessionOf(first), lastSessionOf(last));
  return `${isAll ? 'All history' : 'In sight'}: ${dates}, ${bars}`;
}
