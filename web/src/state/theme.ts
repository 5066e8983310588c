import { signal } from '@preact/signals';
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
export const isDark = (): boolean => (theme.value === 'system' ? systemIsDark.value : theme.value === 'dark');

export function chooseTheme(next: Theme): void {
  if (next === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = next;
  writeStored('theme', next === 'system' ? undefined : next);
  theme.value = next;
}
