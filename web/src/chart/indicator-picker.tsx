import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../parts/icon.tsx';
import {
  formatIndicator,
  INDICATORS_MAX,
  type Indicator,
  type IndicatorKind,
  indicatorName,
  LENGTH_MAX,
  parseIndicators,
} from './indicators.ts';

const COMMON = parseIndicators('sma20,sma50,sma200,ema21,rsi14,macd');

const KINDS: readonly (readonly [IndicatorKind, string])[] = [
  ['sma', 'SMA'],
  ['ema', 'EMA'],
  ['rsi', 'RSI'],
];

/** Selected indicators as chips, and a popover to add common ones or one of any length. */
export function IndicatorPicker({
  selected,
  onChange,
}: {
  readonly selected: readonly Indicator[];
  readonly onChange: (next: readonly Indicator[]) => void;
}) {
  const isOpen = useSignal(false);
  const kind = useSignal<IndicatorKind>('sma');
  const length = useSignal('100');
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const names = new Set(selected.map(formatIndicator));
  const isFull = selected.length >= INDICATORS_MAX;
  const bars = Number(length.value);
  const isValidLength = Number.isInteger(bars) && bars >= 2 && bars <= LENGTH_MAX;

  useEffect(() => {
    const onPointer = (event: PointerEvent): void => {
      if (!(event.target instanceof Node) || root.current?.contains(event.target) !== true) isOpen.value = false;
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || !isOpen.value) return;
      isOpen.value = false;
      button.current?.focus();
    };
    document.addEventListener('pointerdown', onPointer);
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('pointerdown', onPointer);
      document.removeEventListener('keydown', onKey);
    };
  }, [isOpen]);

  const toggle = (indicator: Indicator): void => {
    const name = formatIndicator(indicator);
    if (names.has(name)) onChange(selected.filter((item) => formatIndicator(item) !== name));
    else if (!isFull) onChange([...selected, indicator]);
  };

  return (
    <div ref={root} class="picker">
      <button
        ref={button}
        type="button"
        class="button"
        aria-expanded={isOpen.value}
        aria-controls="indicator-box"
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        Indicators{selected.length === 0 ? '' : ` (${selected.length})`}
      </button>
      <ul class="chips" aria-label="Indicators on the chart">
        {selected.map((indicator) => (
          <li key={formatIndicator(indicator)} class="badge is-accent">
            {indicatorName(indicator)}
            <button type="button" aria-label={`Remove ${indicatorName(indicator)}`} onClick={() => toggle(indicator)}>
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <div id="indicator-box" class="popover" hidden={!isOpen.value}>
        <fieldset>
          <legend>Common</legend>
          {COMMON.map((indicator) => {
            const isOn = names.has(formatIndicator(indicator));
            return (
              <label key={formatIndicator(indicator)} class="check">
                <input type="checkbox" checked={isOn} disabled={!isOn && isFull} onChange={() => toggle(indicator)} />
                {indicatorName(indicator)}
              </label>
            );
          })}
        </fieldset>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const indicator = { kind: kind.value, length: bars };
            if (isValidLength && !names.has(formatIndicator(indicator))) toggle(indicator);
          }}
        >
          <label>
            <span class="visually-hidden">Type</span>
            <select
              class="field"
              value={kind.value}
              onChange={(event) => {
                kind.value = event.currentTarget.value as IndicatorKind;
              }}
            >
              {KINDS.map(([value, text]) => (
                <option key={value} value={value}>
                  {text}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span class="visually-hidden">Length</span>
            <input
              class="field is-short"
              type="number"
              min={2}
              max={LENGTH_MAX}
              value={length.value}
              onInput={(event) => {
                length.value = event.currentTarget.value;
              }}
            />
          </label>
          <button type="submit" class="button" disabled={!isValidLength || isFull}>
            Add
          </button>
        </form>
        <p class="muted small">
          {isFull
            ? `Up to ${INDICATORS_MAX} indicators at a time.`
            : "EMAs are seeded with an SMA. RSI uses Wilder's smoothing."}
        </p>
      </div>
    </div>
  );
}
