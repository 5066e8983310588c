import { plural } from '#base/plural.ts';
import type { BarsResult, WindowPart } from '#runtime/tasks/formats.ts';

import { renderPlot } from './plot.ts';
import { renderTable, right } from './table.ts';
import { formatCount, formatInstant, formatPrice } from './text.ts';

/** Renders bars for people: a heading, the bars, and whether they are final. */
export function renderBars(
  result: BarsResult,
  options: { readonly total: number; readonly plot: boolean; readonly width: number },
): string[] {
  const { bars } = result;
  const names = result.segments.map((span) => span.symbol);
  const identity = new Set(names).size > 1 ? `${result.symbol} (${[...new Set(names)].join(' → ')})` : result.symbol;
  const grain = result.grain === 'session' ? 'daily bars' : `bars of ${result.interval} sessions`;
  const adjusted = { raw: 'as traded', split: 'adjusted for splits', total: 'adjusted for splits and dividends' }[
    result.adjust
  ];
  const asOf = result.asOfMs === null ? '' : `, as known at ${formatInstant(result.asOfMs)}`;
  const lines = [`${identity}: ${grain}, ${adjusted}${asOf}`];
  if (options.plot) {
    const closes = bars.map((bar) => bar.close).filter((close) => close !== null);
    lines.push('', ...renderPlot(closes, Math.min(options.width, 100), 8), '');
  }
  const isExplained = bars.some((bar) => bar.explain !== undefined);
  const dates = result.grain === 'session' ? ['session'] : ['first', 'last'];
  const columns = [
    ...dates,
    ...['open', 'high', 'low', 'close', 'volume', 'vwap', 'trades'].map(right),
    result.grain === 'session' ? 'state' : 'sessions',
    ...(isExplained ? [right('× price'), right('× volume'), 'events'] : []),
  ];
  const price = (value: number | null): string => (value === null ? '' : formatPrice(value));
  const rows = result.bars.map((bar) => {
    const span = 'session' in bar ? [bar.session] : [bar.firstSession, bar.lastSession];
    const state =
      'session' in bar
        ? (bar.finality ?? '')
        : `${bar.sessions} of ${bar.expected}${bar.complete ? '' : ` ${bar.finality ?? 'open'}`}`;
    const { explain } = bar;
    const explanation =
      explain === undefined
        ? []
        : [
            factorText(explain.priceFactor, explain, (part) => part.priceFactor),
            factorText(explain.volumeFactor, explain, (part) => part.volumeFactor),
            explain.events.map((event) => `${event.exDate} ${event.terms}`).join(', '),
          ];
    return [
      ...span,
      price(bar.open),
      price(bar.high),
      price(bar.low),
      price(bar.close),
      bar.volume === null ? '' : formatCount(bar.volume),
      price(bar.vwap),
      bar.trades === null ? '' : formatCount(bar.trades),
      state,
      ...explanation,
    ];
  });
  lines.push(...renderTable(columns, rows, options.width));
  if (bars.length < options.total)
    lines.push(`(last ${bars.length} of ${plural(options.total, 'bar')}; more with --limit)`);
  return lines;
}

/** Returns one factor, or those of the parts of a window in order. */
function factorText(
  factor: number | null,
  explain: NonNullable<BarsResult['bars'][number]['explain']>,
  factorOf: (part: WindowPart) => number,
): string {
  const factors = factor === null && 'parts' in explain ? explain.parts.map(factorOf) : [factor ?? 1];
  return [...new Set(factors.map((value) => String(Number(value.toPrecision(8)))))].join(' → ');
}
