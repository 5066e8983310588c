import { address, href, navigate } from '../address.ts';
import { fetchMarket } from '../api/fetchers.ts';
import type { MarketResponse } from '../api/wire.ts';
import { weekdayAndDay } from '../format.ts';
import { Icon } from '../parts/icon.tsx';
import { LoadError, SkeletonLines } from '../parts/messages.tsx';
import { useResource } from '../state/resource.ts';
import { status } from '../state/status.ts';
import { Breadth } from './breadth.tsx';
import { Movers } from './movers.tsx';
import { Watchlist } from './watchlist.tsx';

const DATE = /^\d{4}-\d{2}-\d{2}$/;

export function MarketView() {
  const parameter = address.value.query.get('session') ?? '';
  const session = DATE.test(parameter) ? parameter : undefined;
  const { data, error, isStale, retry } = useResource(`market ${session ?? 'last'}`, (signal) =>
    fetchMarket(session, signal),
  );
  // The suggested watchlist does not depend on the requested session: if that one fails, the latest supplies it.
  const hasNoSession = error !== undefined && data === undefined && session !== undefined;
  const latest = useResource(hasNoSession ? 'market last' : undefined, (signal) => fetchMarket(undefined, signal));
  // While the server is unreachable, the last session stays in sight, dimmed, with its date.
  const isShown = data !== undefined && (error === undefined || error.status === 0);
  const showSession = (next: string | undefined): void => navigate(href('market', { session: next }));
  return (
    <>
      <div class="heading">
        <div>
          <h1>Market</h1>
          <p class="muted small">
            {!isShown
              ? 'One session, all symbols'
              : `${weekdayAndDay(data.session)}, compared with the previous session`}
          </p>
        </div>
        <SessionPicker
          session={isShown ? data?.session : session}
          previous={isShown ? (data?.previous ?? undefined) : undefined}
          next={isShown ? (data?.next ?? undefined) : undefined}
          onShow={showSession}
        />
      </div>
      <div class="market-grid">
        <div class="market-main">
          {error !== undefined && !isShown ? (
            <div class="card">
              <LoadError
                error={error}
                title="Couldn't load this session"
                onRetry={retry}
                {...(session === undefined ? {} : { wayOut: { href: href('market'), label: 'Latest session' } })}
              />
            </div>
          ) : (
            <div class={data !== undefined && (isStale || error !== undefined) ? 'is-dim' : ''}>
              <Session data={data} />
            </div>
          )}
        </div>
        <Watchlist
          suggested={(data ?? latest.data)?.active.slice(0, 8).map((mover) => mover.symbol)}
          session={hasNoSession ? undefined : session}
        />
      </div>
    </>
  );
}

function Session({ data }: { readonly data: MarketResponse | undefined }) {
  if (data === undefined) {
    return (
      <div role="status">
        <span class="visually-hidden">Loading session</span>
        <div class="card">
          <SkeletonLines lines={5} />
        </div>
        <div class="movers-grid">
          {['Gainers', 'Losers', 'Most active'].map((name) => (
            <div key={name} class="card">
              <SkeletonLines lines={20} />
            </div>
          ))}
        </div>
      </div>
    );
  }
  return (
    <>
      <Breadth market={data} />
      <div class="movers-grid">
        <Movers title="Gainers" movers={data.gainers} />
        <Movers title="Losers" movers={data.losers} />
        <Movers title="Most active" movers={data.active} isByVolume />
      </div>
    </>
  );
}

function SessionPicker({
  session,
  previous,
  next,
  onShow,
}: {
  readonly session: string | undefined;
  readonly previous: string | undefined;
  readonly next: string | undefined;
  readonly onShow: (session: string | undefined) => void;
}) {
  const last = status.value?.last_published ?? undefined;
  const first = status.value?.lake.first ?? undefined;
  const isLast = session === undefined || session === last;
  return (
    <div class="session-picker">
      <button
        type="button"
        class="button is-icon"
        aria-label="Previous session"
        disabled={previous === undefined}
        onClick={() => onShow(previous)}
      >
        <Icon name="left" />
      </button>
      <label>
        <span class="visually-hidden">Session</span>
        <input
          class="field"
          type="date"
          value={session ?? ''}
          min={first}
          max={last}
          onChange={(event) => onShow(event.currentTarget.value || undefined)}
        />
      </label>
      <button
        type="button"
        class="button is-icon"
        aria-label="Next session"
        disabled={next === undefined}
        onClick={() => onShow(next)}
      >
        <Icon name="right" />
      </button>
      <button type="button" class="button" disabled={isLast} onClick={() => onShow(undefined)}>
        Latest
      </button>
    </div>
  );
}
