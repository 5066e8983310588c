import { href } from '../address.ts';
import { fetchGaps, fetchQuality } from '../api/fetchers.ts';
import type { GapsResponse, QualityResponse } from '../api/wire.ts';
import { day, dayRange, integer, plural, plusDays } from '../format.ts';
import { LoadError, SkeletonLines } from '../parts/messages.tsx';
import { useResource } from '../state/resource.ts';
import { status } from '../state/status.ts';
import { chartOn } from './chart-links.ts';
import { FetchButton } from './fetch-button.tsx';

const ITEMS_MAX = 12;

/** Missing and partial sessions in runs, and symbols with missing sessions. */
export function Gaps() {
  const { data, error, retry } = useResource('gaps', (signal) => fetchGaps(undefined, signal));
  return (
    <section class="card" aria-labelledby="gaps-title">
      <header>
        <h2 id="gaps-title">Gaps</h2>
        {data?.horizon == null ? null : (
          <span class="muted small">Since {day(data.horizon)}, the start of the source's history</span>
        )}
      </header>
      {data === undefined && error !== undefined ? (
        <LoadError error={error} title="Couldn't load gaps" onRetry={retry} />
      ) : data === undefined ? (
        <SkeletonLines lines={4} label="Loading gaps" />
      ) : data.is_empty ? (
        <p class="empty">The lake has no sessions yet.</p>
      ) : (
        <>
          <SessionGaps data={data} />
          <SymbolGaps symbols={data.symbols} />
        </>
      )}
    </section>
  );
}

function SessionGaps({ data }: { readonly data: GapsResponse }) {
  if (data.sessions_total === 0) {
    return (
      <p class="empty">
        No session is missing or partial{data.symbols.length === 0 ? ', and every listed symbol is in each' : ''}.
      </p>
    );
  }
  return (
    <>
      <ul class="finding-list" aria-label="Missing and partial sessions">
        {data.runs.slice(0, ITEMS_MAX).map(({ first, last, sessions, reason }) => (
          <li key={first}>
            <a href={href('pipeline', { session: last })}>{first === last ? day(first) : dayRange(first, last)}</a>
            <span class="muted">
              : {plural(sessions, 'session')} {reason}
            </span>
          </li>
        ))}
        {data.runs.length <= ITEMS_MAX ? null : (
          <li class="muted">
            {plural(data.sessions_total, 'session')} in all; for the full list, run <code>./condvest gaps</code>
          </li>
        )}
      </ul>
      <FetchGaps data={data} />
    </>
  );
}

/** Button for the gaps that a run fetches, and the command for the others. */
function FetchGaps({ data: { sessions_total: total, sessions_due: due } }: { readonly data: GapsResponse }) {
  const canStart = status.value?.can_start_runs === true && status.value.source !== null;
  return (
    <div class="finding-action">
      {canStart && due === 0 ? (
        <p class="small muted">
          All were fetched since the last close; runs try again after the next one. To fetch them now, run{' '}
          <code>./condvest repair</code>.
        </p>
      ) : (
        <FetchButton label={`Fetch ${plural(due, 'session')}`} command="./condvest repair" />
      )}
      {canStart && due > 0 && due < total ? (
        <p class="small muted">
          A run fetches {integer(due)} of {plural(total, 'session')} now. <code>./condvest repair</code> fetches all.
        </p>
      ) : null}
    </div>
  );
}

function SymbolGaps({ symbols }: { readonly symbols: GapsResponse['symbols'] }) {
  if (symbols.length === 0) return null;
  return (
    <ul class="finding-list" aria-label="Symbols with missing sessions">
      {symbols.slice(0, ITEMS_MAX).map(({ symbol, missing, sessions }) => (
        <li key={symbol}>
          <a href={href('chart', { symbol })}>{symbol}</a> <span class="muted">missing from</span>{' '}
          <a href={href('pipeline', { gap: symbol })}>
            {integer(missing)} of {plural(sessions, 'session')}
          </a>
        </li>
      ))}
      {symbols.length > ITEMS_MAX ? (
        <li class="muted">
          For the full list, run <code>./condvest gaps</code>
        </li>
      ) : null}
    </ul>
  );
}

/** Days covered, up to the last session. */
const DAYS = 90;

/** Warnings about the bars of the last days, and rejected rows: of these days, and of all time. */
export function QualityFindings() {
  const to = status.value?.last_published ?? undefined;
  const { data, error, retry } = useResource(to === undefined ? undefined : `quality ${to}`, (signal) =>
    fetchQuality(to === undefined ? undefined : plusDays(to, -DAYS), to, signal),
  );
  return (
    <section class="card" aria-labelledby="quality-title">
      <header>
        <h2 id="quality-title">Quality</h2>
      </header>
      {data === undefined && error !== undefined ? (
        <LoadError error={error} title="Couldn't load quality findings" onRetry={retry} />
      ) : data === undefined ? (
        <SkeletonLines lines={4} label="Loading quality findings" />
      ) : (
        <>
          <RecentFindings data={data} />
          <h3 class="finding-title">All time</h3>
          <ul class="finding-list" aria-label="Of all time">
            <li>
              {data.rejected_total === 0 ? (
                <span class="muted">No row was ever rejected</span>
              ) : (
                <>
                  <a href={href('pipeline', { rows: 'quarantine' })}>{plural(data.rejected_total, 'row')}</a>{' '}
                  <span class="muted">rejected</span>
                </>
              )}
            </li>
            <li>
              <a href={href('pipeline', { rows: 'restatements' })}>View restatements</a>
            </li>
          </ul>
        </>
      )}
    </section>
  );
}

function RecentFindings({ data }: { readonly data: QualityResponse }) {
  const warnings = Object.entries(data.warnings);
  const isClean = data.quarantined.length === 0 && warnings.length === 0;
  return (
    <>
      <h3 class="finding-title">
        Last {DAYS} days <span class="muted small">{dayRange(data.from, data.to)}</span>
      </h3>
      <ul class="finding-list" aria-label={`Of the last ${DAYS} days`}>
        <li class="muted">
          {data.rows === 0
            ? 'The lake has no bars of these days, so there was nothing to check.'
            : `${plural(data.rows, 'row')} of daily bars checked${isClean ? '; no issues found.' : '.'}`}
        </li>
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
            {example.symbol === '' ? (
              <a href={href('pipeline', { session: example.date })}>{day(example.date)}</a>
            ) : (
              <a href={chartOn(example.symbol, example.date)}>
                {example.symbol}, {day(example.date)}
              </a>
            )}{' '}
            <span class="muted">{example.detail}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
