import { signal } from '@preact/signals';

/** The address bar holds the view: what is shown can be reloaded, sent to somebody, and left by the back button. */

export type ViewName = 'chart' | 'market' | 'pipeline' | 'unknown';

export interface Address {
  readonly view: ViewName;
  readonly query: URLSearchParams;
}

const VIEWS: Readonly<Record<string, ViewName>> = { '/': 'chart', '/market': 'market', '/pipeline': 'pipeline' };
export const PATHS = { chart: '/', market: '/market', pipeline: '/pipeline' } as const;

export function parseAddress(pathname: string, search: string): Address {
  const path = pathname.length > 1 ? pathname.replace(/\/+$/, '') : pathname;
  return { view: VIEWS[path] ?? 'unknown', query: new URLSearchParams(search) };
}

/** A view's address with the values that are not its defaults. */
export function href(
  view: Exclude<ViewName, 'unknown'>,
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') search.set(name, value);
  // Commas need no escape in a query, and lists are easier to read without.
  const text = search.toString().replaceAll('%2C', ',');
  return text === '' ? PATHS[view] : `${PATHS[view]}?${text}`;
}

export const address = signal<Address>({ view: 'chart', query: new URLSearchParams() });

export function followAddress(): void {
  const read = (): void => {
    address.value = parseAddress(location.pathname, location.search);
  };
  addEventListener('popstate', read);
  document.addEventListener('click', onLink);
  read();
}

export function go(to: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  if (to === location.pathname + location.search) return;
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  const { pathname, search } = new URL(to, location.href);
  const before = address.peek().view;
  address.value = parseAddress(pathname, search);
  if (address.peek().view !== before) scrollTo(0, 0);
}

/** Links inside the page are ordinary ones: opened in another tab they load, clicked they only change the view. */
function onLink(event: MouseEvent): void {
  if (
    event.defaultPrevented ||
    event.button !== 0 ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey ||
    event.altKey
  ) {
    return;
  }
  const link = (event.target as Element | null)?.closest('a[href]');
  if (!(link instanceof HTMLAnchorElement) || link.target !== '' || link.origin !== location.origin) return;
  if (parseAddress(link.pathname, '').view === 'unknown' || link.hash !== '') return;
  event.preventDefault();
  go(link.pathname + link.search);
}
