import { computed, effect, signal } from '@preact/signals';
import { readLocal, writeLocal } from './local-storage.ts';

export type Theme = 'system' | 'light' | 'dark';

const saved = readLocal('theme');
export const theme = signal<Theme>(saved === 'light' || saved === 'dark' ? saved : 'system');

const prefersDark = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(prefersDark.matches);
prefersDark.addEventListener('change', (event) => {
  systemIsDark.value = event.matches;
});

/** True while the dark theme is shown. The chart takes its colors from it. */
export const isDark = computed(() => (theme.value === 'system' ? systemIsDark.value : theme.value === 'dark'));

// The style sheet depends on this attribute, which `theme.js` set for the first paint.
effect(() => {
  document.documentElement.dataset['theme'] = isDark.value ? 'dark' : 'light';
});

export function setTheme(next: Theme): void {
  writeLocal('theme', next === 'system' ? undefined : next);
  theme.value = next;
}
