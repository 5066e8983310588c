import { useSignal } from '@preact/signals';
import type { SessionState } from '../api/wire.ts';
import { day, whole } from '../format.ts';
import { status } from '../state/status.ts';
import { LedgerYear } from './ledger-year.tsx';

const STATES: readonly (readonly [SessionState, string])[] = [
  ['settled', 'the vendor’s corrections are over'],
  ['provisional', 'complete, may still be corrected'],
  ['partial', 'rows are missing'],
  ['missing', 'not fetched'],
];

const YEARS_SHOWN = 2;

/** How complete and how final the lake is, day by day. Each state has a colour and a pattern of its own. */
export function Ledger({
  chosen,
  onChoose,
}: {
  readonly chosen: string | undefined;
  readonly onChoose: (session: string) => void;
}) {
  const now = status.value;
  const first = yearOf(now?.lake.first);
  const last = lastYear(now?.lake.last, now?.lake.last_closed);
  const asked = yearOf(chosen);
  const shown = useSignal(YEARS_SHOWN);
  if (now === undefined || first === undefined || last === undefined) return null;
  const count = Math.min(last - first + 1, Math.max(shown.value, asked === undefined ? 0 : last - asked + 1));
  const years = Array.from({ length: count }, (_, n) => last - n);
  const hidden = last - first + 1 - count;
  return (
    <section class="card ledger" aria-labelledby="ledger-title">
      <header>
        <h2 id="ledger-title">Sessions</h2>
        <span class="soft small">
          {day(now.lake.first)} to {day(now.lake.last)}
        </span>
      </header>
      <dl class="state-tiles">
        {STATES.map(([state, meaning]) => (
          <div key={state}>
            <dt>
              <span class={`swatch is-${state}`} aria-hidden="true" /> {state}
            </dt>
            <dd>
              <span class="number">{whole(now.sessions[state])}</span> <span class="soft small">{meaning}</span>
            </dd>
          </div>
        ))}
      </dl>
      <div class="years">
        {years.map((year) => (
          <LedgerYear key={year} year={year} chosen={chosen} onChoose={onChoose} />
        ))}
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

/** Years without a single session are not worth a calendar each: one after the last that has some. */
function lastYear(last: string | null | undefined, closed: string | undefined): number | undefined {
  const [withData, withSessions] = [yearOf(last), yearOf(closed)];
  return withData === undefined ? withSessions : Math.min(withData + 1, withSessions ?? withData);
}

function yearOf(date: string | null | undefined): number | undefined {
  return date === null || date === undefined ? undefined : Number(date.slice(0, 4));
}
