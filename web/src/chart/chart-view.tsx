import { useEffect, useMemo } from 'preact/hooks';
import { address, navigate } from '../address.ts';
import type { ApiError } from '../api/client.ts';
import { fetchBars, fetchEvents, fetchMarket } from '../api/fetchers.ts';
import type { BarsResponse } from '../api/wire.ts';
import { day, dayRange, newYorkDate } from '../format.ts';
import { LoadError, MessageBox, SkeletonLines } from '../parts/messages.tsx';
import { readLocal, writeLocal } from '../state/local-storage.ts';
import { type Resource, useResource } from '../state/resource.ts';
import { status } from '../state/status.ts';
import { type BarsWindow, type BarsWindowRequest, useBarsWindow } from './bars-window.ts';
import { type ChartAddress, readChart, writeChart } from './chart-address.ts';
import { ChartHeading } from './chart-heading.tsx';
import { warmUpOf } from './indicators.ts';
import { LoadedChart } from './loaded-chart.tsx';
import { fittingInterval, type History, spanOf } from './ranges.ts';
import { Toolbar } from './toolbar.tsx';
import { UnknownSymbol } from './unknown-symbol.tsx';

export function ChartView() {
  const chart = readChart(address.value.query);
  const { symbol, asOf, at } = chart;
  useDefaultSymbol(chart);
  const quote = useQuote(chart);
  const history = quote.isStale ? undefined : (quote.data?.history ?? undefined);
  const isFitted = chart.range === 'all' && history !== undefined;
  const interval = isFitted ? fittingInterval(history, chart.interval, plotWidth()) : chart.interval;
  const shown: ChartAddress = { ...chart, interval };
  const bars = useBarsWindow(requestOf(shown, history));
  const events = useResource(symbol === undefined ? undefined : ['events', symbol, asOf, at].join(' '), (signal) =>
    fetchEvents({ symbol: symbol ?? '', asOf, at }, signal),
  );
  const change = (next: Partial<ChartAddress>): void => navigate(writeChart({ ...chart, ...next }));
  const window = isOfSecurity(bars.window, chart) ? bars.window : undefined;
  const error = bars.error ?? (window === undefined ? quote.error : undefined);
  return (
    <>
      <ChartHeading
        chart={chart}
        shown={window?.response}
        quote={quote.isStale ? undefined : quote.data}
        isLoading={error === undefined}
      />
      <Toolbar chart={chart} shownInterval={interval} onChange={change} />
      {window !== undefined && (error === undefined || error.status !== 404) ? (
        <LoadedChart
          chart={shown}
          span={spanOf(shown, history)}
          state={bars}
          window={window}
          history={history}
          events={events.isStale ? undefined : events.data}
        />
      ) : error === undefined ? (
        <ChartSkeleton />
      ) : (
        <div class="card">
          <ChartError
            chart={chart}
            error={error}
            onRetry={() => {
              quote.retry();
              bars.retry();
            }}
          />
        </div>
      )}
    </>
  );
}

function ChartError({
  chart,
  error,
  onRetry,
}: {
  readonly chart: ChartAddress;
  readonly error: ApiError;
  readonly onRetry: () => void;
}) {
  const { symbol, asOf } = chart;
  if (error.code === 'symbol-unknown' && symbol !== undefined) return <UnknownSymbol chart={chart} symbol={symbol} />;
  if (asOf !== undefined && AS_OF_ERRORS.has(error.code)) return <NoSuchState chart={chart} asOf={asOf} />;
  return <LoadError error={error} title="Couldn't load the chart" onRetry={onRetry} />;
}

const AS_OF_ERRORS: ReadonlySet<string> = new Set(['as-of-in-future', 'as-of-too-early', 'lake-as-of-too-old']);

function NoSuchState({ chart, asOf }: { readonly chart: ChartAddress; readonly asOf: string }) {
  const firstMs = status.value?.as_of_first_ms ?? undefined;
  return (
    <MessageBox icon="warning" title={`No data as of ${day(asOf)}`} isBad>
      <p>
        {firstMs === undefined
          ? 'The lake has no state of that day.'
          : `The lake can be read as of ${dayRange(newYorkDate(firstMs), newYorkDate())}.`}
      </p>
      <a class="button is-primary" href={writeChart({ ...chart, asOf: undefined })}>
        Back to now
      </a>
    </MessageBox>
  );
}

function ChartSkeleton() {
  return (
    <div class="chart-grid" role="status">
      <span class="visually-hidden">Loading chart</span>
      <div class="card chart-skeleton">
        <div class="skeleton" />
      </div>
      <div class="card bar-details">
        <SkeletonLines lines={12} />
      </div>
    </div>
  );
}

function requestOf(chart: ChartAddress, history: History | undefined): BarsWindowRequest | undefined {
  const { symbol, interval, adjust, asOf, at } = chart;
  const last = status.value?.last_published;
  // A named range counts back from the end of the history, and its length decides the interval.
  if (symbol === undefined || last == null || (chart.range !== undefined && history === undefined)) return undefined;
  return {
    query: { symbol, interval, adjust, asOf, at },
    span: spanOf(chart, history),
    warmUp: chart.indicators.reduce((most, indicator) => Math.max(most, warmUpOf(indicator)), 0),
    last,
  };
}

/** Bars at another interval or adjustment may stay in sight while others are loaded; another security's may not. */
function isOfSecurity(window: BarsWindow | undefined, { symbol, asOf, at }: ChartAddress): window is BarsWindow {
  return window?.query.symbol === symbol && window?.query.asOf === asOf && window?.query.at === at;
}

/** The last two daily bars, and from when to when there are bars. */
function useQuote({ symbol, asOf, at }: ChartAddress): Resource<BarsResponse> {
  const key = symbol === undefined ? undefined : ['quote', symbol, asOf, at].join(' ');
  return useResource(key, (signal) =>
    fetchBars({ symbol: symbol ?? '', interval: 1, adjust: 'split', asOf, at, limit: 2, history: true }, signal),
  );
}

const DETAILS_PX = 352;
const PRICE_AXIS_PX = 70;

/** Approximate width of the plot, which is not on the page before the bars are loaded. */
function plotWidth(): number {
  const width = document.querySelector('.toolbar')?.clientWidth ?? document.documentElement.clientWidth;
  return width - PRICE_AXIS_PX - (matchMedia('(max-width: 72rem)').matches ? 0 : DETAILS_PX);
}

/** Without a symbol in the URL, shows the last one viewed, or else the most active one of the last session. */
function useDefaultSymbol(chart: ChartAddress): void {
  const lastViewed = useMemo(() => readLocal('symbol'), []);
  const isNeeded = chart.symbol === undefined && lastViewed === undefined;
  const { data } = useResource(isNeeded ? 'default symbol' : undefined, (signal) => fetchMarket(undefined, signal));
  const symbol = lastViewed ?? data?.active[0]?.symbol;
  useEffect(() => {
    if (chart.symbol !== undefined) writeLocal('symbol', chart.symbol);
    else if (symbol !== undefined) navigate(writeChart({ ...chart, symbol }), { replace: true });
  }, [chart, symbol]);
}
