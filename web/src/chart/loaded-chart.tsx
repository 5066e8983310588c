import { useSignal } from '@preact/signals';
import { useCallback, useEffect, useMemo, useRef } from 'preact/hooks';
import { address, navigate } from '../address.ts';
import { isOffline } from '../api/client.ts';
import { barsUrl } from '../api/fetchers.ts';
import { type Bar, type BarsResponse, type EventsResponse, firstSessionOf, lastSessionOf } from '../api/wire.ts';
import { sentence } from '../parts/messages.tsx';
import { BarDetails } from './bar-details.tsx';
import { BarsTable } from './bars-table.tsx';
import { type BarsWindow, type BarsWindowState, isSameSeries, partOf } from './bars-window.ts';
import { type ChartAddress, readChart, writeChart } from './chart-address.ts';
import type { BarsInSight, ChartData, PlottedBar } from './chart-canvas.ts';
import { ChartNotes } from './chart-notes.tsx';
import { intervalLabel, summarize } from './descriptions.ts';
import { marksOf } from './event-marks.ts';
import { computeIndicators, formatIndicator, warmUpOf } from './indicators.ts';
import { Legend } from './legend.tsx';
import { NoBars } from './no-bars.tsx';
import { PriceChart } from './price-chart.tsx';
import type { DateSpan, History } from './ranges.ts';

/** Delay after the last movement before the visible range is written to the URL. */
const RANGE_DELAY_MS = 300;
const EXTEND_DELAY_MS = 100;
/** More bars are loaded once fewer than these are left on a side, in widths of what is in sight. */
const WIDTHS_AHEAD = 0.5;

