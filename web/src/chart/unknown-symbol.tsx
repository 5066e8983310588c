import { useEffect } from 'preact/hooks';
import { navigate } from '../address.ts';
import { fetchSymbols } from '../api/fetchers.ts';
import { day } from '../format.ts';
import { MessageBox, SkeletonLines } from '../parts/messages.tsx';
import { useResource } from '../state/resource.ts';
import { type ChartAddress, writeChart } from './chart-address.ts';

const SUGGESTIONS_MAX = 5;

/**
 * Shown for a symbol without bars: suggests symbols like it. Goes on to the one that differs only by case if there is
 * just one, since nothing else can be meant.
 */
export function UnknownSymbol({ chart, symbol }: { readonly chart: ChartAddress; readonly symbol: string }) {
  const { data, error } = useResource(`symbols like ${symbol}`, (signal) => fetchSymbols(symbol, signal));
  const found = data?.results ?? [];
  const alike = found.filter((match) => match.symbol.toLowerCase() === symbol.toLowerCase());
  const [only] = alike.length === 1 ? alike : [];
  const isElsewhen = found.some((match) => match.symbol === symbol);
  useEffect(() => {
    if (only !== undefined && !isElsewhen) navigate(writeChart({ ...chart, symbol: only.symbol }), { replace: true });
  }, [only?.symbol, isElsewhen]);

  if (data === undefined && error === undefined) return <SkeletonLines lines={4} label="Looking for similar symbols" />;
  if (isElsewhen && chart.asOf !== undefined) {
    return (
      <MessageBox icon="chart" title={`No data for "${symbol}" on that date`}>
        <p>
          As of {day(chart.asOf)}, the lake had no bars of {symbol}.
        </p>
        <a class="button is-primary" href={writeChart({ ...chart, asOf: undefined })}>
          Back to now
        </a>
      </MessageBox>
    );
  }
  const suggested = found.filter((match) => match.symbol !== symbol).slice(0, SUGGESTIONS_MAX);
  return (
    <MessageBox icon="search" title={`No data for "${symbol}"`} isBad>
      {suggested.length === 0 ? (
        <p>The lake has no symbol or name like it. Search for another one.</p>
      ) : (
        <>
          <p>Did you mean one of these? Symbols are case-sensitive.</p>
          <ul class="suggestions">
            {suggested.map((match) => (
              <li key={match.symbol}>
                <a class="symbol-link" href={writeChart({ ...chart, symbol: match.symbol })}>
                  {match.symbol}
                </a>{' '}
                <span class="muted">{match.name ?? ''}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </MessageBox>
  );
}
