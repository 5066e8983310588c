import type { ComponentChildren } from 'preact';
import { type ApiError, isOffline } from '../api/client.ts';
import { isKeyWanted } from '../state/access-key.ts';
import { Icon, type IconName } from './icon.tsx';

/** What is shown where the content is not there: yet, at all, or because something failed. */

export function SkeletonLines({
  lines,
  label,
}: {
  readonly lines: number;
  /** What is being loaded; undefined where something around it says so. */
  readonly label?: string;
}) {
  return (
    <div class="skeleton-lines" role={label === undefined ? undefined : 'status'}>
      {label === undefined ? null : <span class="unseen">{label}</span>}
      {Array.from({ length: lines }, (_, n) => (
        <div key={n} class="skeleton" />
      ))}
    </div>
  );
}

export function NoticeBox({
  icon,
  title,
  isBad = false,
  isPage = false,
  children,
}: {
  readonly icon: IconName;
  readonly title: string;
  readonly isBad?: boolean;
  /** Nothing else is on the page. */
  readonly isPage?: boolean;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class={isBad ? 'notice-box is-bad' : 'notice-box'} role={isBad ? 'alert' : undefined}>
      <Icon name={icon} />
      {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children}
    </div>
  );
}

/** A failure in the server's own words, what can be done about it, and a way to try again. */
export function Failure({
  error,
  title,
  isPage = false,
  onRetry,
}: {
  readonly error: ApiError;
  readonly title: string;
  readonly isPage?: boolean;
  readonly onRetry: () => void;
}) {
  return (
    <NoticeBox icon="warning" title={title} isBad isPage={isPage}>
      <p>{sentence(error.message)}</p>
      <p class="small">
        {adviceFor(error)}
        {error.requestId === undefined || error.status < 500 ? '' : ` Request ${error.requestId}.`}
      </p>
      {error.status === 401 ? (
        <button
          type="button"
          class="button is-main"
          onClick={() => {
            isKeyWanted.value = true;
          }}
        >
          Enter a key
        </button>
      ) : (
        <button type="button" class="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </NoticeBox>
  );
}

export function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

export function adviceFor({ status, code }: ApiError): string {
  if (code === 'unreachable') {
    return isOffline.value && !navigator.onLine
      ? 'This device is offline. The page goes on by itself when it is back.'
      : 'It may have been stopped: start it with npm start, or ./condvest serve. The page goes on by itself then.';
  }
  if (code === 'symbol-unknown' || code === 'not-found')
    return 'Look it up with the search box: symbols tell capitals from small letters.';
  if (code === 'lake-empty')
    return 'Fill the lake first: npm start makes a simulated one, ./condvest import takes your files.';
  if (status === 401) return 'This server wants a key. Whoever runs it makes one with ./condvest keys create.';
  if (status === 403) return 'Your key does not allow this. Whoever runs the server can make one that does.';
  if (status === 429) return 'Too many requests for this key. Wait a little.';
  if (status === 503) return 'The server is busy. Try again in a moment.';
  if (status >= 500) return 'The log of the server says more.';
  return 'Change what was asked for, or try again.';
}
