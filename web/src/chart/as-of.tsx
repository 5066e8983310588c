import { useSignal } from '@preact/signals';
import { day, newYorkDate } from '../format.ts';
import { status } from '../state/status.ts';
import type { ChartAddress } from './chart-address.ts';

/** Date picker for the data as it was known at the end of a day in New York, limited to days that can be answered. */
export function AsOf({
  chart,
  onChange,
}: {
  readonly chart: ChartAddress;
  readonly onChange: (next: Partial<ChartAddress>) => void;
}) {
  const refused = useSignal<string | undefined>(undefined);
  const firstMs = status.value?.as_of_first_ms ?? undefined;
  const first = firstMs === undefined ? undefined : newYorkDate(firstMs);
  const today = newYorkDate();
  const choose = (date: string): void => {
    const isAnswerable = date === '' || ((first === undefined || date >= first) && date <= today);
    refused.value = isAnswerable ? undefined : date;
    if (isAnswerable) onChange({ asOf: date === '' || date === today ? undefined : date });
  };
  return (
    <div class="as-of">
      <label>
        <span>As of</span>
        <input
          class="field"
          type="date"
          min={first}
          max={today}
          aria-describedby="as-of-note"
          value={chart.asOf ?? ''}
          onChange={(event) => choose(event.currentTarget.value)}
        />
      </label>
      {chart.asOf === undefined ? null : (
        <button type="button" class="button" onClick={() => choose('')}>
          Back to now
        </button>
      )}
      <p id="as-of-note" class="small bad" role="status" hidden={refused.value === undefined}>
        {first === undefined
          ? ''
          : `The lake can answer for ${day(first)} to ${day(today)}, not for ${day(refused.value ?? first)}.`}
      </p>
    </div>
  );
}
