import { fetchBars } from '../api/fetchers.ts';
import { type Bar, type BarsResponse, type BarValues, firstSessionOf, isWindow } from '../api/wire.ts';
import { capitalize, day, dayRange, exact, instant, integer, price, sourceName, weekdayAndDay } from '../format.ts';
import { FinalityBadge } from '../parts/finality-badge.tsx';
import { LoadError, SkeletonLines } from '../parts/messages.tsx';
import { useResource } from '../state/resource.ts';
import type { ChartAddress } from './chart-address.ts';
import { ADJUST_LABELS, datesOf, windowStatus } from './descriptions.ts';
import { WindowSessions } from './window-sessions.tsx';

/** Details of one bar: values, adjustment, corporate actions, restatements, sources and finality. */
export function BarDetails({
  chart,
  symbol,
  bar,
  lastPublished,
  versions,
}: {
  readonly chart: ChartAddress;
  readonly symbol: string;
  readonly bar: Bar;
  readonly lastPublished: string;
  /** Table versions from which the plotted bar was read. */
  readonly versions: BarsResponse['versions'];
}) {
  const from = firstSessionOf(bar);
  const { interval, adjust, asOf, at } = chart;
  const key = ['details', symbol, interval, adjust, asOf, at, from, bar.close, bar.finality].join(' ');
  const { data, error, isStale, retry } = useResource(key, (signal) =>
    // A range returns every window that overlaps it, so the first session is enough.
    fetchBars({ symbol, interval, adjust, asOf, at, from, to: from, explain: true }, signal),
  );
  const explained =
    data === undefined ? undefined : (data.bars as readonly Bar[]).find((item) => firstSessionOf(item) === from);
  return (
    <section class="card bar-details" aria-labelledby="details-title" data-part="bar-details">
      <header>
        <h2 id="details-title">{isWindow(bar) ? datesOf(bar) : weekdayAndDay(bar.session)}</h2>
        <FinalityBadge finality={bar.finality} />
      </header>
      {isWindow(bar) ? (
        <p class="bar-details-line">
          {capitalize(windowStatus(bar)) || `Bars in ${bar.sessions} of ${bar.expected} sessions`}
        </p>
      ) : null}
      {error !== undefined ? (
        <LoadError error={error} title="Couldn't load bar details" onRetry={retry} />
      ) : data === undefined || isStale ? (
        <SkeletonLines lines={9} label="Loading bar details" />
      ) : explained === undefined ? (
        <p class="empty">This bar is no longer in the lake. Reload the chart.</p>
      ) : (
        <Explanation
          response={data}
          bar={bar}
          explain={explained.explain}
          chart={chart}
          symbol={symbol}
          lastPublished={lastPublished}
          versions={versions}
        />
      )}
    </section>
  );
}

const ROWS: readonly (readonly [keyof BarValues, string, (value: number | null) => string])[] = [
  ['open', 'Open', price],
  ['high', 'High', price],
  ['low', 'Low', price],
  ['close', 'Close', price],
  ['vwap', 'VWAP', price],
  ['volume', 'Volume', integer],
  ['trades', 'Trades', integer],
];

