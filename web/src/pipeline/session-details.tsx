import { href } from '../address.ts';
import { getJson } from '../api/client.ts';
import type { SessionResponse } from '../api/wire.ts';
import { instant, integer, plural, weekdayAndDay } from '../format.ts';
import { FinalityBadge } from '../parts/finality-badge.tsx';
import { LoadError, SkeletonLines } from '../parts/messages.tsx';
import { useResource } from '../state/resource.ts';
import { chartOn } from './chart-links.ts';
import { Drawer } from './drawer.tsx';
import { FetchButton } from './fetch-button.tsx';

/** Ledger entry of one session, and the quality findings in its rows. */
export function SessionDetails({ session, closeHref }: { readonly session: string; readonly closeHref: string }) {
  const { data, error, isStale, retry } = useResource(`session ${session}`, (signal) =>
    getJson<SessionResponse>(`/condvest/v1/sessions/${session}`, {}, signal),
  );
  return (
    <Drawer
      title={weekdayAndDay(session)}
      badge={data === undefined || isStale ? null : <FinalityBadge finality={data.state} />}
      closeHref={closeHref}
      part="session-details"
    >
      {error !== undefined && data === undefined ? (
        <LoadError error={error} title="Couldn't load session" onRetry={retry} />
      ) : data === undefined || isStale ? (
        <SkeletonLines lines={5} label="Loading session" />
      ) : (
        <>
          <dl class="pairs is-tiled">
            <Pair name="Rows" text={rowsLabel(data)} />
            <Pair name="Fetched" text={fetchedLabel(data)} />
            <Pair
              name="Table version (daily_bars)"
              text={data.table_version === null ? '–' : String(data.table_version)}
            />
            {data.early_close ? <Pair name="Hours" text="Early close" /> : null}
          </dl>
          {data.rows === 0 ? (
            <p class="detail-list muted">The lake has no rows of this session, so there was nothing to check.</p>
          ) : (
            <Findings session={data} />
          )}
          {data.state === 'missing' || data.state === 'partial' ? (
            <FetchButton
              label="Fetch this session"
              session={session}
              command={`./condvest pipeline run --session ${session}`}
            />
          ) : null}
          <p class="session-end">
            {data.rows === 0 ? null : <a href={href('market', { session })}>View market</a>}
            <a href={href('pipeline', { session, rows: 'restatements' })}>View restatements</a>
          </p>
        </>
      )}
    </Drawer>
  );
}

function Findings({ session }: { readonly session: SessionResponse }) {
  const { quarantined, warnings, examples } = session.quality;
  const kinds = Object.entries(warnings);
  if (quarantined.length === 0 && kinds.length === 0) {
    return <p class="detail-list muted">No issues found in its {plural(session.quality.rows, 'row')}.</p>;
  }
  return (
    <div class="detail-list">
      <h3>Findings</h3>
      <ul>
        {quarantined.map(({ dataset, reason, rows }) => (
          <li key={`${dataset} ${reason}`}>
            <a href={href('pipeline', { session: session.session, rows: 'quarantine', reason })}>
              {plural(rows, 'row')} rejected: {reason}
            </a>
          </li>
        ))}
        {kinds.map(([kind, rows]) => (
          <li key={kind}>
            {kind}: {plural(rows, 'row')}
          </li>
        ))}
        {examples.slice(0, 5).map((example) => (
          <li key={`${example.kind} ${example.symbol}`} class="muted">
            <a href={chartOn(example.symbol, example.date)}>{example.symbol}</a> {example.detail}
          </li>
        ))}
      </ul>
    </div>
  );
}

function rowsLabel({ rows, counted, expected }: SessionResponse): string {
  if (expected === null) return integer(rows);
  const others = rows - counted;
  return `${integer(counted)} of ${integer(expected)} expected${others === 0 ? '' : `, plus ${integer(others)} for unlisted symbols`}`;
}

function fetchedLabel({ attempts, first_fetch_ms, last_fetch_ms }: SessionResponse): string {
  if (last_fetch_ms === null) return 'Not yet';
  const times = plural(attempts, 'time');
  return first_fetch_ms === last_fetch_ms
    ? instant(last_fetch_ms)
    : `${times}, most recently ${instant(last_fetch_ms)}`;
}

function Pair({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="number">{text}</dd>
    </div>
  );
}
