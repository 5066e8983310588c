import { type Bar, incompleteness, isWindow } from '../api/wire.ts';
import { compact, percent, price, signed } from '../format.ts';
import type { DrawnIndicator } from './indicators.ts';
import type { Mark } from './marks.ts';
import { spanOf } from './words.ts';

/** The values under the crosshair, or of the last bar: over the chart, where the eye is. */
export function Legend({
  bars,
  at,
  indicators,
  marks,
}: {
  readonly bars: readonly Bar[];
  readonly at: number;
  readonly indicators: readonly DrawnIndicator[];
  readonly marks: readonly Mark[];
}) {
  const bar = bars[at];
  if (bar === undefined) return null;
  const before = bars[at - 1]?.close ?? undefined;
  const change = before === undefined || bar.close === null ? undefined : bar.close - before;
  const way = change === undefined || change === 0 ? '' : change > 0 ? 'up' : 'down';
  const state = incompleteness(bar);
  const onPrices = indicators.filter((drawn) => drawn.pane === 'price').flatMap((drawn) => drawn.lines);
  return (
    <div class="legend number" data-part="legend" aria-hidden="true">
      <div>
        <span class="when">{spanOf(bar)}</span>
        {state === undefined || !isWindow(bar) ? null : (
          <span class="badge is-warn">
            {state} · {bar.sessions} of {bar.expected}
          </span>
        )}
      </div>
      <div class={way}>
        <Value label="O" text={price(bar.open)} />
        <Value label="H" text={price(bar.high)} />
        <Value label="L" text={price(bar.low)} />
        <Value label="C" text={price(bar.close)} />
        {change === undefined || before === undefined ? null : (
          <span>
            {signed(change)} ({percent((change / before) * 100)})
          </span>
        )}
        <Value label="Vol" text={compact(bar.volume)} />
      </div>
      {onPrices.length === 0 ? null : (
        <div>
          {onPrices.map((line) => (
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
            {mark.kind === 'split' ? 'Split' : 'Dividend'} {mark.terms}, ex {mark.exDate}
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
