import type { Adjust } from '../api/wire.ts';
import { type Choice, Segments } from '../parts/segments.tsx';
import { AsOf } from './as-of.tsx';
import type { ChartAddress } from './chart-address.ts';
import { IndicatorPicker } from './indicator-picker.tsx';
import { INTERVALS, RANGES, type RangeName } from './ranges.ts';

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

const RANGE_CHOICES: readonly Choice<RangeName>[] = RANGES.map(({ name, ...choice }) => ({ value: name, ...choice }));

/** Chart controls. Every control changes the URL, and the URL changes the chart. */
export function Toolbar({
  chart,
  shownInterval,
  onChange,
}: {
  readonly chart: ChartAddress;
  /** Sessions per bar as shown: more than the address has if all of a long history is in sight. */
  readonly shownInterval: number;
  readonly onChange: (next: Partial<ChartAddress>) => void;
}) {
  const selectInterval = (interval: number): void => {
    // Shorter bars than fit: the newest of them.
    const range = interval < shownInterval && chart.range === 'all' ? undefined : chart.range;
    onChange({ interval, range });
  };
  return (
    <div class="toolbar" role="toolbar" aria-label="Chart controls">
      <Segments
        legend="Interval"
        name="interval"
        choices={INTERVAL_CHOICES}
        selected={String(shownInterval)}
        onSelect={(value) => selectInterval(Number(value))}
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
        choices={RANGE_CHOICES}
        selected={chart.range}
        onSelect={(range) => onChange({ range, from: undefined, to: undefined })}
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
      <AsOf chart={chart} onChange={onChange} />
    </div>
  );
}
