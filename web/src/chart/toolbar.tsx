import type { Adjust } from '../api/wire.ts';
import { minusMonths } from '../format.ts';
import { type Choice, Segments } from '../parts/segments.tsx';
import { type ChartAddress, INTERVALS } from './chart-address.ts';
import { IndicatorPicker } from './indicator-picker.tsx';

const INTERVAL_CHOICES: readonly Choice<string>[] = INTERVALS.map((n) => ({
  value: String(n),
  label: `${n}D`,
  accessibleName: n === 1 ? '1 session' : `${n} sessions`,
}));

const ADJUST_CHOICES: readonly Choice<Adjust>[] = [
  { value: 'raw', label: 'Raw', accessibleName: 'Raw: unadjusted' },
  { value: 'split', label: 'Split', accessibleName: 'Split: adjusted for splits' },
  { value: 'total', label: 'Total', accessibleName: 'Total: adjusted for splits and dividends' },
];

const RANGES: readonly (Choice<string> & { readonly months: number })[] = [
  { value: '6m', label: '6M', accessibleName: '6 months', months: 6 },
  { value: '1y', label: '1Y', accessibleName: '1 year', months: 12 },
  { value: '3y', label: '3Y', accessibleName: '3 years', months: 36 },
  { value: '5y', label: '5Y', accessibleName: '5 years', months: 60 },
  { value: 'all', label: 'All', accessibleName: 'All bars', months: Number.POSITIVE_INFINITY },
];

/** Chart controls. Every control changes the URL, and the URL changes the chart. */
export function Toolbar({
  chart,
  first,
  last,
  onChange,
}: {
  readonly chart: ChartAddress;
  /** First and last session of the bars; undefined until they are loaded. */
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
    <div class="toolbar" role="toolbar" aria-label="Chart controls">
      <Segments
        legend="Interval"
        name="interval"
        choices={INTERVAL_CHOICES}
        selected={String(chart.interval)}
        onSelect={(value) => onChange({ interval: Number(value) })}
      />
      <Segments
        legend="Price adjustment"
        name="adjust"
        choices={ADJUST_CHOICES}
        selected={chart.adjust}
        onSelect={(adjust) => onChange({ adjust })}
      />
      <Segments
        legend="Date range"
        name="range"
        choices={RANGES}
        selected={chart.from === undefined ? undefined : range}
        isDisabled={last === undefined}
        onSelect={(value) => {
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
      <IndicatorPicker selected={chart.indicators} onChange={(indicators) => onChange({ indicators })} />
      <label class="as-of">
        <span>As of</span>
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
