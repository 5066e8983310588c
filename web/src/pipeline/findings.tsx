import { href } from '../address.ts';
import { fetchGaps, fetchQuality } from '../api/fetchers.ts';
import { day, plural, plusDays, whole } from '../format.ts';
import { Failure, SkeletonLines } from '../parts/placeholders.tsx';
import { useResource } from '../state/resource.ts';
import { status } from '../state/status.ts';

const SHOWN = 12;

/** Sessions and symbols that are not whole. */
export function Gaps() {
  const { data, error, retry } = useResource('gaps', (signal) => fetchGaps(undefined, signal));
  const isWhole = data !== undefined && data.sessions.length === 0 && data.symbols.length === 0;
  return (
    <section class="card" aria-labelledby="gaps-title">
      <header>
        <h2 id="gaps-title">Gaps</h2>
        {data?.horizon == null ? null : (
          <span class="soft small">since {day(data.horizon)}, where the source begins</span>
        )}
      </header>
      {error !== undefined ? (
        <Failure error={error} title="The gaps did not come" onRetry={retry} />
      ) : data === undefined ? (
        <SkeletonLines lines={4} label="Loading the gaps" />
      ) : isWhole ? (
        <p class="empty">None: every session that was open is there, and every listed symbol in it.</p>
      ) : (
        <ul class="finding-list">
          {data.sessions.slice(0, SHOWN).map(({ session, reason }) => (
            <li key={session}>
              <a href={href('pipeline', { session })}>{day(session)}</a> <span class="soft">{reason}</span>
            </li>
          ))}
          {data.symbols.slice(0, SHOWN).map(({ symbol, missing, sessions }) => (
            <li key={symbol}>
              <a href={href('chart', { symbol })}>{symbol}</a> <span class="soft">is missing from</span>{' '}
              <a href={href('pipeline', { gap: symbol })}>
                {whole(missing)} of {plural(sessions, 'session')}
              </a>
            </li>
          ))}
          {data.sessions.length + data.symbols.length > 2 * SHOWN ? (
            <li class="soft">
              More: <code>./condvest gaps</code>
            </li>
          ) : null}
        </ul>
      )}
    </section>
  );
}

/** Days up to the last session whose rows are looked at. */
const DAYS = 90;

/** Rows that were refused, and rows that look odd. */
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
          <span class="soft small">
            {plural(data.rows, 'row')} from {day(data.from)} to {day(data.to)}
          </span>
        )}
      </header>
      {error !== undefined ? (
        <Failure error={error} title="The findings did not come" onRetry={retry} />
      ) : data === undefined ? (
        <SkeletonLines lines={4} label="Loading the findings" />
      ) : (
        <ul class="finding-list">
          {data.quarantined.map(({ dataset, reason, rows }) => (
            <li key={`${dataset} ${reason}`}>
              <span class="badge is-bad">refused</span>{' '}
              <a href={href('pipeline', { rows: 'quarantine', reason })}>{plural(rows, 'row')}</a>{' '}
              <span class="soft">
                of {dataset}: {reason}
              </span>
            </li>
          ))}
          {warnings.map(([kind, rows]) => (
            <li key={kind}>
              <span class="badge is-warn">odd</span> {plural(rows, 'row')} <span class="soft">{kind}</span>
            </li>
          ))}
          {data.examples.slice(0, SHOWN).map((example) => (
            <li key={`${example.kind} ${example.symbol} ${example.date}`} class="small">
              <a href={href('chart', { symbol: example.symbol, from: example.date, to: example.date })}>
                {example.symbol}, {day(example.date)}
              </a>{' '}
              <span class="soft">{example.detail}</span>
            </li>
          ))}
          {data.quarantined.length === 0 && warnings.length === 0 ? <li class="soft">Nothing odd was found.</li> : null}
          <li class="small">
            <a href={href('pipeline', { rows: 'restatements' })}>Values that changed after they first arrived</a>
          </li>
        </ul>
      )}
    </section>
  );
}
