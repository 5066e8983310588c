import { useSignal } from '@preact/signals';
import type { WindowBarAnswer } from '#serving/condvest/shapes/bars.ts';
import { fetchBars } from '../api/fetchers.ts';
import { isSessionBars } from '../api/wire.ts';
import { compact, day, price } from '../format.ts';
import { Failure, SkeletonLines } from '../parts/placeholders.tsx';
import { useResource } from '../state/resource.ts';
import type { ChartAddress } from './chart-address.ts';

/** The daily bars that a window is made of, loaded when somebody looks. */
export function WindowSessions({
  chart,
  symbol,
  bar,
  lastPublished,
}: {
  readonly chart: ChartAddress;
  readonly symbol: string;
  readonly bar: WindowBarAnswer;
  readonly lastPublished: string;
}) {
  const isOpen = useSignal(false);
  const { adjust, asOf } = chart;
  const { first_session: from } = bar;
  const to = bar.last_session < lastPublished ? bar.last_session : lastPublished;
  const key = isOpen.value ? ['window', symbol, adjust, asOf, from, to].join(' ') : undefined;
  const { data, error, retry } = useResource(key, (signal) =>
    fetchBars({ symbol, interval: 1, adjust, asOf, from, to }, signal),
  );
  return (
    <details
      class="more"
      onToggle={(event) => {
        isOpen.value = event.currentTarget.open;
      }}
    >
      <summary>Sessions in the window</summary>
      {!isOpen.value ? null : error !== undefined ? (
        <Failure error={error} title="The sessions did not come" onRetry={retry} />
      ) : data === undefined || !isSessionBars(data) ? (
        <SkeletonLines lines={4} label="Loading the sessions" />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls is reached by keys.
        <section class="table-frame" tabIndex={0} aria-label="Sessions in the window, scrollable">
          <table class="data" aria-label="Sessions in the window">
            <thead>
              <tr>
                <th scope="col">Session</th>
                <th scope="col" class="end">
                  Close
                </th>
                <th scope="col" class="end">
                  Volume
                </th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {data.bars.map((item) => (
                <tr key={item.session}>
                  <th scope="row">{day(item.session)}</th>
                  <td class="end">{price(item.close)}</td>
                  <td class="end">{compact(item.volume)}</td>
                  <td class="small soft">{item.finality ?? '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  );
}
