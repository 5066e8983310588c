import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { fetchSessions } from '../api/fetchers.ts';
import type { SessionRow } from '../api/wire.ts';
import { instant, plural, weekdayAndDay } from '../format.ts';
import { Failure } from '../parts/placeholders.tsx';
import { useResource } from '../state/resource.ts';
import { neighbour, weeksOf } from './calendar-map.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'];

/** One year of the ledger: a grid that is walked by arrow keys and opened by Enter or a click. */
export function LedgerYear({
  year,
  chosen,
  onChoose,
}: {
  readonly year: number;
  readonly chosen: string | undefined;
  readonly onChoose: (session: string) => void;
}) {
  const { data, error, retry } = useResource(`sessions ${year}`, (signal) =>
    fetchSessions(`${year}-01-01`, `${year}-12-31`, signal),
  );
  const weeks = useMemo(() => weeksOf(year, data ?? []), [year, data]);
  const grid = useRef<HTMLTableElement>(null);
  const focused = useSignal<string | undefined>(undefined);
  const told = useSignal<SessionRow | undefined>(undefined);

  // On a narrow screen the newest days are what is looked for.
  useEffect(() => {
    const frame = grid.current?.parentElement;
    const newest = grid.current?.querySelector<HTMLElement>('[tabindex="0"]');
    if (frame === null || frame === undefined || newest === null || newest === undefined) return;
    frame.scrollLeft = newest.offsetLeft - frame.clientWidth + 48;
  }, [data]);

  if (error !== undefined)
    return <Failure error={error} title={`The sessions of ${year} did not come`} onRetry={retry} />;
  const rows = data ?? [];
  // The one cell that Tab reaches: where the keys have been, else what is chosen, else the newest.
  const reached =
    [focused.value, chosen].find((date) => rows.some((row) => row.session === date)) ??
    rows.reduce<string | undefined>(
      (last, { session }) => (last === undefined || session > last ? session : last),
      undefined,
    );

  const onKeyDown = (event: KeyboardEvent, week: number, day: number, date: string): void => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      onChoose(date);
      return;
    }
    const next = neighbour(weeks, { week, day }, event.key);
    if (next === undefined) return;
    event.preventDefault();
    const target = weeks[next.week]?.days[next.day]?.date;
    grid.current?.querySelector<HTMLElement>(`[data-session="${target ?? ''}"]`)?.focus();
  };

  const isOld = data === undefined;
  return (
    <div class="year" data-year={year}>
      <div class="year-head">
        <h3>{year}</h3>
        <p class="soft small" aria-hidden="true">
          {told.value === undefined ? plural(rows.length, 'session') : describe(told.value)}
        </p>
      </div>
      <div class="table-frame">
        <table
          ref={grid}
          class={isOld ? 'map is-dim' : 'map'}
          // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table that is walked by keys is a grid.
          role="grid"
          aria-label={`Sessions of ${year}`}
          aria-busy={isOld}
        >
          <thead>
            <tr>
              <td />
              {weeks.map((week, n) => (
                <th key={n} scope="col">
                  <span>{week.month === undefined ? '' : MONTHS[week.month - 1]}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {WEEKDAYS.map((name, day) => (
              <tr key={name}>
                <th scope="row">{day % 2 === 0 ? name : <span class="unseen">{name}</span>}</th>
                {weeks.map((week, n) => {
                  const cell = week.days[day];
                  const row = cell?.row;
                  if (row === undefined) return <td key={n} class={cell === undefined || isOld ? 'none' : 'closed'} />;
                  return (
                    <td
                      key={n}
                      class={`is-${row.state}`}
                      // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a cell of a grid.
                      role="gridcell"
                      tabIndex={row.session === reached ? 0 : -1}
                      aria-label={describe(row)}
                      aria-selected={row.session === chosen}
                      data-session={row.session}
                      data-state={row.state}
                      onClick={() => onChoose(row.session)}
                      onKeyDown={(event) => onKeyDown(event, n, day, row.session)}
                      onFocus={() => {
                        focused.value = row.session;
                        told.value = row;
                      }}
                      onBlur={() => {
                        told.value = undefined;
                      }}
                      onMouseEnter={() => {
                        told.value = row;
                      }}
                      onMouseLeave={() => {
                        told.value = undefined;
                      }}
                    />
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function describe(row: SessionRow): string {
  const rows =
    row.expected === null
      ? plural(row.rows, 'row')
      : `${row.counted.toLocaleString('en-US')} of ${plural(row.expected, 'row')}`;
  const parts = [weekdayAndDay(row.session), row.state, rows];
  if (row.early_close) parts.push('early close');
  if (row.last_fetch_ms !== null) parts.push(`fetched ${instant(row.last_fetch_ms)}`);
  return parts.join(', ');
}
