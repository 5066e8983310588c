import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { address, go, PATHS } from './address.ts';
import { INTERVALS, readChart, writeChart } from './chart/chart-address.ts';
import { readStored, writeStored } from './state/stored.ts';

/** Single keys for what is done often. They can be turned off, for people who dictate (WCAG 2.1.4). */

const isHelpOpen = signal(false);
const areOn = signal(readStored('shortcuts') !== 'off');

export function openShortcuts(): void {
  isHelpOpen.value = true;
}

export function followShortcuts(): void {
  document.addEventListener('keydown', (event) => {
    if (!areOn.value || event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
    if (document.querySelector('dialog[open]') !== null) return;
    const target = event.target instanceof HTMLElement ? event.target : undefined;
    if (target?.matches('input:not([type="radio"], [type="checkbox"]), select, textarea') === true) return;
    if (act(event.key)) event.preventDefault();
  });
}

function act(key: string): boolean {
  if (key === '/') {
    document.querySelector<HTMLInputElement>('[data-shortcut="/"]')?.focus();
    return true;
  }
  if (key === '?') {
    openShortcuts();
    return true;
  }
  const view = { c: 'chart', m: 'market', p: 'pipeline' }[key] as keyof typeof PATHS | undefined;
  if (view !== undefined) {
    go(PATHS[view]);
    return true;
  }
  const interval = INTERVALS[Number(key) - 1];
  if (interval === undefined || address.value.view !== 'chart') return false;
  go(writeChart({ ...readChart(address.value.query), interval }));
  return true;
}

const KEYS: readonly (readonly [keys: readonly string[], what: string])[] = [
  [['/'], 'Search a symbol'],
  [['c', 'm', 'p'], 'Chart, market, pipeline'],
  [['1', '…', '7'], 'Interval of the chart: 1D, 3D, 5D, 8D, 13D, 21D, 34D'],
  [['←', '→'], 'On the chart: bar by bar; Page keys by twenty, Home and End to the ends'],
  [['Enter'], 'On the chart: the facts of the bar'],
  [['↑', '↓', '←', '→'], 'On the calendar: day by day, week by week'],
  [['?'], 'This list'],
];

export function ShortcutsDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOpen = isHelpOpen.value;
  useEffect(() => {
    if (isOpen && dialog.current?.open === false) dialog.current.showModal();
  }, [isOpen]);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="shortcuts-title"
      onClose={() => {
        isHelpOpen.value = false;
      }}
    >
      <div class="inside">
        <h2 id="shortcuts-title">Keys</h2>
        <dl class="keys">
          {KEYS.map(([keys, what]) => (
            <div key={what} class="keys-row">
              <dt>{keys.map((key) => (key === '…' ? '…' : <kbd key={key}>{key}</kbd>))}</dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <label class="check">
          <input
            type="checkbox"
            checked={areOn.value}
            onChange={(event) => {
              areOn.value = event.currentTarget.checked;
              writeStored('shortcuts', areOn.value ? undefined : 'off');
            }}
          />
          Single keys do something
        </label>
        <div class="dialog-end">
          <button type="button" class="button is-main" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </div>
      </div>
    </dialog>
  );
}
