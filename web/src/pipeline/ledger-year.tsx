import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { SessionRow } from '../api/wire.ts';
import { instant, plural, weekdayAndDay } from '../format.ts';
import { nextCell, weeksOf } from './calendar-grid.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'];

/** One year of the ledger: a grid with arrow-key navigation, where Enter or a click selects a session. */
export function LedgerYear({
  year,
  rows: data,
  selected,
  onSelect,
}: {
  readonly year: number;
  /** Undefined until they are loaded. */
  readonly rows: readonly SessionRow[] | undefined;
  readonly selected: string | undefined;
  readonly onSelect: (session: string) => void;
}) {
  const weeks = useMemo(() => weeksOf(year, data ?? []), [year, data]);
  const grid = useRef<HTMLTableElement>(null);
  const focused = useSignal<string | undefined>(undefined);
  const described = useSignal<SessionRow | undefined>(undefined);

  // On a narrow screen, scrolls to the newest sessions.
  useEffect(() => {
    const frame = grid.current?.parentElement;
    const newest = grid.current?.querySelector<HTMLElement>('[tabindex="0"]');
    if (frame === null || frame === undefined || newest === null || newest === undefined) return;
    frame.scrollLeft = newest.offsetLeft - frame.clientWidth + 48;
  }, [data]);

  const rows = data ?? [];
  // The only cell in the tab order (roving tabindex): the last focused one, else the selected one, else the newest.
  const tabStop =
    [focused.value, selected].find((date) => rows.some((row) => row.session === date)) ??
    rows.reduce<string | undefined>(
      (last, { session }) => (last === undefined || session > last ? session : last),
      undefined,
    );

  const onKeyDown = (event: KeyboardEvent, week: number, day: number, date: string): void => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      onSelect(date);
      return;
    }
    const next = nextCell(weeks, { week, day }, event.key);
    if (next === undefined) return;
    event.preventDefault();
    const target = weeks[next.week]?.days[next.day]?.date;
    grid.current?.querySelector<HTMLElement>(`[data-session="${target ?? ''}"]`)?.focus();
  };

  const isStale = data === undefined;
  return (
    <div class="year" data-year={year}>
      <div class="year-head">
        <h3>{year}</h3>
        <p class="muted small" aria-hidden="true">
          {described.value === undefined ? plural(rows.length, 'session') : describe(described.value)}
        </p>
      </div>
      <div class="table-frame">
        <table
          ref={grid}
          class={isStale ? 'calendar-grid is-dim' : 'calendar-grid'}
          // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table with keyboard navigation is a grid.
          role="grid"
          aria-label={`${year} sessions`}
          aria-busy={isStale}
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
                <th scope="row">{day % 2 === 0 ? name : <span class="visually-hidden">{name}</span>}</th>
                {weeks.map((week, n) => {
                  const cell = week.days[day];
                  const row = cell?.row;
                  if (row === undefined)
                    return <td key={n} class={cell === undefined || isStale ? 'none' : 'closed'} />;
                  return (
                    <td
                      key={n}
                      class={`is-${row.state}`}
                      // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: cells of a grid are gridcells.
                      role="gridcell"
                      tabIndex={row.session === tabStop ? 0 : -1}
                      aria-label={describe(row)}
                      aria-selected={row.session === selected}
                      data-session={row.session}
                      data-state={row.state}
                      onClick={() => onSelect(row.session)}
                      onKeyDown={(event) => onKeyDown(event, n, day, row.session)}
                      onFocus={() => {
                        focused.value = row.session;
                        described.value = row;
                      }}
                      onBlur={() => {
                        described.value = undefined;
                      }}
                      onMouseEnter={() => {
                        described.value = row;
                      }}
                      onMouseLeave={() => {
                        described.value = undefined;
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

/** `Tue 24 Nov 2026, settled, 200 of 200 rows, fetched 25 Nov 2026, 16:05 ET`. */
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