/** The chart with its legend, notes, bar details and table. Stays in sight while other bars are loaded, or none can be. */
export function LoadedChart({
  chart,
  span,
  state,
  window,
  history,
  events,
}: {
  readonly chart: ChartAddress;
  readonly span: DateSpan;
  readonly state: BarsWindowState;
  readonly window: BarsWindow;
  readonly history: History | undefined;
  readonly events: EventsResponse | undefined;
}) {
  const { response, query } = window;
  const rows: readonly Bar[] = response.bars;
  // Bars are known by their first session, since their indexes change when others are loaded.
  const indexOf = useMemo(() => new Map(rows.map((bar, n) => [firstSessionOf(bar), n])), [rows]);
  const hovered = useSignal<string | undefined>(undefined);
  const selected = useSignal<string | undefined>(undefined);
  const inSight = useSignal<BarsInSight | undefined>(undefined);
  const plotted = useSignal<readonly PlottedBar[]>([]);
  const indicatorKey = chart.indicators.map(formatIndicator).join(',');
  const isFromStart = !window.hasOlder;

  // `indicatorKey` stands for the indicators, which are parsed again on each render.
  const data = useMemo((): ChartData => {
    const closes = rows.map((bar) => bar.close);
    return {
      key: JSON.stringify([query.symbol, query.interval, query.asOf, query.at]),
      bars: rows,
      marks: events === undefined ? [] : marksOf(rows, events),
      indicators: computeIndicators(chart.indicators, closes, { isFromStart }),
    };
  }, [response, events, indicatorKey]);
  const visibleRange = useMemo(() => span, [span.from, span.to]);
  const isSettled = isSameSeries(query, { ...chart, symbol: query.symbol }) && !state.isLoading;

  // A single day in the address is the bar that a link leads to.
  const linked = span.from !== undefined && span.from === span.to ? barAt(rows, span.from) : undefined;
  useEffect(() => {
    selected.value = linked === undefined ? undefined : firstSessionOf(linked);
    hovered.value = undefined;
  }, [data.key, linked === undefined ? '' : firstSessionOf(linked)]);

  const extending = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(extending.current), []);
  const extend = (): void => {
    extending.current = undefined;
    const seen = inSight.peek();
    if (seen === undefined) return;
    const ahead = (seen.last - seen.first) * WIDTHS_AHEAD;
    const warmUp = chart.indicators.reduce((most, indicator) => Math.max(most, warmUpOf(indicator)), 0);
    if (seen.first - ahead < warmUp) state.extend('older');
    if (seen.last + ahead > rows.length) state.extend('newer');
  };
  const latestExtend = useRef(extend);
  latestExtend.current = extend;
  // Not for each step of a movement, nor for where the library puts new bars before their range is applied.
  const extendSoon = (): void => {
    extending.current ??= setTimeout(() => latestExtend.current(), EXTEND_DELAY_MS);
  };
  // More may be needed after some were loaded, or for an indicator that was added.
  useEffect(extendSoon, [response, indicatorKey]);
  const [onRangeChange, forgetRange] = useRangeInAddress(chart.interval);
  const showNewest = (): void => {
    forgetRange();
    const query = readChart(address.peek().query);
    navigate(writeChart({ ...query, range: undefined, from: undefined, to: undefined }), { replace: true });
  };
  const onPlotted = useCallback(
    (next: readonly PlottedBar[]) => {
      plotted.value = next;
    },
    [plotted],
  );

  const at = (session: string | undefined): number | undefined =>
    session === undefined ? undefined : indexOf.get(session);
  const sessionAt = (n: number | undefined): string | undefined => {
    const bar = n === undefined ? undefined : rows[n];
    return bar === undefined ? undefined : firstSessionOf(bar);
  };
  const seen = barsIn(rows, inSight.value);
  const summary = useMemo(
    () => summarize({ ...response, bars: seen } as BarsResponse),
    [seen[0], seen.at(-1), response],
  );
  if (isSettled && state.error === undefined && !hasBarsIn(rows, span)) {
    return (
      <div class="card">
        <NoBars chart={chart} span={span} history={history} />
      </div>
    );
  }
  const newestSeen = inSight.value === undefined ? rows.length - 1 : Math.min(rows.length - 1, inSight.value.last);
  const detailBar = rows[at(selected.value) ?? newestSeen];
  return (
    <div class="chart-grid">
      <section class="card chart-card" aria-label="Price chart" aria-busy={state.isLoading}>
        {state.error === undefined ? null : <Interruption state={state} />}
        <div class={isSettled && state.error === undefined ? '' : 'is-dim'}>
          <Legend
            bars={rows}
            at={at(hovered.value) ?? at(selected.value) ?? newestSeen}
            indicators={data.indicators}
            marks={data.marks}
          />
          <PriceChart
            data={data}
            visibleRange={visibleRange}
            isLogarithmic={chart.isLogarithmic}
            label={`${response.symbol} chart, ${intervalLabel(response.interval)}`}
            summary={summary}
            rest={newestSeen}
            hovered={at(hovered.value)}
            selected={at(selected.value)}
            onHover={(bar) => {
              hovered.value = sessionAt(bar);
            }}
            onSelect={(bar) => {
              selected.value = sessionAt(bar);
              hovered.value = undefined;
            }}
            onRangeChange={onRangeChange}
            onInSight={(next) => {
              inSight.value = next;
              extendSoon();
            }}
            onReach={(end) => {
              if (end === 'first' ? !window.hasOlder : window.to === undefined) return false;
              if (end === 'first') state.loadFromStart();
              else showNewest();
              return true;
            }}
            onPlotted={onPlotted}
          />
        </div>
        <ChartNotes response={response} seen={seen} marks={data.marks} chart={chart} history={history} />
      </section>
      {detailBar === undefined ? null : (
        <BarDetails
          chart={{ ...chart, interval: query.interval, adjust: query.adjust }}
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
        url={barsUrl({ ...query, ...partOf(window) })}
      />
    </div>
  );
}

/** Says over the last picture why it is not up to date. */
function Interruption({ state: { error, retry } }: { readonly state: BarsWindowState }) {
  if (error === undefined) return null;
  const isDisconnected = isOffline.value || error.code === 'unreachable';
  return (
    <p class="chart-interruption" role="status" data-part="interruption">
      <b>{isDisconnected ? 'Disconnected.' : "Couldn't update the chart."}</b>{' '}
      {isDisconnected ? 'Reconnecting… This is the last picture.' : sentence(error.message)}{' '}
      <button type="button" class="button" onClick={retry}>
        Try again
      </button>
    </p>
  );
}

function barsIn(rows: readonly Bar[], seen: BarsInSight | undefined): readonly Bar[] {
  return seen === undefined ? rows : rows.slice(Math.max(0, seen.first), Math.max(0, seen.last + 1));
}

function hasBarsIn(rows: readonly Bar[], { from, to }: DateSpan): boolean {
  return rows.some(
    (bar) => (from === undefined || lastSessionOf(bar) >= from) && (to === undefined || firstSessionOf(bar) <= to),
  );
}

function barAt(rows: readonly Bar[], date: string): Bar | undefined {
  return rows.find((bar) => firstSessionOf(bar) <= date && lastSessionOf(bar) >= date);
}

/**
 * Returns a function that writes the visible range to the URL once the user stops moving the chart, without a new
 * history entry, and one that forgets what was not written yet.
 */
function useRangeInAddress(interval: number): [write: (from: string, to: string) => void, forget: () => void] {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const latest = useRef(interval);
  latest.current = interval;
  const forget = useCallback(() => clearTimeout(timer.current), []);
  useEffect(() => forget, []);
  const write = useCallback((from: string, to: string) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      const seen = { range: undefined, from: from || undefined, to: to || undefined };
      // The interval of all bars holds for a part of them.
      const shown = { ...readChart(address.peek().query), interval: latest.current };
      navigate(writeChart({ ...shown, ...seen }), { replace: true });
    }, RANGE_DELAY_MS);
  }, []);
  return [write, forget];
}
