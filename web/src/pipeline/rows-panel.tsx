import { href } from '../address.ts';
import { fetchGaps, fetchRows } from '../api/fetchers.ts';
import { day, instant, plusDays } from '../format.ts';
import { LoadError, SkeletonLines } from '../parts/messages.tsx';
import { useResource } from '../state/resource.ts';
import { Drawer } from './drawer.tsx';

/** Rows behind a finding, as stored in the lake. Shows the first page of the API's response. */
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
  const title = route === 'quarantine' ? 'Rejected rows' : 'Restatements';
  return (
    <Drawer
      title={reason === undefined ? title : `${title}: ${reason}`}
      closeHref={href('pipeline', { session })}
      part="rows"
      isFocused
    >
      {error !== undefined && data === undefined ? (
        <LoadError error={error} title="Couldn't load rows" onRetry={retry} />
      ) : data === undefined ? (
        <SkeletonLines lines={4} label="Loading rows" />
      ) : rows.length === 0 ? (
        <p class="empty">None found.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be keyboard-accessible.
        <section class="table-frame rows-frame" tabIndex={0} aria-label={`${title}, scrollable`}>
          <table class="data" aria-labelledby="drawer-title">
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
                      {cellText(column, row[column])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Drawer>
  );
}

/** Sessions in which a listed symbol has no bar. Each links to the chart around that session. */
export function MissingSessions({ symbol }: { readonly symbol: string }) {
  const { data, error, retry } = useResource(`gaps of ${symbol}`, (signal) => fetchGaps(symbol, signal));
  const sessions = data?.of_symbol ?? [];
  return (
    <Drawer title={`Sessions missing for ${symbol}`} closeHref={href('pipeline')} part="rows" isFocused>
      {error !== undefined && data === undefined ? (
        <LoadError error={error} title="Couldn't load gaps" onRetry={retry} />
      ) : data === undefined ? (
        <SkeletonLines lines={3} label="Loading sessions" />
      ) : sessions.length === 0 ? (
        <p class="empty">None found.</p>
      ) : (
        <ul class="missing-list">
          {sessions.map((session) => (
            <li key={session}>
              <a
                href={href('chart', {
                  symbol,
                  from: plusDays(session, -DAYS_AROUND),
                  to: plusDays(session, DAYS_AROUND),
                  at: session,
                })}
              >
                {day(session)}
              </a>
            </li>
          ))}
        </ul>
      )}
    </Drawer>
  );
}

/** Days that the linked chart shows before and after the session. */
const DAYS_AROUND = 45;

const DIGEST = /^[0-9a-f]{64}$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

function cellText(column: string, value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (column.endsWith('_ms') && typeof value === 'number') return instant(value);
  if (typeof value === 'string' && DATE.test(value)) return day(value);
  if (typeof value === 'string' && DIGEST.test(value)) return `${value.slice(0, 12)}…`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
