import { useSignal } from '@preact/signals';
import { href } from '../address.ts';
import { fetchWatchlist } from '../api/fetchers.ts';
import type { WatchlistRow } from '../api/wire.ts';
import { compact, day, dayRange, percent, price } from '../format.ts';
import { Icon } from '../parts/icon.tsx';
import { LoadError, SkeletonLines } from '../parts/messages.tsx';
import { Sparkline } from '../parts/sparkline.tsx';
import { SymbolSearch } from '../parts/symbol-search.tsx';
import { useResource } from '../state/resource.ts';
import {
  addedSymbols,
  addToWatchlist,
  removeFromWatchlist,
  saveWatchlist,
  WATCHLIST_MAX,
  watchlist,
} from '../state/watchlist.ts';
import { directionClass } from './movers.tsx';
import { nextSorting, type Sorting, type SortKey, sorted } from './sort.ts';

/** The user's watchlist. Until it is first changed, it suggests the most active symbols of the session. */
export function Watchlist({
  suggested: mostActive,
  session,
}: {
  readonly suggested: readonly string[] | undefined;
  /** The session shown beside it; undefined for the newest. */
  readonly session: string | undefined;
}) {
  const own = watchlist.value;
  const suggested = mostActive === undefined ? undefined : [...new Set([...mostActive, ...addedSymbols.value])];
  const symbols = own ?? suggested;
  const key =
    symbols === undefined || symbols.length === 0 ? undefined : `watchlist ${session ?? 'last'} ${symbols.join(',')}`;
  const { data, error, isStale, retry } = useResource(key, (signal) => fetchWatchlist(symbols ?? [], session, signal));
  const rows = data?.results.filter((row) => symbols?.includes(row.symbol)) ?? [];
  return (
    <section class="card watchlist" aria-labelledby="watchlist-title">
      <header>
        <h2 id="watchlist-title">Watchlist</h2>
        <span class="muted small">
          {own === undefined ? 'Suggested: most active' : `${own.length} of ${WATCHLIST_MAX}`}
          {data === undefined || isStale ? '' : ` · ${day(data.session)}`}
        </span>
      </header>
      <div class="body watchlist-add">
        <SymbolSearch
          label="Add a symbol to the watchlist"
          placeholder="Add by symbol or name"
          hrefOf={(symbol) => href('chart', { symbol })}
          onSelect={(symbol) => {
            if (own === undefined) saveWatchlist([...(suggested ?? []).filter((item) => item !== symbol), symbol]);
            else addToWatchlist(symbol);
          }}
        />
      </div>
      {error !== undefined && (data === undefined || error.status !== 0) ? (
        <LoadError error={error} title="Couldn't load watchlist" onRetry={retry} />
      ) : symbols?.length === 0 ? (
        <p class="empty">Your watchlist is empty. Add a symbol above.</p>
      ) : data === undefined ? (
        <SkeletonLines lines={8} label="Loading watchlist" />
      ) : (
        <div class={isStale || error !== undefined ? 'is-dim' : ''}>
          <Table
            rows={rows}
            session={data.session}
            unknown={data.unknown.filter((symbol) => symbols?.includes(symbol))}
            suggested={suggested}
          />
        </div>
      )}
    </section>
  );
}

const COLUMNS: readonly (readonly [SortKey, string])[] = [
  ['symbol', 'Symbol'],
  ['close', 'Close'],
  ['change_percent', 'Change'],
  ['volume', 'Volume'],
];

function Table({
  rows,
  session,
  unknown,
  suggested,
}: {
  readonly rows: readonly WatchlistRow[];
  readonly session: string;
  readonly unknown: readonly string[];
  readonly suggested: readonly string[] | undefined;
}) {
  const sorting = useSignal<Sorting | undefined>(undefined);
  const remove = (symbol: string): void => {
    if (watchlist.value === undefined) saveWatchlist((suggested ?? []).filter((item) => item !== symbol));
    else removeFromWatchlist(symbol);
  };
  return (
    <>
      <div class="table-frame">
        <table class="data is-fixed" data-part="watchlist" aria-labelledby="watchlist-title">
          <thead>
            <tr>
              {COLUMNS.map(([key, title]) => (
                <SortHeading
                  key={key}
                  title={title}
                  isEnd={key !== 'symbol'}
                  order={sorting.value?.key === key ? sorting.value : undefined}
                  onSort={() => {
                    sorting.value = nextSorting(sorting.value, key);
                  }}
                />
              ))}
              <th scope="col" class="spark-cell">
                <span>60 sessions</span>
              </th>
              <th scope="col" class="remove-cell">
                <span class="visually-hidden">Remove</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {sorted(rows, sorting.value).map((row) => (
              <tr key={row.symbol}>
                <th scope="row">
                  <a class="symbol-link" href={href('chart', { symbol: row.symbol })}>
                    {row.symbol}
                  </a>
                  <span class="name" title={row.name ?? undefined}>
                    {row.name ?? ''}
                  </span>
                  {row.last === session || row.last === null ? null : (
                    <span class="name">Last traded {day(row.last)}</span>
                  )}
                </th>
                <td class="end">{price(row.close)}</td>
                <td class={`end ${directionClass(row.change)}`}>{percent(row.change_percent)}</td>
                <td class="end">{compact(row.volume)}</td>
                <td class="spark-cell" title={dayRange(row.first, row.last)}>
                  <Sparkline values={row.closes} />
                </td>
                <td class="end remove-cell">
                  <button
                    type="button"
                    class="button is-icon is-quiet"
                    aria-label={`Remove ${row.symbol}`}
                    onClick={() => remove(row.symbol)}
                  >
                    <Icon name="close" />
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {unknown.map((symbol) => (
        <p key={symbol} class="empty">
          No data for "{symbol}".{' '}
          <button type="button" class="button" onClick={() => remove(symbol)}>
            Remove
          </button>
        </p>
      ))}
    </>
  );
}

function SortHeading({
  title,
  isEnd,
  order,
  onSort,
}: {
  readonly title: string;
  readonly isEnd: boolean;
  readonly order: Sorting | undefined;
  readonly onSort: () => void;
}) {
  const sort = order === undefined ? 'none' : order.isDescending ? 'descending' : 'ascending';
  const arrow = order === undefined ? '' : order.isDescending ? '↓' : '↑';
  return (
    <th scope="col" class={isEnd ? 'end' : ''} aria-sort={sort}>
      <button type="button" class="sort" onClick={onSort}>
        {title} <span aria-hidden="true">{arrow}</span>
      </button>
    </th>
  );
}