function Explanation({
  response,
  bar,
  explain,
  chart,
  symbol,
  lastPublished,
  versions,
}: {
  readonly response: BarsResponse;
  /** The bar as plotted. */
  readonly bar: Bar;
  readonly explain: Bar['explain'];
  readonly chart: ChartAddress;
  readonly symbol: string;
  readonly lastPublished: string;
  readonly versions: BarsResponse['versions'];
}) {
  const applied = explain === undefined ? [] : (response.events ?? []).slice(explain.events_from, explain.events_to);
  return (
    <>
      <table class="data bar-values" aria-labelledby="details-title">
        <thead>
          <tr>
            <th scope="col">
              <span class="visually-hidden">Value</span>
            </th>
            <th scope="col" class="end">
              {chart.adjust === 'raw' ? 'Shown' : 'Adjusted'}
            </th>
            <th scope="col" class="end">
              As traded
            </th>
          </tr>
        </thead>
        <tbody>
          {ROWS.map(([name, label, show]) => (
            <tr key={name}>
              <th scope="row">{label}</th>
              <td class="end" title={exact(bar[name])}>
                {show(bar[name])}
              </td>
              <td class="end" title={exact(explain?.raw[name])}>
                {show(explain?.raw[name] ?? null)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <dl class="pairs">
        <Pair name="Prices">{capitalize(ADJUST_LABELS[chart.adjust])}</Pair>
        {explain === undefined ? null : (
          <>
            <Pair name="Price factor">{factorLabel(explain.price_factor)}</Pair>
            <Pair name="Volume factor">{factorLabel(explain.volume_factor)}</Pair>
          </>
        )}
        {explain !== undefined && 'origin' in explain ? (
          <>
            <Pair name="Window">{explain.origin === 'stored' ? 'Read from the lake' : 'Computed on request'}</Pair>
            <Pair name="Source">{explain.sources.map(sourceName).join(', ')}</Pair>
          </>
        ) : null}
        {explain !== undefined && 'source' in explain ? (
          <>
            <Pair name="Source">{sourceName(explain.source)}</Pair>
            <Pair name="Fetched">{instant(explain.fetched_at_ms)}</Pair>
          </>
        ) : null}
      </dl>
      {explain === undefined || !('parts' in explain) || explain.parts.length < 2 ? null : (
        <DetailList title="Factors within the window">
          {explain.parts.map((part) => (
            <li key={part.first_session}>
              {dayRange(part.first_session, part.last_session)}: prices × {factor(part.price_factor)}, volume ×{' '}
              {factor(part.volume_factor)}
            </li>
          ))}
        </DetailList>
      )}
      {applied.length === 0 ? null : (
        <DetailList title="Events applied">
          {applied.map((event) => (
            <li key={`${event.kind} ${event.ex_date}`}>
              <b>{event.kind === 'split' ? 'Split' : 'Dividend'}</b> {event.terms}, ex-date {day(event.ex_date)}: prices
              × {factor(event.price_factor)}
              {event.source === null ? '' : ` (${sourceName(event.source)})`}
            </li>
          ))}
        </DetailList>
      )}
      {response.held.length === 0 ? null : (
        <DetailList title="Events held back">
          {response.held.map((event) => (
            <li key={`${event.kind} ${event.ex_date} ${event.terms}`}>
              <b>{event.kind === 'split' ? 'Split' : 'Dividend'}</b> {event.terms}, ex-date {day(event.ex_date)}:{' '}
              {event.reason}
            </li>
          ))}
        </DetailList>
      )}
      {response.restated === undefined || response.restated.length === 0 ? null : (
        <DetailList title="Restatements">
          {response.restated.map((change) => (
            <li key={`${change.session} ${change.field} ${change.seen_at_ms}`}>
              {day(change.session)}, {change.field}: {exact(change.old)} → {exact(change.new)}, seen{' '}
              {instant(change.seen_at_ms)}
            </li>
          ))}
        </DetailList>
      )}
      {isWindow(bar) ? <WindowSessions chart={chart} symbol={symbol} bar={bar} lastPublished={lastPublished} /> : null}
      <details class="more">
        <summary>Table versions</summary>
        <dl class="pairs">
          {Object.entries(versions).map(([table, version]) => (
            <Pair key={table} name={table}>
              {version}
            </Pair>
          ))}
        </dl>
      </details>
    </>
  );
}

function Pair({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="number">{children}</dd>
    </div>
  );
}

function DetailList({ title, children }: { readonly title: string; readonly children: preact.ComponentChildren }) {
  return (
    <div class="detail-list">
      <h3>{title}</h3>
      <ul>{children}</ul>
    </div>
  );
}

/** A window has no single factor (null) if an event within it splits it into parts. */
function factorLabel(value: number | null): string {
  return value === null ? 'Varies; see below' : `× ${factor(value)}`;
}

/** A factor with seven significant digits. */
function factor(value: number): string {
  return value === 1 ? '1' : Number(value.toPrecision(7)).toString();
}
