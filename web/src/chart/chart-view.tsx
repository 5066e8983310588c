import { useSignal } from '@preact/signals';
import { useCallback, useEffect, useMemo, useRef } from 'preact/hooks';
import { address, navigate } from '../address.ts';
import { type BarsQuery, barsUrl, fetchBars, fetchEvents, fetchMarket } from '../api/fetchers.ts';
import { type Bar, type BarsResponse, type EventsResponse, firstSessionOf } from '../api/wire.ts';
import { capitalize, day, percent, plural, price, signed } from '../format.ts';
import { FinalityBadge } from '../parts/finality-badge.tsx';
import { LoadError, MessageBox, SkeletonLines } from '../parts/messages.tsx';
import { readLocal, writeLocal } from '../state/local-storage.ts';
import { type Resource, useResource } from '../state/resource.ts';
import { toggleWatchlist, watchlist } from '../state/watchlist.ts';
import { BarDetails } from './bar-details.tsx';
import { BarsTable } from './bars-table.tsx';
import { type ChartAddress, readChart, writeChart } from './chart-address.ts';
import type { ChartData, PlottedBar } from './chart-canvas.ts';
import { ADJUST_LABELS, intervalLabel, openWindowNote, summarize } from './descriptions.ts';
import { type EventMark, marksOf } from './event-marks.ts';
import { computeIndicators, formatIndicator } from './indicators.ts';
import { Legend } from './legend.tsx';
import { isDense } from './markers.ts';
import { PriceChart } from './price-chart.tsx';
import { Toolbar } from './toolbar.tsx';
import { UnknownSymbol } from './unknown-symbol.tsx';

/** Most bars on one chart: twenty years of daily bars. */
const BARS_MAX = 5000;
/** Delay after the last movement before the visible range is written to the URL. */
const RANGE_DELAY_MS = 300;

export function ChartView() {
  const chart = readChart(address.value.query);
  const { symbol, interval, adjust, asOf } = chart;
  useDefaultSymbol(chart);
  const bars = useResource(
    symbol === undefined ? undefined : ['bars', symbol, interval, adjust, asOf].join(' '),
    (signal) => fetchBars(barsQueryOf(chart, symbol ?? ''), signal),
  );
  const events = useResource(symbol === undefined ? undefined : ['events', symbol, asOf].join(' '), (signal) =>
    fetchEvents(symbol ?? '', asOf, signal),
  );
  const change = (next: Partial<ChartAddress>): void => navigate(writeChart({ ...chart, ...next }));

  const response = bars.data;
  const rows: readonly Bar[] = response?.bars ?? [];
  const isOther = bars.isStale && (response === undefined || response.symbol !== symbol || bars.error !== undefined);
  return (
    <>
      <Heading chart={chart} response={isOther ? undefined : response} isLoading={bars.error === undefined} />
      <Toolbar
        chart={chart}
        first={rows[0] === undefined ? undefined : firstSessionOf(rows[0])}
        last={response?.last_published}
        onChange={change}
      />
      {bars.error?.code === 'symbol-unknown' && symbol !== undefined ? (
        <div class="card">
          <UnknownSymbol chart={chart} symbol={symbol} />
        </div>
      ) : bars.error !== undefined ? (
        <div class="card">
          <LoadError error={bars.error} title="Couldn't load the chart" onRetry={bars.retry} />
        </div>
      ) : response === undefined || isOther ? (
        <div class="chart-grid" role="status">
          <span class="visually-hidden">Loading chart</span>
          <div class="card chart-skeleton">
            <div class="skeleton" />
          </div>
          <div class="card bar-details">
            <SkeletonLines lines={12} />
          </div>
        </div>
      ) : rows.length === 0 ? (
        <div class="card">
          <MessageBox icon="chart" title="No bars to show">
            <p>
              {response.symbol} has no bars through {day(response.last_published)}
              {asOf === undefined ? '' : `, as of ${day(asOf)}`}.
            </p>
          </MessageBox>
        </div>
      ) : (
        <Loaded chart={chart} bars={bars} response={response} events={events.data} />
      )}
    </>
  );
}

function Heading({
  chart,
  response,
  isLoading,
}: {
  readonly chart: ChartAddress;
  readonly response: BarsResponse | undefined;
  readonly isLoading: boolean;
}) {
  const bars: readonly Bar[] = response?.bars ?? [];
  const last = response === undefined ? undefined : bars.at(-1);
  const previous = bars.at(-2)?.close ?? null;
  const change = last === undefined || last.close === null || previous === null ? undefined : last.close - previous;
  const direction = change === undefined || change === 0 ? 'muted' : change > 0 ? 'up' : 'down';
  const symbol = response?.symbol ?? chart.symbol;
  const isWatched = symbol !== undefined && (watchlist.value ?? []).includes(symbol);
  return (
    <div class="heading">
      <div>
        <h1>
          {symbol ?? 'Chart'} <span class="heading-name">{response?.name ?? ''}</span>
        </h1>
        <p class="muted small">{subtitle(chart, response)}</p>
      </div>
      {last === undefined || response === undefined ? (
        isLoading && <div class="heading-price" />
      ) : (
        <div class="heading-price number">
          <span class="heading-close">{price(last.close)}</span>
          <span class={direction}>
            {signed(change)} (
            {percent(change === undefined || previous === null ? undefined : (change / previous) * 100)})
          </span>
          <FinalityBadge finality={last.finality} />
          <button
            type="button"
            class="button"
            aria-pressed={isWatched}
            onClick={() => symbol !== undefined && toggleWatchlist(symbol)}
          >
            <span aria-hidden="true">{isWatched ? '★' : '☆'}</span>{' '}
            <span class="watch-label">{isWatched ? 'Watching' : 'Watch'}</span>
          </button>
        </div>
      )}
    </div>
  );
}

