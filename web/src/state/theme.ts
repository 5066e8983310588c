import { computed, effect, signal } from '@preact/signals';
import { readStored, writeStored } from './stored.ts';

export type Theme = 'system' | 'light' | 'dark';

const stored = readStored('theme');
export const theme = signal<Theme>(stored === 'light' || stored === 'dark' ? stored : 'system');

const prefersDark = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(prefersDark.matches);
prefersDark.addEventListener('change', (event) => {
  systemIsDark.value = event.matches;
});

/** What is shown now: the chart paints by it. */
export const isDark = computed(() => (theme.value === 'system' ? systemIsDark.value : theme.value === 'dark'));

// The style sheet goes by the attribute, which `theme.js` has set for the first paint.
effect(() => {
  document.documentElement.dataset['theme'] = isDark.value ? 'dark' : 'light';
});

export function chooseTheme(next: Theme): void {
  writeStored('theme', next === 'system' ? undefined : next);
  theme.value = next;
}
