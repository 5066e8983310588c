import { href } from './address.ts';
import { isOffline } from './api/client.ts';
import { capitalize } from './format.ts';
import { sentence } from './parts/messages.tsx';
import { refreshStatus, status } from './state/status.ts';

/** Warnings that apply to every view. */
export function Banners() {
  const current = status.value;
  const isStale =
    current !== undefined && !current.ready.ok && current.building === null && current.last_published !== null;
  return (
    <>
      {current?.simulated === true ? (
        <div class="banner is-note" data-part="simulated">
          <p class="banner-inner">
            <b>Simulated data.</b> Securities and prices are made up.
          </p>
        </div>
      ) : null}
      <div role="status">
        {isOffline.value ? (
          <div class="banner is-bad" data-part="offline">
            <p class="banner-inner">
              <b>{navigator.onLine ? 'Disconnected from the server.' : "You're offline."}</b> The data on this page may
              be out of date. Reconnecting…
              <button type="button" class="button" onClick={refreshStatus}>
                Retry now
              </button>
            </p>
          </div>
        ) : null}
        {isStale ? (
          <div class="banner is-warn" data-part="stale">
            <p class="banner-inner">
              <b>The data is out of date.</b>{' '}
              {sentence(capitalize(current.ready.reason ?? 'The server gave no reason'))}{' '}
              <a href={href('pipeline')}>View pipeline</a>
            </p>
          </div>
        ) : null}
      </div>
    </>
  );
}
