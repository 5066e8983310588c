import { href } from './address.ts';
import { isOffline } from './api/client.ts';
import { capital } from './format.ts';
import { sentence } from './parts/placeholders.tsx';
import { askNow, status } from './state/status.ts';

/** What holds for every view and must not be missed. */
export function Banners() {
  const now = status.value;
  const isStale = now !== undefined && !now.ready.ok && now.building === null && now.last_published !== null;
  return (
    <>
      {now?.simulated === true ? (
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
              <b>{navigator.onLine ? 'The server does not answer.' : 'You are offline.'}</b> What you see may be old;
              the page goes on by itself.
              <button type="button" class="button" onClick={askNow}>
                Try now
              </button>
            </p>
          </div>
        ) : null}
        {isStale ? (
          <div class="banner is-warn" data-part="stale">
            <p class="banner-inner">
              <b>The data is not up to date.</b> {sentence(capital(now.ready.reason ?? 'The server gives no reason'))}{' '}
              <a href={href('pipeline')}>See the pipeline</a>
            </p>
          </div>
        ) : null}
      </div>
    </>
  );
}
