import { day } from '../format.ts';
import { MessageBox } from '../parts/messages.tsx';
import { type ChartAddress, writeChart } from './chart-address.ts';
import type { DateSpan, History } from './ranges.ts';

/** Shown in place of a chart for a span without bars: never another span in its place. */
export function NoBars({
  chart,
  span,
  history,
}: {
  readonly chart: ChartAddress;
  readonly span: DateSpan;
  readonly history: History | undefined;
}) {
  const { from, to } = span;
  const when =
    from === undefined && to === undefined
      ? ''
      : from === to
        ? ` on ${day(from)}`
        : from === undefined
          ? ` through ${day(to)}`
          : to === undefined
            ? ` since ${day(from)}`
            : ` from ${day(from)} to ${day(to)}`;
  const reset = { ...chart, range: undefined, from: undefined, to: undefined };
  return (
    <MessageBox icon="chart" title={`No bars${when}`}>
      {history === undefined ? (
        <p>The lake has no bars of {chart.symbol}.</p>
      ) : (
        <>
          <p>
            The history of {chart.symbol} begins {day(history.first)} and ends {day(history.last)}.
          </p>
          <p class="button-row">
            <a class="button is-primary" href={writeChart(reset)}>
              Show the newest bars
            </a>
            <a class="button" href={writeChart({ ...reset, range: 'all' })}>
              Show all
            </a>
          </p>
        </>
      )}
    </MessageBox>
  );
}
