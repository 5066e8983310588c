import type { Adjust } from '../api/wire.ts';
import { minusMonths } from '../format.ts';
import { type Choice, Segments } from '../parts/segments.tsx';
import { type ChartAddress, INTERVALS } from './chart-address.ts';
import { IndicatorPicker } from './indicator-picker.tsx';

const INTERVAL_CHOICES: readonly Choice<string>[] = INTERVALS.map((n) => ({
  value: String(n),
  label: `${n}D`,
  spoken: n === 1 ? '1 session' : `${n} sessions`,
}));

const ADJUST_CHOICES: readonly Choice<Adjust>[] = [
  { value: 'raw', label: 'Raw', spoken: 'Raw: as traded' },
  { value: 'split', label: 'Split', spoken: 'Split: adjusted for splits' },
  { value: 'total', label: 'Total', spoken: 'Total: adjusted for splits and dividends' },
];

const RANGES: readonly (Choice<string> & { readonly months: number })[] = [
  { value: '6m', label: '6M', spoken: '6 months', months: 6 },
  { value: '1y', label: '1Y', spoken: '1 year', months: 12 },
  { value: '3y', label: '3Y', spoken: '3 years', months: 36 },
  { value: '5y', label: '5Y', spoken: '5 years', months: 60 },
  { value: 'all', label: 'All', spoken: 'All bars', months: Number.POSITIVE_INFINITY },
];

/** How a chart is looked at. Every control changes the address, and the address changes the chart. */
export function Toolbar({
  chart,
  first,
  last,
  onChange,
}: {
  readonly chart: ChartAddress;
  /** First and last session of the bars; undefined while there are none. */
  readonly first: string | undefined;
  readonly last: string | undefined;
  readonly onChange: (next: Partial<ChartAddress>) => void;
}) {
  const startOf = (months: number): string | undefined => {
    if (last === undefined) return undefined;
    return Number.isFinite(months) ? minusMonths(last, months) : first;
  };
  const range = chart.to !== undefined ? undefined : RANGES.find(({ months }) => startOf(months) === chart.from)?.value;
  return (
    <div class="toolbar" role="toolbar" aria-label="Chart">
      <Segments
        legend="Sessions a bar"
        name="interval"
        choices={INTERVAL_CHOICES}
        chosen={String(chart.interval)}
        onChoose={(value) => onChange({ interval: Number(value) })}
      />
      <Segments
        legend="Adjustment of prices"
        name="adjust"
        choices={ADJUST_CHOICES}
        chosen={chart.adjust}
        onChoose={(adjust) => onChange({ adjust })}
      />
      <Segments
        legend="Time in sight"
        name="range"
        choices={RANGES}
        chosen={chart.from === undefined ? undefined : range}
        isDisabled={last === undefined}
        onChoose={(value) => {
          const months = RANGES.find((item) => item.value === value)?.months ?? 12;
          onChange({ from: startOf(months), to: undefined });
        }}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={chart.isLogarithmic}
          onChange={(event) => onChange({ isLogarithmic: event.currentTarget.checked })}
        />
        Log scale
      </label>
      <IndicatorPicker chosen={chart.indicators} onChange={(indicators) => onChange({ indicators })} />
      <label class="as-of">
        <span>As known on</span>
        <input
          class="field"
          type="date"
          value={chart.asOf ?? ''}
          onChange={(event) => onChange({ asOf: event.currentTarget.value || undefined })}
        />
      </label>
    </div>
  );
}
