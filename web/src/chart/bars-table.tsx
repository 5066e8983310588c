import { useSignal } from '@preact/signals';
import { type Bar, lastSessionOf } from '../api/wire.ts';
import { capitalize, day, exact, plural } from '../format.ts';
import { Icon } from '../parts/icon.tsx';
import { accessKey } from '../state/access-key.ts';
import type { PlottedBar } from './chart-canvas.ts';

/** The plotted bars as a table at full precision: an accessible alternative to the chart. */
export function BarsTable({
  plotted,
  bars,
  fileName,
  url,
}: {
  readonly plotted: readonly PlottedBar[];
  readonly bars: readonly Bar[];
  readonly fileName: string;
  /** URL of the same bars in the API. */
  readonly url: string;
}) {
  const isOpen = useSignal(false);
  const stateAt = (n: number): string | null => {
    const bar = bars[n];
    return bar === undefined ? null : bar.finality;
  };
  return (
    <details
      class="card bars-table"
      onToggle={(event) => {
        isOpen.value = event.currentTarget.open;
      }}
    >
      <summary>
        <h2>Table view</h2> <span class="muted small">{plural(plotted.length, 'bar')}</span>
      </summary>
      {isOpen.value ? (
        <>
          <p class="bars-table-tools">
            <button type="button" class="button" onClick={() => download(fileName, toCsv(plotted, bars, stateAt))}>
              <Icon name="download" /> Download CSV
            </button>
            <span class="muted small">
              API request: <code data-part="request">{curlCommand(url)}</code>
            </span>
          </p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be keyboard-accessible. */}
          <section class="table-frame bars-table-frame" tabIndex={0} aria-label="Bars, scrollable">
            <table class="data" data-part="bars-table" aria-label="Bars">
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
                {plotted.map((item, n) => (
                  <tr key={item.date}>
                    <th scope="row">{day(item.date)}</th>
                    <td class="number">{day(lastDate(bars[n], item.date))}</td>
                    <td class="end">{exact(item.open)}</td>
                    <td class="end">{exact(item.high)}</td>
                    <td class="end">{exact(item.low)}</td>
                    <td class="end">{exact(item.close)}</td>
                    <td class="end">{exact(item.volume)}</td>
                    <td>{capitalize(stateAt(n) ?? '–')}</td>
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

/** Shell command for the same bars. Never contains the key itself. */
function curlCommand(url: string): string {
  const key = accessKey.value === '' ? '' : ' -H "Authorization: Bearer $KEY"';
  return `curl${key} '${location.origin}${url}'`;
}

function lastDate(bar: Bar | undefined, date: string): string {
  return bar === undefined ? date : lastSessionOf(bar);
}

function toCsv(plotted: readonly PlottedBar[], bars: readonly Bar[], stateAt: (n: number) => string | null): string {
  const lines = plotted.map((item, n) => {
    const { date, open, high, low, close, volume } = item;
    return [date, lastDate(bars[n], date), open, high, low, close, volume, stateAt(n)]
      .map((value) => value ?? '')
      .join(',');
  });
  return ['from,to,open,high,low,close,volume,state', ...lines, ''].join('\n');
}

function download(fileName: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  // The download has started by the next task, so the blob can be released.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
