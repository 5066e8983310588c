import type { ComponentChildren } from 'preact';
import { type ApiError, isOffline } from '../api/client.ts';
import { isKeyRequired } from '../state/access-key.ts';
import { Icon, type IconName } from './icon.tsx';

/** Placeholders for content that is loading, empty or failed to load. */

export function SkeletonLines({
  lines,
  label,
}: {
  readonly lines: number;
  /** Text for screen readers; undefined if the surrounding element has one. */
  readonly label?: string;
}) {
  return (
    <div class="skeleton-lines" role={label === undefined ? undefined : 'status'}>
      {label === undefined ? null : <span class="visually-hidden">{label}</span>}
      {Array.from({ length: lines }, (_, n) => (
        <div key={n} class="skeleton" />
      ))}
    </div>
  );
}

export function MessageBox({
  icon,
  title,
  isBad = false,
  isPage = false,
  children,
}: {
  readonly icon: IconName;
  readonly title: string;
  readonly isBad?: boolean;
  /** The message is the whole page, so its title is the main heading. */
  readonly isPage?: boolean;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class={isBad ? 'message-box is-bad' : 'message-box'} role={isBad ? 'alert' : undefined}>
      <Icon name={icon} />
      {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children}
    </div>
  );
}

/** A failed request: the server's message, what to do about it, and a button or link for what can help. */
export function LoadError({
  error,
  title,
  isPage = false,
  onRetry,
  wayOut,
}: {
  readonly error: ApiError;
  readonly title: string;
  readonly isPage?: boolean;
  readonly onRetry: () => void;
  /** Where the requested data is to be had. */
  readonly wayOut?: { readonly href: string; readonly label: string };
}) {
  return (
    <MessageBox icon="warning" title={title} isBad isPage={isPage}>
      <p>{sentence(error.message)}</p>
      <p class="small">
        {errorHint(error)}
        {error.requestId === undefined || error.status < 500 ? '' : ` Request ID: ${error.requestId}.`}
      </p>
      {error.status === 401 ? (
        <button
          type="button"
          class="button is-primary"
          onClick={() => {
            isKeyRequired.value = true;
          }}
        >
          Enter API key
        </button>
      ) : canRetryHelp(error) ? (
        <button type="button" class="button" onClick={onRetry}>
          Try again
        </button>
      ) : null}
      {wayOut === undefined || error.status === 401 ? null : (
        <a class="button is-primary" href={wayOut.href}>
          {wayOut.label}
        </a>
      )}
    </MessageBox>
  );
}

/** False for what the same request will meet again: it is wrong, not permitted, or asks for what is not there. */
function canRetryHelp({ status }: ApiError): boolean {
  return status < 400 || status >= 500 || status === 408 || status === 429;
}

/** Ends the text with a period unless it ends with punctuation already. */
export function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

export function errorHint({ status, code }: ApiError): string {
  if (code === 'unreachable') {
    return isOffline.value && !navigator.onLine
      ? 'This device is offline. The page reconnects automatically.'
      : 'It may have been stopped. Start it with npm start or ./condvest serve; the page reconnects automatically.';
  }
  if (code === 'symbol-unknown' || code === 'not-found')
    return 'Symbols are case-sensitive. Use the search box to find the right one.';
  if (code === 'lake-empty')
    return 'Run npm start to fill it with a simulated market, or ./condvest import to load your own files.';
  if (status === 401) return 'Enter a key to continue.';
  if (status === 403) return "Your API key doesn't permit this. Ask the server's operator for one that does.";
  if (status === 429) return 'You have reached the rate limit of your API key. Wait a moment, then try again.';
  if (status === 503) return 'The server is busy. Try again in a moment.';
  if (status >= 500) return 'See the server log for details.';
  return 'Change your selection.';
}
