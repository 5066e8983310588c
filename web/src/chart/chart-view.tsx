import { useSignal } from '@preact/signals';
import { useCallback, useEffect, useMemo, useRef } from 'preact/hooks';
import { address, go } from '../address.ts';
import { type BarsQuery, barsAddress, fetchBars, fetchEvents, fetchMarket } from '../api/fetchers.ts';
import type { Bar, BarsAnswer, EventsAnswer } from '../api/wire.ts';
import { capital, day, percent, price, signed } from '../format.ts';
import { FinalityBadge } from '../parts/finality-badge.tsx';
import { Failure, NoticeBox, SkeletonLines } from '../parts/placeholders.tsx';
import { type Resource, useResource } from '../state/resource.ts';
import { readStored, writeStored } from '../state/stored.ts';
import { toggleWatched, watchlist } from '../state/watchlist.ts';
import { type ChartAddress, readChart, writeChart } from './chart-address.ts';
import type { DrawnBar, Picture } from './drawing.ts';
import { DrawnTable } from './drawn-table.tsx';
import { Facts } from './facts.tsx';
import { computeIndicators } from './indicators.ts';
import { Legend } from './legend.tsx';
import { isDense } from './markers.ts';
import { type Mark, marksOf } from './marks.ts';
import { PriceChart } from './price-chart.tsx';
import { Toolbar } from './toolbar.tsx';
import { ADJUST_WORDS, intervalWords, openWindowWords, summarize } from './words.ts';

/** Bars of one chart at most: twenty years of days. */
const BARS_MAX = 5000;
const MOVED_MS = 300;

export function ChartView() {
  const chart = readChart(address.value.query);
  const { symbol, interval, adjust, asOf } = chart;
  useFirstSymbol(chart);
  const bars = useResource(
    symbol === undefined ? undefined : ['bars', symbol, interval, adjust, asOf].join(' '),
    (signal) => fetchBars(barsOf(chart, symbol ?? ''), signal),
  );
  const events = useResource(symbol === undefined ? undefined : ['events', symbol, asOf].join(' '), (signal) =>
    fetchEvents(symbol ?? '', asOf, signal),
  );
  const change = (next: Partial<ChartAddress>): void => go(writeChart({ ...chart, ...next }));

  const answer = bars.data;
  const rows: readonly Bar[] = answer?.bars ?? [];
  const isOther = bars.isOld && (answer === undefined || answer.symbol !== symbol || bars.error !== undefined);
  return (
    <>
      <Heading chart={chart} answer={isOther ? undefined : answer} isLoading={bars.error === undefined} />
      <Toolbar
        chart={chart}
        first={rows[0] === undefined ? undefined : spanStart(rows[0])}
        last={answer?.last_published}
        onChange={change}
      />
      {bars.error !== undefined ? (
        <div class="card">
          <Failure error={bars.error} title={`No chart of ${symbol ?? 'this symbol'}`} onRetry={bars.retry} />
        </div>
      ) : answer === undefined || isOther ? (
        <div class="chart-grid" role="status">
          <span class="unseen">Loading the chart</span>
          <div class="card chart-skeleton">
            <div class="skeleton" />
          </div>
          <div class="card facts">
            <SkeletonLines lines={12} />
          </div>
        </div>
      ) : rows.length === 0 ? (
        <div class="card">
          <NoticeBox icon="chart" title="No bars in this view">
            <p>
              {answer.symbol} has none up to {day(answer.last_published)}
              {asOf === undefined ? '' : `, as known on ${day(asOf)}`}.
            </p>
          </NoticeBox>
        </div>
      ) : (
        <Loaded chart={chart} bars={bars} answer={answer} events={events.data} />
      )}
    </>
  );
}

function Heading({
  chart,
  answer,
  isLoading,
}: {
  readonly chart: ChartAddress;
  readonly answer: BarsAnswer | undefined;
  readonly isLoading: boolean;
}) {
  const bars: readonly Bar[] = answer?.bars ?? [];
  const last = answer === undefined ? undefined : bars.at(-1);
  const before = bars.at(-2)?.close ?? null;
  const move = last === undefined || last.close === null || before === null ? undefined : last.close - before;
  const way = move === undefined || move === 0 ? 'soft' : move > 0 ? 'up' : 'down';
  const symbol = answer?.symbol ?? chart.symbol;
  const isWatched = symbol !== undefined && (watchlist.value ?? []).includes(symbol);
  return (
    <div class="heading">
      <div>
        <h1>
          {symbol ?? 'Chart'} <span class="heading-name">{answer?.name ?? ''}</span>
        </h1>
        <p class="soft small">
          {answer === undefined
            ? '\u00a0'
            : `${capital(intervalWords(answer.interval))}, ${ADJUST_WORDS[answer.adjust]}, up to ${day(answer.last_published)}`}
          {chart.asOf === undefined ? '' : `, as known on ${day(chart.asOf)}`}
        </p>
      </div>
      {last === undefined || answer === undefined ? (
        isLoading && <div class="heading-price" />
      ) : (
        <div class="heading-price number">
          <span class="heading-close">{price(last.close)}</span>
          <span class={way}>
            {signed(move)} ({percent(move === undefined || before === null ? undefined : (move / before) * 100)})
          </span>
          <FinalityBadge finality={last.finality} />
          <button
            type="button"
            class="button"
            aria-pressed={isWatched}
            onClick={() => symbol !== undefined && toggleWatched(symbol)}
          >
            <span aria-hidden="true">{isWatched ? '★' : '☆'}</span>{' '}
            <span class="watch-word">{isWatched ? 'Watched' : 'Watch'}</span>
          </button>
        </div>
      )}
    </div>
  );
}

