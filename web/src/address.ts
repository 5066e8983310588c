import { signal } from '@preact/signals';

/** Routing: the URL holds the whole view, so that it can be reloaded, shared and navigated with the back button. */

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

/** URL of a view with the query parameters that have a value. */
export function href(
  view: Exclude<ViewName, 'unknown'>,
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') search.set(name, value);
  // Commas need no escaping in a query, and lists are easier to read without it.
  const text = search.toString().replaceAll('%2C', ',');
  return text === '' ? PATHS[view] : `${PATHS[view]}?${text}`;
}

export const address = signal<Address>({ view: 'chart', query: new URLSearchParams() });

export function startRouter(): void {
  const read = (): void => {
    address.value = parseAddress(location.pathname, location.search);
  };
  addEventListener('popstate', read);
  document.addEventListener('click', onLinkClick);
  read();
}

export function navigate(to: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  if (to === location.pathname + location.search) return;
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  const { pathname, search } = new URL(to, location.href);
  const previous = address.peek().view;
  address.value = parseAddress(pathname, search);
  if (address.peek().view !== previous) scrollTo(0, 0);
}

/** True for clicks that open a tab or a window, or save the link. */
export function isForBrowser({ button, metaKey, ctrlKey, shiftKey, altKey }: MouseEvent): boolean {
  return button !== 0 || metaKey || ctrlKey || shiftKey || altKey;
}

/** Handles plain clicks on internal links without a page load. */
function onLinkClick(event: MouseEvent): void {
  if (event.defaultPrevented || isForBrowser(event)) return;
  const link = (event.target as Element | null)?.closest('a[href]');
  if (!(link instanceof HTMLAnchorElement) || link.target !== '' || link.origin !== location.origin) return;
  if (parseAddress(link.pathname, '').view === 'unknown' || link.hash !== '') return;
  event.preventDefault();
  navigate(link.pathname + link.search);
}
