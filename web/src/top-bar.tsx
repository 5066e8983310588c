import { PATHS, type ViewName } from './address.ts';
import { isOffline } from './api/client.ts';
import { day } from './format.ts';
import { Icon, type IconName } from './parts/icon.tsx';
import { SymbolSearch } from './parts/symbol-search.tsx';
import { status } from './state/status.ts';
import { chooseTheme, type Theme, theme } from './state/theme.ts';

const TABS: readonly (readonly [keyof typeof PATHS, string])[] = [
  ['chart', 'Chart'],
  ['market', 'Market'],
  ['pipeline', 'Pipeline'],
];

export function TopBar({ view, onSymbol }: { readonly view: ViewName; readonly onSymbol: (symbol: string) => void }) {
  const notices = status.value?.notices_open ?? 0;
  return (
    <header class="top">
      <div class="top-row">
        <a class="brand" href={PATHS.chart} aria-label="Condvest">
          <Logo />
          <span class="word">Condvest</span>
        </a>
        <nav class="tabs" aria-label="Views">
          {TABS.map(([name, title]) => (
            <a key={name} href={PATHS[name]} aria-current={name === view ? 'page' : undefined}>
              {title}
              {name === 'pipeline' && notices > 0 ? (
                <span class="count" title="Open notices">
                  {notices}
                  <span class="unseen"> open notices</span>
                </span>
              ) : null}
            </a>
          ))}
        </nav>
        <search class="top-search">
          <SymbolSearch
            label="Search a symbol or name"
            placeholder="Search a symbol or name"
            shortcut="/"
            onChoose={onSymbol}
          />
        </search>
        <span class="spacer" />
        <div class="top-end">
          <StatePill />
          <ThemeSwitch />
        </div>
      </div>
    </header>
  );
}

function StatePill() {
  const now = status.value;
  const [look, words] = isOffline.value
    ? ['is-bad', 'No answer']
    : now === undefined
      ? ['is-warn', 'Connecting']
      : now.building !== null
        ? ['is-warn', 'Being built']
        : now.last_published === null
          ? ['is-warn', 'Empty']
          : now.ready.ok
            ? ['', `Up to ${day(now.last_published)}`]
            : ['is-warn', `Old: ${day(now.last_published)}`];
  return (
    <span class="state-pill" data-part="state" title={words}>
      <i class={`dot ${look}`} aria-hidden="true" />
      <span class="words">{words}</span>
    </span>
  );
}

const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };
const ICONS: Readonly<Record<Theme, IconName>> = { system: 'system', light: 'sun', dark: 'moon' };
const NAMES: Readonly<Record<Theme, string>> = { system: 'as the system', light: 'light', dark: 'dark' };

function ThemeSwitch() {
  const now = theme.value;
  const label = `Theme: ${NAMES[now]}. Switch to ${NAMES[NEXT[now]]}`;
  return (
    <button
      type="button"
      class="button is-icon"
      aria-label={label}
      title={label}
      onClick={() => chooseTheme(NEXT[now])}
    >
      <Icon name={ICONS[now]} />
    </button>
  );
}

function Logo() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" class="logo">
      <rect width="32" height="32" rx="7" />
      <path d="M9 8v16M16 5v20M23 11v15" />
      <path class="bodies" d="M6.500 12h5v8h-5zM20.500 14h5v8h-5z" />
      <path class="middle" d="M13.500 8h5v12h-5z" />
    </svg>
  );
}