/** `Daily bars, adjusted for splits, through 24 Nov 2026 · As of 1 Jun 2026`; a space while there is nothing to say. */
function subtitle({ asOf }: ChartAddress, response: BarsResponse | undefined): string {
  const parts: string[] = [];
  if (response !== undefined) {
    const { interval, adjust, last_published } = response;
    parts.push(`${capitalize(intervalLabel(interval))}, ${ADJUST_LABELS[adjust]}, through ${day(last_published)}`);
  }
  if (asOf !== undefined) parts.push(`As of ${day(asOf)}`);
  return parts.join(' · ') || '\u00a0';
}

function Loaded({
  chart,
  bars,
  response,
  events,
}: {
  readonly chart: ChartAddress;
  readonly bars: Resource<BarsResponse>;
  readonly response: BarsResponse;
  readonly events: EventsResponse | undefined;
}) {
  const rows: readonly Bar[] = response.bars;
  const hovered = useSignal<number | undefined>(undefined);
  const selected = useSignal<number | undefined>(undefined);
  const plotted = useSignal<readonly PlottedBar[]>([]);
  const indicatorKey = chart.indicators.map(formatIndicator).join(',');

  // `indicatorKey` stands for the indicators, which are parsed again on each render.
  const data = useMemo((): ChartData => {
    const closes = rows.map((bar) => bar.close);
    const marks: EventMark[] = events === undefined ? [] : marksOf(rows, events);
    return {
      key: `${response.symbol} ${response.interval}`,
      bars: rows,
      marks,
      indicators: computeIndicators(chart.indicators, closes),
    };
  }, [response, events, indicatorKey]);
  const summary = useMemo(() => summarize(response), [response]);
  const visibleRange = useMemo(() => ({ from: chart.from, to: chart.to }), [chart.from, chart.to]);

  // Bar indexes belong to one response.
  useEffect(() => {
    hovered.value = undefined;
    selected.value = undefined;
  }, [response]);

  const onRangeChange = useRangeInAddress(chart);
  const onPlotted = useCallback(
    (next: readonly PlottedBar[]) => {
      plotted.value = next;
    },
    [plotted],
  );

  const lastBar = rows.at(-1);
  const detailBar = rows[selected.value ?? rows.length - 1];
  return (
    <div class="chart-grid">
      <section
        class={`card chart-card${bars.isStale ? ' is-dim' : ''}`}
        aria-label="Price chart"
        aria-busy={bars.isLoading}
      >
        <Legend
          bars={rows}
          at={Math.min(hovered.value ?? selected.value ?? rows.length - 1, rows.length - 1)}
          indicators={data.indicators}
          marks={data.marks}
        />
        <PriceChart
          data={data}
          visibleRange={visibleRange}
          isLogarithmic={chart.isLogarithmic}
          label={`${response.symbol} chart, ${intervalLabel(response.interval)}`}
          summary={summary}
          hovered={hovered.value}
          selected={selected.value}
          onHover={(bar) => {
            hovered.value = bar;
          }}
          onSelect={(bar) => {
            selected.value = bar;
            hovered.value = undefined;
          }}
          onRangeChange={onRangeChange}
          onPlotted={onPlotted}
        />
        <ChartNotes response={response} last={lastBar} marks={data.marks} />
      </section>
      {detailBar === undefined ? null : (
        <BarDetails
          chart={chart}
          symbol={response.symbol}
          bar={detailBar}
          lastPublished={response.last_published}
          versions={response.versions}
        />
      )}
      <BarsTable
        plotted={plotted.value}
        bars={rows}
        fileName={`${response.symbol}-${response.interval}d-${response.adjust}.csv`}
        url={barsUrl(barsQueryOf(chart, response.symbol))}
      />
    </div>
  );
}

function barsQueryOf({ interval, adjust, asOf }: ChartAddress, symbol: string): BarsQuery {
  return { symbol, interval, adjust, asOf, limit: BARS_MAX };
}

function ChartNotes({
  response,
  last,
  marks,
}: {
  readonly response: BarsResponse;
  readonly last: Bar | undefined;
  readonly marks: readonly EventMark[];
}) {
  const open = last === undefined ? '' : openWindowNote(last);
  const names = [...new Set(response.segments.map((segment) => segment.symbol))];
  return (
    <ul class="chart-notes small muted">
      {open === '' ? null : (
        <li data-part="open-window">
          <span class="hollow" aria-hidden="true" /> {open}
        </li>
      )}
      {marks.some(({ kind }) => kind === 'split') ? (
        <li>
          <span class="mark-split">S</span> Split
        </li>
      ) : null}
      {marks.some(({ kind }) => kind === 'dividend') ? (
        <li>
          <span class="mark-dividend">{isDense(response.bars, marks) ? '●' : 'D'}</span> Dividend (ex-date)
        </li>
      ) : null}
      {names.length > 1 ? <li>Traded as {names.join(', then ')}</li> : null}
      {response.held.length > 0 ? <li>{plural(response.held.length, 'event')} held back; see bar details</li> : null}
      {response.bars.length >= BARS_MAX ? <li>Showing the newest {plural(BARS_MAX, 'bar')}</li> : null}
    </ul>
  );
}

/** Writes the visible range to the URL once the user stops moving the chart, without a new history entry. */
function useRangeInAddress(chart: ChartAddress): (from: string, to: string) => void {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const latest = useRef(chart);
  latest.current = chart;
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback((from: string, to: string) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      navigate(writeChart({ ...latest.current, from: from || undefined, to: to || undefined }), { replace: true });
    }, RANGE_DELAY_MS);
  }, []);
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
