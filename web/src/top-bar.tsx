import { navigate, PATHS, type ViewName } from './address.ts';
import { isOffline } from './api/client.ts';
import { day } from './format.ts';
import { Icon, type IconName } from './parts/icon.tsx';
import { SymbolSearch } from './parts/symbol-search.tsx';
import { status } from './state/status.ts';
import { setTheme, type Theme, theme } from './state/theme.ts';

const TABS: readonly (readonly [keyof typeof PATHS, string])[] = [
  ['chart', 'Chart'],
  ['market', 'Market'],
  ['pipeline', 'Pipeline'],
];

export function TopBar({
  view,
  hrefOfSymbol,
}: {
  readonly view: ViewName;
  /** URL of a symbol's chart, with the other settings of the present one. */
  readonly hrefOfSymbol: (symbol: string) => string;
}) {
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
                  <span class="visually-hidden"> open notices</span>
                </span>
              ) : null}
            </a>
          ))}
        </nav>
        <search class="top-search">
          <SymbolSearch
            label="Search by symbol or name"
            placeholder="Search by symbol or name"
            shortcut="/"
            hrefOf={hrefOfSymbol}
            onSelect={(symbol) => navigate(hrefOfSymbol(symbol))}
          />
        </search>
        <span class="spacer" />
        <div class="top-end">
          <StatusPill />
          <ThemeSwitch />
        </div>
      </div>
    </header>
  );
}

function StatusPill() {
  const current = status.value;
  const [dotClass, label] = isOffline.value
    ? ['is-bad', 'Disconnected']
    : current === undefined
      ? ['is-warn', 'Connecting…']
      : current.building !== null
        ? ['is-warn', 'Building…']
        : current.last_published === null
          ? ['is-warn', 'No data']
          : current.ready.ok
            ? ['', `Data through ${day(current.last_published)}`]
            : ['is-warn', `Out of date: ${day(current.last_published)}`];
  return (
    <span class="state-pill" data-part="state" title={label}>
      <i class={`dot ${dotClass}`} aria-hidden="true" />
      <span class="label">{label}</span>
    </span>
  );
}

const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };
const ICONS: Readonly<Record<Theme, IconName>> = { system: 'system', light: 'sun', dark: 'moon' };

function ThemeSwitch() {
  const current = theme.value;
  const label = `Theme: ${current}. Switch to ${NEXT[current]}`;
  return (
    <button
      type="button"
      class="button is-icon"
      aria-label={label}
      title={label}
      onClick={() => setTheme(NEXT[current])}
    >
      <Icon name={ICONS[current]} />
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
