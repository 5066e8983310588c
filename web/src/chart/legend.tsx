import { type Bar, incompleteness, isWindow } from '../api/wire.ts';
import { capitalize, compact, day, percent, price, signed } from '../format.ts';
import { datesOf } from './descriptions.ts';
import type { EventMark } from './event-marks.ts';
import type { ComputedIndicator } from './indicators.ts';

/** Values of the bar under the crosshair, or of the last bar. */
export function Legend({
  bars,
  at,
  indicators,
  marks,
}: {
  readonly bars: readonly Bar[];
  readonly at: number;
  readonly indicators: readonly ComputedIndicator[];
  readonly marks: readonly EventMark[];
}) {
  const bar = bars[at];
  if (bar === undefined) return null;
  const previous = bars[at - 1]?.close ?? undefined;
  const change = previous === undefined || bar.close === null ? undefined : bar.close - previous;
  const direction = change === undefined || change === 0 ? '' : change > 0 ? 'up' : 'down';
  const state = incompleteness(bar);
  const overlays = indicators.filter(({ pane }) => pane === 'price').flatMap(({ lines }) => lines);
  return (
    <div class="legend number" data-part="legend" aria-hidden="true">
      <div>
        <span class="when">{datesOf(bar)}</span>
        {state === undefined || !isWindow(bar) ? null : (
          <span class="badge is-warn">
            {capitalize(state)}: {bar.sessions} of {bar.expected} sessions
          </span>
        )}
      </div>
      <div class={direction}>
        <Value label="O" text={price(bar.open)} />
        <Value label="H" text={price(bar.high)} />
        <Value label="L" text={price(bar.low)} />
        <Value label="C" text={price(bar.close)} />
        {change === undefined || previous === undefined ? null : (
          <span>
            {signed(change)} ({percent((change / previous) * 100)})
          </span>
        )}
        <Value label="Vol" text={compact(bar.volume)} />
      </div>
      {overlays.length === 0 ? null : (
        <div>
          {overlays.map((line) => (
            <span key={line.id} class={`line-value series-${line.series}`}>
              {line.name} <b>{price(line.values[at])}</b>
            </span>
          ))}
        </div>
      )}
      {marks
        .filter((mark) => mark.bar === at)
        .map((mark) => (
          <div key={`${mark.kind} ${mark.exDate}`} class={mark.kind === 'split' ? 'mark-split' : 'mark-dividend'}>
            {mark.kind === 'split' ? 'Split' : 'Dividend'} {mark.terms}, ex-date {day(mark.exDate)}
            {mark.heldBack === undefined ? '' : `, held back: ${mark.heldBack}`}
          </div>
        ))}
    </div>
  );
}

function Value({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <span>
      <i>{label}</i> {text}
    </span>
  );
}
