import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { address, navigate, PATHS } from './address.ts';
import { readChart, writeChart } from './chart/chart-address.ts';
import { INTERVALS } from './chart/ranges.ts';
import { readLocal, writeLocal } from './state/local-storage.ts';

/** Single-key shortcuts. They can be turned off, for people who use speech input (WCAG 2.1.4). */

const isDialogOpen = signal(false);
const areEnabled = signal(readLocal('shortcuts') !== 'off');

export function openShortcuts(): void {
  isDialogOpen.value = true;
}

export function listenForShortcuts(): void {
  document.addEventListener('keydown', (event) => {
    if (!areEnabled.value || event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
    if (document.querySelector('dialog[open]') !== null) return;
    const target = event.target instanceof HTMLElement ? event.target : undefined;
    if (target?.matches('input:not([type="radio"], [type="checkbox"]), select, textarea') === true) return;
    if (runShortcut(event.key)) event.preventDefault();
  });
}

/** Returns whether the key is a shortcut in this view. */
function runShortcut(key: string): boolean {
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
    navigate(PATHS[view]);
    return true;
  }
  const interval = INTERVALS[Number(key) - 1];
  if (interval === undefined || address.value.view !== 'chart') return false;
  navigate(writeChart({ ...readChart(address.value.query), interval }));
  return true;
}

const SHORTCUTS: readonly (readonly [keys: readonly string[], action: string])[] = [
  [['/'], 'Search'],
  [['c', 'm', 'p'], 'Go to chart, market, pipeline'],
  [['1', '…', '7'], 'Chart interval: 1D, 3D, 5D, 8D, 13D, 21D, 34D'],
  [['←', '→'], 'On the chart: previous or next bar. Page Up and Page Down jump 20 bars; Home and End go to the ends'],
  [['Enter'], 'On the chart: show bar details'],
  [['↑', '↓', '←', '→'], 'On the calendar: move by session or by week'],
  [['?'], 'Show keyboard shortcuts'],
];

export function ShortcutsDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOpen = isDialogOpen.value;
  useEffect(() => {
    if (isOpen && dialog.current?.open === false) dialog.current.showModal();
  }, [isOpen]);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="shortcuts-title"
      onClose={() => {
        isDialogOpen.value = false;
      }}
    >
      <div class="inside">
        <h2 id="shortcuts-title">Keyboard shortcuts</h2>
        <dl class="keys">
          {SHORTCUTS.map(([keys, action]) => (
            <div key={action} class="keys-row">
              <dt>{keys.map((key) => (key === '…' ? '…' : <kbd key={key}>{key}</kbd>))}</dt>
              <dd>{action}</dd>
            </div>
          ))}
        </dl>
        <label class="check">
          <input
            type="checkbox"
            checked={areEnabled.value}
            onChange={(event) => {
              areEnabled.value = event.currentTarget.checked;
              writeLocal('shortcuts', areEnabled.value ? undefined : 'off');
            }}
          />
          Enable single-key shortcuts
        </label>
        <div class="dialog-end">
          <button type="button" class="button is-primary" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </div>
      </div>
    </dialog>
  );
}
