import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { href } from '../address.ts';
import { fetchGaps, fetchRows } from '../api/fetchers.ts';
import { day, instant, plusDays } from '../format.ts';
import { Failure, SkeletonLines } from '../parts/placeholders.tsx';
import { useResource } from '../state/resource.ts';

/** The rows behind a finding, as the lake keeps them: a hundred at most, the route has the rest. */
export function RowsPanel({
  route,
  session,
  reason,
}: {
  readonly route: 'quarantine' | 'restatements';
  readonly session: string | undefined;
  readonly reason: string | undefined;
}) {
  const query = route === 'quarantine' ? { session, reason } : { from: session, to: session };
  const { data, error, retry } = useResource(`rows ${route} ${session} ${reason}`, (signal) =>
    fetchRows(route, query, signal),
  );
  const rows = data?.results ?? [];
  const columns = Object.keys(rows[0] ?? {});
  const title = route === 'quarantine' ? 'Refused rows' : 'Changed values';
  return (
    <Panel title={reason === undefined ? title : `${title}: ${reason}`} closed={href('pipeline', { session })}>
      {error !== undefined ? (
        <Failure error={error} title="The rows did not come" onRetry={retry} />
      ) : data === undefined ? (
        <SkeletonLines lines={4} label="Loading the rows" />
      ) : rows.length === 0 ? (
        <p class="empty">There are none.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls is reached by keys.
        <section class="table-frame rows-frame" tabIndex={0} aria-label={`${title}, scrollable`}>
          <table class="data" aria-labelledby="rows-title">
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column} scope="col">
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row, n) => (
                <tr key={n}>
                  {columns.map((column) => (
                    <td key={column} class="number">
                      {show(column, row[column])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Panel>
  );
}

/** The sessions of the market that a listed symbol has no bar of, each with the bars around it. */
export function MissingSessions({ symbol }: { readonly symbol: string }) {
  const { data, error, retry } = useResource(`gaps of ${symbol}`, (signal) => fetchGaps(symbol, signal));
  const sessions = data?.of_symbol ?? [];
  return (
    <Panel title={`Sessions that ${symbol} is missing from`} closed={href('pipeline')}>
      {error !== undefined ? (
        <Failure error={error} title="The gaps did not come" onRetry={retry} />
      ) : data === undefined ? (
        <SkeletonLines lines={3} label="Loading the sessions" />
      ) : sessions.length === 0 ? (
        <p class="empty">There are none.</p>
      ) : (
        <ul class="missing-list">
          {sessions.map((session) => (
            <li key={session}>
              <a href={href('chart', { symbol, from: plusDays(session, -AROUND), to: plusDays(session, AROUND) })}>
                {day(session)}
              </a>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

/** Days before and after a session that a chart of it shows. */
const AROUND = 45;

/** What a finding's link leads to: the focus goes there, wherever on the page it is. */
function Panel({
  title,
  closed,
  children,
}: {
  readonly title: string;
  /** The address without the panel. */
  readonly closed: string;
  readonly children: ComponentChildren;
}) {
  const panel = useRef<HTMLElement>(null);
  useEffect(() => panel.current?.focus(), []);
  return (
    <section ref={panel} class="card rows-panel" aria-labelledby="rows-title" data-part="rows" tabIndex={-1}>
      <header>
        <h2 id="rows-title">{title}</h2>
        <a class="button" href={closed}>
          Close
        </a>
      </header>
      {children}
    </section>
  );
}

const DIGEST = /^[0-9a-f]{64}$/;

function show(column: string, value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (column.endsWith('_ms') && typeof value === 'number') return instant(value);
  if (typeof value === 'string' && DIGEST.test(value)) return `${value.slice(0, 12)}…`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
