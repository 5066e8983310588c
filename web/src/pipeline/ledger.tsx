import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { fetchSessions } from '../api/fetchers.ts';
import type { SessionState } from '../api/wire.ts';
import { capitalize, dayRange, integer } from '../format.ts';
import { LoadError } from '../parts/messages.tsx';
import { useResource } from '../state/resource.ts';
import { status } from '../state/status.ts';
import { LedgerYear } from './ledger-year.tsx';

const STATES: readonly (readonly [SessionState, string])[] = [
  ['settled', 'Final'],
  ['provisional', 'May still be corrected'],
  ['partial', 'Rows missing'],
  ['missing', 'Not fetched'],
];

const YEARS_SHOWN = 2;

/** Completeness and finality of the lake, session by session. Each state has its own color and pattern. */
export function Ledger({
  selected,
  onSelect,
}: {
  readonly selected: string | undefined;
  readonly onSelect: (session: string) => void;
}) {
  const current = status.value;
  const first = yearOf(current?.lake.first);
  const last = lastYear(current?.lake.last, current?.lake.last_closed);
  const selectedYear = yearOf(selected);
  const shown = useSignal(YEARS_SHOWN);
  const earliest =
    first === undefined || last === undefined
      ? undefined
      : Math.max(first, Math.min(last - shown.value + 1, selectedYear ?? last));
  // One request for all years in sight.
  const sessions = useResource(earliest === undefined ? undefined : `sessions ${earliest} ${last}`, (signal) =>
    fetchSessions(`${earliest}-01-01`, `${last}-12-31`, signal),
  );
  const byYear = useMemo(() => Map.groupBy(sessions.data ?? [], ({ session }) => yearOf(session)), [sessions.data]);
  if (current === undefined || first === undefined || last === undefined || earliest === undefined) return null;
  const count = last - earliest + 1;
  const years = Array.from({ length: count }, (_, n) => last - n);
  const hidden = last - first + 1 - count;
  return (
    <section class="card ledger" aria-labelledby="ledger-title">
      <header>
        <h2 id="ledger-title">Sessions</h2>
        <span class="muted small">{dayRange(current.lake.first, current.lake.last)}</span>
      </header>
      <dl class="state-tiles">
        {STATES.map(([state, meaning]) => (
          <div key={state}>
            <dt>
              <span class={`swatch is-${state}`} aria-hidden="true" /> {capitalize(state)}
            </dt>
            <dd>
              <span class="number">{integer(current.sessions[state])}</span> <span class="muted small">{meaning}</span>
            </dd>
          </div>
        ))}
      </dl>
      <div class="years">
        {sessions.error !== undefined && sessions.data === undefined ? (
          <LoadError error={sessions.error} title="Couldn't load sessions" onRetry={sessions.retry} />
        ) : (
          years.map((year) => (
            <LedgerYear
              key={year}
              year={year}
              rows={sessions.data === undefined ? undefined : (byYear.get(year) ?? [])}
              selected={selected}
              onSelect={onSelect}
            />
          ))
        )}
      </div>
      {hidden <= 0 ? null : (
        <p class="body">
          <button
            type="button"
            class="button"
            onClick={() => {
              shown.value = count + Math.min(hidden, YEARS_MORE);
            }}
          >
            Show {Math.min(hidden, YEARS_MORE)} earlier {hidden === 1 ? 'year' : 'years'}
          </button>
        </p>
      )}
    </section>
  );
}

const YEARS_MORE = 4;

/** Last calendar year to show: at most one year without data after the last one that has some. */
function lastYear(lastSession: string | null | undefined, lastClosed: string | undefined): number | undefined {
  const [dataYear, closedYear] = [yearOf(lastSession), yearOf(lastClosed)];
  return dataYear === undefined ? closedYear : Math.min(dataYear + 1, closedYear ?? dataYear);
}

function yearOf(date: string | null | undefined): number | undefined {
  return date === null || date === undefined ? undefined : Number(date.slice(0, 4));
}
