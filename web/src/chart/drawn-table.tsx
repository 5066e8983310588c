import { useSignal } from '@preact/signals';
import { type Bar, isWindow } from '../api/wire.ts';
import { exact, plural } from '../format.ts';
import { Icon } from '../parts/icon.tsx';
import { accessKey } from '../state/access-key.ts';
import type { DrawnBar } from './drawing.ts';

/** The bars on the canvas as a table, exact to the last digit: the chart for those who read rather than look. */
export function DrawnTable({
  drawn,
  bars,
  fileName,
  address,
}: {
  readonly drawn: readonly DrawnBar[];
  readonly bars: readonly Bar[];
  readonly fileName: string;
  /** Where the server has these bars. */
  readonly address: string;
}) {
  const isOpen = useSignal(false);
  const stateAt = (n: number): string | null => {
    const bar = bars[n];
    return bar === undefined ? null : bar.finality;
  };
  return (
    <details
      class="card drawn"
      onToggle={(event) => {
        isOpen.value = event.currentTarget.open;
      }}
    >
      <summary>
        <h2>The bars as a table</h2> <span class="soft small">{plural(drawn.length, 'bar')}</span>
      </summary>
      {isOpen.value ? (
        <>
          <p class="drawn-tools">
            <button type="button" class="button" onClick={() => save(fileName, csvOf(drawn, bars, stateAt))}>
              <Icon name="download" /> Save as CSV
            </button>
            <span class="soft small">
              The same for a program: <code data-part="request">{requestOf(address)}</code>
            </span>
          </p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls is reached by keys. */}
          <section class="table-frame drawn-frame" tabIndex={0} aria-label="The bars as a table, scrollable">
            <table class="data" data-part="drawn-table" aria-label="The bars as a table">
              <thead>
                <tr>
                  {['From', 'To', 'Open', 'High', 'Low', 'Close', 'Volume', 'State'].map((title, n) => (
                    <th key={title} scope="col" class={n > 1 && n < 7 ? 'end' : ''}>
                      {title}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {drawn.map((item, n) => (
                  <tr key={item.date}>
                    <th scope="row">{item.date}</th>
                    <td class="number">{endOf(bars[n]) ?? item.date}</td>
                    <td class="end">{exact(item.open)}</td>
                    <td class="end">{exact(item.high)}</td>
                    <td class="end">{exact(item.low)}</td>
                    <td class="end">{exact(item.close)}</td>
                    <td class="end">{exact(item.volume)}</td>
                    <td>{stateAt(n) ?? '–'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </>
      ) : null}
    </details>
  );
}

/** For a terminal. The key of a server that wants one is not shown. */
function requestOf(address: string): string {
  const key = accessKey.value === '' ? '' : ' -H "Authorization: Bearer $KEY"';
  return `curl${key} '${location.origin}${address}'`;
}

function endOf(bar: Bar | undefined): string | undefined {
  return bar === undefined || !isWindow(bar) ? undefined : bar.last_session;
}

function csvOf(drawn: readonly DrawnBar[], bars: readonly Bar[], stateAt: (n: number) => string | null): string {
  const lines = drawn.map((item, n) => {
    const { date, open, high, low, close, volume } = item;
    return [date, endOf(bars[n]) ?? date, open, high, low, close, volume, stateAt(n)]
      .map((value) => value ?? '')
      .join(',');
  });
  return ['from,to,open,high,low,close,volume,state', ...lines, ''].join('\n');
}

function save(fileName: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = fileName;
  link.click();
  // The download has begun by the next turn; the text need not be kept.
  setTimeout(() => URL.revokeObjectURL(address), 0);
}
