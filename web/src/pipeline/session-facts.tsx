import { href } from '../address.ts';
import { getJson } from '../api/client.ts';
import type { OneSessionAnswer } from '../api/wire.ts';
import { instant, plural, weekdayAndDay, whole } from '../format.ts';
import { FinalityBadge } from '../parts/finality-badge.tsx';
import { Failure, SkeletonLines } from '../parts/placeholders.tsx';
import { useResource } from '../state/resource.ts';

/** One session of the ledger, and what was found in its rows. */
export function SessionFacts({ session }: { readonly session: string }) {
  const { data, error, isOld, retry } = useResource(`session ${session}`, (signal) =>
    getJson<OneSessionAnswer>(`/condvest/v1/sessions/${session}`, {}, signal),
  );
  return (
    <section class="card" aria-labelledby="session-title" data-part="session-facts">
      <header>
        <h2 id="session-title">{weekdayAndDay(session)}</h2>
        {data === undefined || isOld ? null : <FinalityBadge finality={data.state} />}
      </header>
      {error !== undefined ? (
        <Failure error={error} title="The session did not come" onRetry={retry} />
      ) : data === undefined || isOld ? (
        <SkeletonLines lines={5} label="Loading the session" />
      ) : (
        <>
          <dl class="pairs is-tiled">
            <Pair name="Rows" text={rowsWords(data)} />
            <Pair name="Fetched" text={fetchedWords(data)} />
            <Pair name="Version of daily_bars" text={data.table_version === null ? '–' : String(data.table_version)} />
            {data.early_close ? <Pair name="Hours" text="early close" /> : null}
          </dl>
          <Findings session={data} />
          <p class="session-end">
            <a href={href('market', { session })}>The market on this day</a>
            <a href={href('pipeline', { session, rows: 'restatements' })}>Values of it that changed later</a>
          </p>
        </>
      )}
    </section>
  );
}

function Findings({ session }: { readonly session: OneSessionAnswer }) {
  const { quarantined, warnings, examples } = session.quality;
  const kinds = Object.entries(warnings);
  if (quarantined.length === 0 && kinds.length === 0) {
    return <p class="listed soft">Nothing odd was found in its rows.</p>;
  }
  return (
    <div class="listed">
      <h3>Findings</h3>
      <ul>
        {quarantined.map(({ dataset, reason, rows }) => (
          <li key={`${dataset} ${reason}`}>
            <a href={href('pipeline', { session: session.session, rows: 'quarantine', reason })}>
              {plural(rows, 'row')} refused: {reason}
            </a>
          </li>
        ))}
        {kinds.map(([kind, rows]) => (
          <li key={kind}>
            {kind}: {plural(rows, 'row')}
          </li>
        ))}
        {examples.slice(0, 5).map((example) => (
          <li key={`${example.kind} ${example.symbol}`} class="soft">
            <a href={href('chart', { symbol: example.symbol })}>{example.symbol}</a> {example.detail}
          </li>
        ))}
      </ul>
    </div>
  );
}

function rowsWords({ rows, counted, expected }: OneSessionAnswer): string {
  if (expected === null) return whole(rows);
  const others = rows - counted;
  return `${whole(counted)} of ${whole(expected)} expected${others === 0 ? '' : `, and ${whole(others)} of unlisted symbols`}`;
}

function fetchedWords({ attempts, first_fetch_ms, last_fetch_ms }: OneSessionAnswer): string {
  if (last_fetch_ms === null) return 'not yet';
  const times = plural(attempts, 'time');
  return first_fetch_ms === last_fetch_ms ? instant(last_fetch_ms) : `${times}, last ${instant(last_fetch_ms)}`;
}

function Pair({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="number">{text}</dd>
    </div>
  );
}
