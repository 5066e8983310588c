import { href } from '../address.ts';
import { fetchRows } from '../api/fetchers.ts';
import { instant } from '../format.ts';
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
    <section class="card rows-panel" aria-labelledby="rows-title" data-part="rows">
      <header>
        <h2 id="rows-title">
          {title}
          {reason === undefined ? '' : `: ${reason}`}
        </h2>
        <a class="button" href={href('pipeline', { session })}>
          Close
        </a>
      </header>
      {error !== undefined ? (
        <Failure error={error} title="The rows did not come" onRetry={retry} />
      ) : data === undefined ? (
        <SkeletonLines lines={4} label="Loading the rows" />
      ) : rows.length === 0 ? (
        <p class="empty">There are none.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls is reached by keys.
        <section class="table-frame rows-frame" tabIndex={0} aria-label={`${title}, scrollable`}>
          <table class="data">
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
