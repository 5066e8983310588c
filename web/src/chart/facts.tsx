import { fetchBars } from '../api/fetchers.ts';
import { type Bar, type BarsAnswer, type BarValues, firstSessionOf, isWindow } from '../api/wire.ts';
import { capital, day, exact, instant, price, weekdayAndDay, whole } from '../format.ts';
import { FinalityBadge } from '../parts/finality-badge.tsx';
import { Failure, SkeletonLines } from '../parts/placeholders.tsx';
import { useResource } from '../state/resource.ts';
import type { ChartAddress } from './chart-address.ts';
import { WindowSessions } from './window-sessions.tsx';
import { ADJUST_WORDS, spanOf, windowWords } from './words.ts';

/** Everything that is known of one bar: what it was made of, what was done to it, and how final it is. */
export function Facts({
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
  /** The tables that the bar as it is drawn was read from. */
  readonly versions: BarsAnswer['versions'];
}) {
  const from = firstSessionOf(bar);
  const { interval, adjust, asOf } = chart;
  const key = ['facts', symbol, interval, adjust, asOf, from, bar.close, bar.finality].join(' ');
  const { data, error, isOld, retry } = useResource(key, (signal) =>
    // A window that a range touches is given whole: its first day is enough.
    fetchBars({ symbol, interval, adjust, asOf, from, to: from, explain: true }, signal),
  );
  const found =
    data === undefined ? undefined : (data.bars as readonly Bar[]).find((item) => firstSessionOf(item) === from);
  return (
    <section class="card facts" aria-labelledby="facts-title" data-part="facts">
      <header>
        <h2 id="facts-title">{isWindow(bar) ? spanOf(bar) : weekdayAndDay(bar.session)}</h2>
        <FinalityBadge finality={bar.finality} />
      </header>
      {isWindow(bar) ? (
        <p class="facts-line">
          {capital(windowWords(bar)) || `${bar.sessions} of ${bar.expected} sessions have a bar`}
        </p>
      ) : null}
      {error !== undefined ? (
        <Failure error={error} title="The facts of this bar did not come" onRetry={retry} />
      ) : data === undefined || isOld ? (
        <SkeletonLines lines={9} label="Loading the facts of the bar" />
      ) : found === undefined ? (
        <p class="empty">The lake has no such bar any more. Load the chart again.</p>
      ) : (
        <Explained
          answer={data}
          bar={bar}
          explain={found.explain}
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
  ['volume', 'Volume', whole],
  ['trades', 'Trades', whole],
];

function Explained({
  answer,
  bar,
  explain,
  chart,
  symbol,
  lastPublished,
  versions,
}: {
  readonly answer: BarsAnswer;
  /** As it is drawn. */
  readonly bar: Bar;
  readonly explain: Bar['explain'];
  readonly chart: ChartAddress;
  readonly symbol: string;
  readonly lastPublished: string;
  readonly versions: BarsAnswer['versions'];
}) {
  const acting = explain === undefined ? [] : (answer.events ?? []).slice(explain.events_from, explain.events_to);
  return (
    <>
      <table class="data facts-values" aria-labelledby="facts-title">
        <thead>
          <tr>
            <th scope="col">
              <span class="unseen">Value</span>
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
        <Pair name="Prices are">{ADJUST_WORDS[chart.adjust]}</Pair>
        {explain === undefined ? null : (
          <>
            <Pair name="Price factor">{factorWords(explain.price_factor)}</Pair>
            <Pair name="Volume factor">{factorWords(explain.volume_factor)}</Pair>
          </>
        )}
        {explain !== undefined && 'origin' in explain ? (
          <>
            <Pair name="Window">{explain.origin === 'stored' ? 'read from the lake' : 'computed just now'}</Pair>
            <Pair name="Source">{explain.sources.map((source) => source ?? 'not recorded').join(', ')}</Pair>
          </>
        ) : null}
        {explain !== undefined && 'source' in explain ? (
          <>
            <Pair name="Source">{explain.source ?? 'not recorded'}</Pair>
            <Pair name="Fetched">{instant(explain.fetched_at_ms)}</Pair>
          </>
        ) : null}
      </dl>
      {explain === undefined || !('parts' in explain) || explain.parts.length < 2 ? null : (
        <Listed title="Factors inside the window">
          {explain.parts.map((part) => (
            <li key={part.first_session}>
              {day(part.first_session)} to {day(part.last_session)}: prices × {factor(part.price_factor)}, volume ×{' '}
              {factor(part.volume_factor)}
            </li>
          ))}
        </Listed>
      )}
      {acting.length === 0 ? null : (
        <Listed title="Events that act on it">
          {acting.map((event) => (
            <li key={`${event.kind} ${event.ex_date}`}>
              <b>{event.kind === 'split' ? 'Split' : 'Dividend'}</b> {event.terms}, ex {day(event.ex_date)}: prices ×{' '}
              {factor(event.price_factor)}
              {event.source === null ? '' : ` (${event.source})`}
            </li>
          ))}
        </Listed>
      )}
      {answer.held.length === 0 ? null : (
        <Listed title="Held back">
          {answer.held.map((event) => (
            <li key={`${event.kind} ${event.ex_date} ${event.terms}`}>
              <b>{event.kind === 'split' ? 'Split' : 'Dividend'}</b> {event.terms}, ex {day(event.ex_date)}:{' '}
              {event.reason}
            </li>
          ))}
        </Listed>
      )}
      {answer.restated === undefined || answer.restated.length === 0 ? null : (
        <Listed title="Changed after it first arrived">
          {answer.restated.map((change) => (
            <li key={`${change.session} ${change.field} ${change.seen_at_ms}`}>
              {day(change.session)}, {change.field}: {exact(change.old)} became {exact(change.new)}, seen{' '}
              {instant(change.seen_at_ms)}
            </li>
          ))}
        </Listed>
      )}
      {isWindow(bar) ? <WindowSessions chart={chart} symbol={symbol} bar={bar} lastPublished={lastPublished} /> : null}
      <details class="more">
        <summary>Table versions it was read from</summary>
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

function Listed({ title, children }: { readonly title: string; readonly children: preact.ComponentChildren }) {
  return (
    <div class="listed">
      <h3>{title}</h3>
      <ul>{children}</ul>
    </div>
  );
}

/** Null: an event inside the window gives its sessions several. */
function factorWords(value: number | null): string {
  return value === null ? 'differs, see below' : `× ${factor(value)}`;
}

/** Factors are products of small ratios: six digits tell them apart. */
function factor(value: number): string {
  return value === 1 ? '1' : Number(value.toPrecision(7)).toString();
}
