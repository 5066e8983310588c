import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../parts/icon.tsx';
import {
  INDICATORS_MAX,
  type Indicator,
  type IndicatorKind,
  LENGTH_MAX,
  nameOf,
  parseIndicators,
  writeIndicator,
} from './indicators.ts';

const USUAL = parseIndicators('sma20,sma50,sma200,ema21,rsi14,macd');

const KINDS: readonly (readonly [IndicatorKind, string])[] = [
  ['sma', 'SMA'],
  ['ema', 'EMA'],
  ['rsi', 'RSI'],
];

/** Chosen indicators as chips, and a box to add the usual ones or one of any length. */
export function IndicatorPicker({
  chosen,
  onChange,
}: {
  readonly chosen: readonly Indicator[];
  readonly onChange: (next: readonly Indicator[]) => void;
}) {
  const isOpen = useSignal(false);
  const kind = useSignal<IndicatorKind>('sma');
  const length = useSignal('100');
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const names = new Set(chosen.map(writeIndicator));
  const isFull = chosen.length >= INDICATORS_MAX;
  const wanted = Number(length.value);
  const isLength = Number.isInteger(wanted) && wanted >= 2 && wanted <= LENGTH_MAX;

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
    const name = writeIndicator(indicator);
    if (names.has(name)) onChange(chosen.filter((item) => writeIndicator(item) !== name));
    else if (!isFull) onChange([...chosen, indicator]);
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
        Indicators{chosen.length === 0 ? '' : ` (${chosen.length})`}
      </button>
      <ul class="chips" aria-label="Indicators on the chart">
        {chosen.map((indicator) => (
          <li key={writeIndicator(indicator)} class="badge is-accent">
            {nameOf(indicator)}
            <button type="button" aria-label={`Remove ${nameOf(indicator)}`} onClick={() => toggle(indicator)}>
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <div id="indicator-box" class="popover" hidden={!isOpen.value}>
        <fieldset>
          <legend>Usual ones</legend>
          {USUAL.map((indicator) => {
            const isOn = names.has(writeIndicator(indicator));
            return (
              <label key={writeIndicator(indicator)} class="check">
                <input type="checkbox" checked={isOn} disabled={!isOn && isFull} onChange={() => toggle(indicator)} />
                {nameOf(indicator)}
              </label>
            );
          })}
        </fieldset>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const indicator = { kind: kind.value, length: wanted };
            if (isLength && !names.has(writeIndicator(indicator))) toggle(indicator);
          }}
        >
          <label>
            <span class="unseen">Kind</span>
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
            <span class="unseen">Bars</span>
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
          <button type="submit" class="button" disabled={!isLength || isFull}>
            Add
          </button>
        </form>
        <p class="soft small">
          {isFull ? `At most ${INDICATORS_MAX} at once.` : 'Averages start from a simple average; RSI is Wilder’s.'}
        </p>
      </div>
    </div>
  );
}