function Loaded({
  chart,
  bars,
  answer,
  events,
}: {
  readonly chart: ChartAddress;
  readonly bars: Resource<BarsAnswer>;
  readonly answer: BarsAnswer;
  readonly events: EventsAnswer | undefined;
}) {
  const rows: readonly Bar[] = answer.bars;
  const pointed = useSignal<number | undefined>(undefined);
  const chosen = useSignal<number | undefined>(undefined);
  const drawn = useSignal<readonly DrawnBar[]>([]);
  const written = chart.indicators.map((item) => `${item.kind}${item.length}`).join(',');

  // `written` stands for the indicators, which each render reads anew.
  const picture = useMemo((): Picture => {
    const closes = rows.map((bar) => bar.close);
    const marks: Mark[] = events === undefined ? [] : marksOf(rows, events);
    return {
      key: `${answer.symbol} ${answer.interval}`,
      bars: rows,
      marks,
      indicators: computeIndicators(chart.indicators, closes),
    };
  }, [answer, events, written]);
  const summary = useMemo(() => summarize(answer), [answer]);
  const sight = useMemo(() => ({ from: chart.from, to: chart.to }), [chart.from, chart.to]);

  // Another answer has other bars: what was pointed at and chosen is no more.
  // The answer is what the two belong to.
  useEffect(() => {
    pointed.value = undefined;
    chosen.value = undefined;
  }, [answer]);

  const onMoved = useMoved(chart);
  const onDrawn = useCallback(
    (next: readonly DrawnBar[]) => {
      drawn.value = next;
    },
    [drawn],
  );

  const lastBar = rows.at(-1);
  const shown = rows[chosen.value ?? rows.length - 1];
  return (
    <div class="chart-grid">
      <section
        class={`card chart-card${bars.isOld ? ' is-dim' : ''}`}
        aria-label="Price chart"
        aria-busy={bars.isLoading}
      >
        <Legend
          bars={rows}
          at={Math.min(pointed.value ?? chosen.value ?? rows.length - 1, rows.length - 1)}
          indicators={picture.indicators}
          marks={picture.marks}
        />
        <PriceChart
          picture={picture}
          sight={sight}
          isLogarithmic={chart.isLogarithmic}
          label={`Chart of ${answer.symbol}, ${intervalWords(answer.interval)}`}
          summary={summary}
          pointed={pointed.value}
          chosen={chosen.value}
          onPoint={(bar) => {
            pointed.value = bar;
          }}
          onChoose={(bar) => {
            chosen.value = bar;
            pointed.value = undefined;
          }}
          onMoved={onMoved}
          onDrawn={onDrawn}
        />
        <ChartNotes answer={answer} last={lastBar} marks={picture.marks} />
      </section>
      {shown === undefined ? null : (
        <Facts
          chart={chart}
          symbol={answer.symbol}
          bar={shown}
          lastPublished={answer.last_published}
          versions={answer.versions}
        />
      )}
      <DrawnTable
        drawn={drawn.value}
        bars={rows}
        fileName={`${answer.symbol}-${answer.interval}d-${answer.adjust}.csv`}
        address={barsAddress(barsOf(chart, answer.symbol))}
      />
    </div>
  );
}

/** The bars that a chart shows. */
function barsOf({ interval, adjust, asOf }: ChartAddress, symbol: string): BarsQuery {
  return { symbol, interval, adjust, asOf, limit: BARS_MAX };
}

function ChartNotes({
  answer,
  last,
  marks,
}: {
  readonly answer: BarsAnswer;
  readonly last: Bar | undefined;
  readonly marks: readonly Mark[];
}) {
  const open = last === undefined ? '' : openWindowWords(last);
  const names = [...new Set(answer.segments.map((segment) => segment.symbol))];
  return (
    <ul class="chart-notes small soft">
      {open === '' ? null : (
        <li data-part="open-window">
          <span class="hollow" aria-hidden="true" /> {open}
        </li>
      )}
      {marks.some(({ kind }) => kind === 'split') ? (
        <li>
          <span class="mark-split">S</span> split
        </li>
      ) : null}
      {marks.some(({ kind }) => kind === 'dividend') ? (
        <li>
          <span class="mark-dividend">{isDense(answer.bars, marks) ? '●' : 'D'}</span> dividend, on the ex-date
        </li>
      ) : null}
      {names.length > 1 ? <li>Traded as {names.join(', then ')}</li> : null}
      {answer.held.length > 0 ? <li>{answer.held.length} events held back: see the facts</li> : null}
      {answer.bars.length >= BARS_MAX ? <li>The newest {BARS_MAX.toLocaleString('en-US')} bars</li> : null}
    </ul>
  );
}

/** Writes what a person has moved into sight to the address, once the hand rests: no new entry in the history for it. */
function useMoved(chart: ChartAddress): (from: string, to: string) => void {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const now = useRef(chart);
  now.current = chart;
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback((from: string, to: string) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      go(writeChart({ ...now.current, from: from || undefined, to: to || undefined }), { replace: true });
    }, MOVED_MS);
  }, []);
}

/** No symbol in the address: the last one looked at, else the most traded one of the last session. */
function useFirstSymbol(chart: ChartAddress): void {
  const stored = useMemo(() => readStored('symbol'), []);
  const needed = chart.symbol === undefined && stored === undefined;
  const { data } = useResource(needed ? 'first symbol' : undefined, (signal) => fetchMarket(undefined, signal));
  const symbol = stored ?? data?.active[0]?.symbol;
  useEffect(() => {
    if (chart.symbol !== undefined) writeStored('symbol', chart.symbol);
    else if (symbol !== undefined) go(writeChart({ ...chart, symbol }), { replace: true });
  }, [chart, symbol]);
}

function spanStart(bar: Bar): string {
  return 'first_session' in bar ? bar.first_session : bar.session;
}
