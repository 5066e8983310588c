import { href } from '../address.ts';
import { fetchGaps, fetchQuality } from '../api/fetchers.ts';
import { day, dayRange, integer, plural, plusDays } from '../format.ts';
import { LoadError, SkeletonLines } from '../parts/messages.tsx';
import { useResource } from '../state/resource.ts';
import { status } from '../state/status.ts';

const ITEMS_MAX = 12;

/** Missing and partial sessions, and symbols with missing sessions. */
export function Gaps() {
  const { data, error, retry } = useResource('gaps', (signal) => fetchGaps(undefined, signal));
  const isComplete = data !== undefined && data.sessions.length === 0 && data.symbols.length === 0;
  return (
    <section class="card" aria-labelledby="gaps-title">
      <header>
        <h2 id="gaps-title">Gaps</h2>
        {data?.horizon == null ? null : (
          <span class="muted small">Since {day(data.horizon)}, the start of the source's history</span>
        )}
      </header>
      {error !== undefined ? (
        <LoadError error={error} title="Couldn't load gaps" onRetry={retry} />
      ) : data === undefined ? (
        <SkeletonLines lines={4} label="Loading gaps" />
      ) : isComplete ? (
        <p class="empty">No gaps. Every session is complete and has every listed symbol.</p>
      ) : (
        <ul class="finding-list">
          {data.sessions.slice(0, ITEMS_MAX).map(({ session, reason }) => (
            <li key={session}>
              <a href={href('pipeline', { session })}>{day(session)}</a> <span class="muted">{reason}</span>
            </li>
          ))}
          {data.symbols.slice(0, ITEMS_MAX).map(({ symbol, missing, sessions }) => (
            <li key={symbol}>
              <a href={href('chart', { symbol })}>{symbol}</a> <span class="muted">missing from</span>{' '}
              <a href={href('pipeline', { gap: symbol })}>
                {integer(missing)} of {plural(sessions, 'session')}
              </a>
            </li>
          ))}
          {data.sessions.length + data.symbols.length > 2 * ITEMS_MAX ? (
            <li class="muted">
              For the full list, run <code>./condvest gaps</code>
            </li>
          ) : null}
        </ul>
      )}
    </section>
  );
}

/** Days covered, up to the last session. */
const DAYS = 90;

/** Rejected rows and warnings about suspicious ones. */
export function QualityFindings() {
  const to = status.value?.last_published ?? undefined;
  const { data, error, retry } = useResource(to === undefined ? undefined : `quality ${to}`, (signal) =>
    fetchQuality(to === undefined ? undefined : plusDays(to, -DAYS), to, signal),
  );
  const warnings = Object.entries(data?.warnings ?? {});
  return (
    <section class="card" aria-labelledby="quality-title">
      <header>
        <h2 id="quality-title">Quality</h2>
        {data === undefined ? null : (
          <span class="muted small">
            {plural(data.rows, 'row')}, {dayRange(data.from, data.to)}
          </span>
        )}
      </header>
      {error !== undefined ? (
        <LoadError error={error} title="Couldn't load quality findings" onRetry={retry} />
      ) : data === undefined ? (
        <SkeletonLines lines={4} label="Loading quality findings" />
      ) : (
        <ul class="finding-list">
          {data.quarantined.map(({ dataset, reason, rows }) => (
            <li key={`${dataset} ${reason}`}>
              <span class="badge is-bad">Rejected</span>{' '}
              <a href={href('pipeline', { rows: 'quarantine', reason })}>{plural(rows, 'row')}</a>{' '}
              <span class="muted">
                of {dataset}: {reason}
              </span>
            </li>
          ))}
          {warnings.map(([kind, rows]) => (
            <li key={kind}>
              <span class="badge is-warn">Warning</span> {plural(rows, 'row')} <span class="muted">{kind}</span>
            </li>
          ))}
          {data.examples.slice(0, ITEMS_MAX).map((example) => (
            <li key={`${example.kind} ${example.symbol} ${example.date}`} class="small">
              <a href={href('chart', { symbol: example.symbol, from: example.date, to: example.date })}>
                {example.symbol}, {day(example.date)}
              </a>{' '}
              <span class="muted">{example.detail}</span>
            </li>
          ))}
          {data.quarantined.length === 0 && warnings.length === 0 ? <li class="muted">No issues found.</li> : null}
          <li class="small">
            <a href={href('pipeline', { rows: 'restatements' })}>View restatements</a>
          </li>
        </ul>
      )}
    </section>
  );
}
