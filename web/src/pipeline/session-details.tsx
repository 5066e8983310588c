import { href } from '../address.ts';
import { getJson } from '../api/client.ts';
import type { SessionResponse } from '../api/wire.ts';
import { instant, integer, plural, weekdayAndDay } from '../format.ts';
import { FinalityBadge } from '../parts/finality-badge.tsx';
import { LoadError, SkeletonLines } from '../parts/messages.tsx';
import { useResource } from '../state/resource.ts';

/** Ledger entry of one session, and the quality findings in its rows. */
export function SessionDetails({ session }: { readonly session: string }) {
  const { data, error, isStale, retry } = useResource(`session ${session}`, (signal) =>
    getJson<SessionResponse>(`/condvest/v1/sessions/${session}`, {}, signal),
  );
  return (
    <section class="card" aria-labelledby="session-title" data-part="session-details">
      <header>
        <h2 id="session-title">{weekdayAndDay(session)}</h2>
        {data === undefined || isStale ? null : <FinalityBadge finality={data.state} />}
      </header>
      {error !== undefined ? (
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
          <Findings session={data} />
          <p class="session-end">
            <a href={href('market', { session })}>View market</a>
            <a href={href('pipeline', { session, rows: 'restatements' })}>View restatements</a>
          </p>
        </>
      )}
    </section>
  );
}

function Findings({ session }: { readonly session: SessionResponse }) {
  const { quarantined, warnings, examples } = session.quality;
  const kinds = Object.entries(warnings);
  if (quarantined.length === 0 && kinds.length === 0) {
    return <p class="detail-list muted">No issues found in its rows.</p>;
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
            <a href={href('chart', { symbol: example.symbol })}>{example.symbol}</a> {example.detail}
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
