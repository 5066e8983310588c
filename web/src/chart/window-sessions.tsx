import { useSignal } from '@preact/signals';

import { fetchBars } from '../api/fetchers.ts';
import { isSessionBars, type WindowBar } from '../api/wire.ts';
import { capitalize, compact, day, price } from '../format.ts';
import { LoadError, SkeletonLines } from '../parts/messages.tsx';
import { useResource } from '../state/resource.ts';
import type { ChartAddress } from './chart-address.ts';

/** Daily bars of a window, loaded when the section is opened. */
export function WindowSessions({
  chart,
  symbol,
  bar,
  lastPublished,
}: {
  readonly chart: ChartAddress;
  readonly symbol: string;
  readonly bar: WindowBar;
  readonly lastPublished: string;
}) {
  const isOpen = useSignal(false);
  const { adjust, asOf, at } = chart;
  const { first_session: from } = bar;
  const to = bar.last_session < lastPublished ? bar.last_session : lastPublished;
  const key = isOpen.value ? ['window', symbol, adjust, asOf, at, from, to].join(' ') : undefined;
  const { data, error, retry } = useResource(key, (signal) =>
    fetchBars({ symbol, interval: 1, adjust, asOf, at, from, to }, signal),
  );
  return (
    <details
      class="more"
      onToggle={(event) => {
        isOpen.value = event.currentTarget.open;
      }}
    >
      <summary>Sessions in this window</summary>
      {!isOpen.value ? null : error !== undefined ? (
        <LoadError error={error} title="Couldn't load sessions" onRetry={retry} />
      ) : data === undefined || !isSessionBars(data) ? (
        <SkeletonLines lines={4} label="Loading sessions" />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be keyboard-accessible.
        <section class="table-frame" tabIndex={0} aria-label="Sessions in this window, scrollable">
          <table class="data" aria-label="Sessions in this window">
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
                  <td class="small muted">{capitalize(item.finality ?? '–')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  );
}
