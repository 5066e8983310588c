import type { Bar, BarsResponse } from '../api/wire.ts';
import { firstSessionOf } from '../api/wire.ts';
import { capitalize, day, percent, price, signed } from '../format.ts';
import { FinalityBadge } from '../parts/finality-badge.tsx';
import { isWatched, toggleWatchlist } from '../state/watchlist.ts';
import type { ChartAddress } from './chart-address.ts';
import { ADJUST_LABELS, intervalLabel } from './descriptions.ts';

/** Symbol, name, and the last close against the one of the session before, whatever the chart's interval is. */
export function ChartHeading({
  chart,
  shown,
  quote,
  isLoading,
}: {
  readonly chart: ChartAddress;
  /** The bars on the chart; undefined while there are none of this symbol. */
  readonly shown: BarsResponse | undefined;
  /** The last two daily bars, adjusted for splits. */
  readonly quote: BarsResponse | undefined;
  readonly isLoading: boolean;
}) {
  const symbol = chart.symbol ?? shown?.symbol;
  return (
    <div class="heading">
      <div>
        <h1>
          {symbol ?? 'Chart'} <span class="heading-name">{(quote ?? shown)?.name ?? ''}</span>
        </h1>
        <p class="muted small">{subtitle(chart, shown)}</p>
      </div>
      {quote === undefined || symbol === undefined ? (
        isLoading && <div class="heading-price" />
      ) : (
        <Quote bars={quote.bars} symbol={symbol} />
      )}
    </div>
  );
}

function Quote({ bars, symbol }: { readonly bars: readonly Bar[]; readonly symbol: string }) {
  const last = bars.at(-1);
  const previous = bars.at(-2);
  if (last === undefined) return null;
  const [now, before] = [last.close, previous?.close ?? null];
  const change = now === null || before === null ? undefined : now - before;
  const direction = change === undefined || change === 0 ? 'muted' : change > 0 ? 'up' : 'down';
  return (
    <div class="heading-price number" data-part="quote">
      <span class="heading-close">{price(now)}</span>
      {change === undefined || before === null || previous === undefined ? null : (
        <span>
          <span class={direction}>
            {signed(change)} ({percent((change / before) * 100)})
          </span>{' '}
          <span class="heading-days muted small">
            {day(firstSessionOf(last))} vs. {day(firstSessionOf(previous))}
          </span>
        </span>
      )}
      <FinalityBadge finality={last.finality} />
      <button type="button" class="button" aria-pressed={isWatched(symbol)} onClick={() => toggleWatchlist(symbol)}>
        <span aria-hidden="true">{isWatched(symbol) ? '★' : '☆'}</span>{' '}
        <span class="watch-label">{isWatched(symbol) ? 'Watching' : 'Watch'}</span>
      </button>
    </div>
  );
}

/** `Daily bars, adjusted for splits, through 24 Nov 2026 · As of 1 Jun 2026`; a space while there is nothing to say. */
function subtitle({ asOf, at }: ChartAddress, response: BarsResponse | undefined): string {
  const parts: string[] = [];
  if (response !== undefined) {
    const { interval, adjust, last_published } = response;
    parts.push(`${capitalize(intervalLabel(interval))}, ${ADJUST_LABELS[adjust]}, through ${day(last_published)}`);
  }
  if (at !== undefined) parts.push(`The security that had this symbol on ${day(at)}`);
  if (asOf !== undefined) parts.push(`As known at the end of ${day(asOf)}`);
  return parts.join(' · ') || '\u00a0';
}
