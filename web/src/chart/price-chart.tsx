import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';
import type { Bar } from '../api/wire.ts';
import { isDark } from '../state/theme.ts';
import { type BarsInSight, ChartCanvas, type ChartData, type PlottedBar } from './chart-canvas.ts';
import { datesOf, describeBar } from './descriptions.ts';
import type { DateSpan } from './ranges.ts';

/** Most oscillator panes that the chart grows taller for. */
const OWN_PANES_MAX = 3;
/** Bars that Page Up and Page Down move by. */
const PAGE_BARS = 20;

/** The chart and its keyboard control: arrows, Page Up and Down, Home and End move between bars, Enter shows details. */
export function PriceChart({
  data,
  visibleRange,
  isLogarithmic,
  label,
  summary,
  rest,
  hovered,
  selected,
  onHover,
  onSelect,
  onRangeChange,
  onInSight,
  onReach,
  onPlotted,
}: {
  readonly data: ChartData;
  readonly visibleRange: DateSpan;
  readonly isLogarithmic: boolean;
  readonly label: string;
  /** Text alternative for screen readers. */
  readonly summary: string;
  /** The bar whose values are shown while none is hovered or selected. */
  readonly rest: number;
  readonly hovered: number | undefined;
  readonly selected: number | undefined;
  readonly onHover: (bar: number | undefined) => void;
  readonly onSelect: (bar: number | undefined) => void;
  readonly onRangeChange: (from: string, to: string) => void;
  readonly onInSight: (bars: BarsInSight) => void;
  /** Loads up to an end of the history. Returns false if all bars up to it are here. */
  readonly onReach: (end: 'first' | 'last') => boolean;
  readonly onPlotted: (bars: readonly PlottedBar[]) => void;
}) {
  const id = useId();
  const container = useRef<HTMLDivElement>(null);
  const canvas = useRef<ChartCanvas | undefined>(undefined);
  const handlers = useRef({ onHover, onSelect, onRangeChange, onInSight });
  handlers.current = { onHover, onSelect, onRangeChange, onInSight };
  const announcement = useRef<HTMLParagraphElement>(null);
  const dark = isDark.value;

  useEffect(() => {
    if (container.current === null) return;
    const created = new ChartCanvas(container.current, {
      onHover: (bar) => handlers.current.onHover(bar),
      onSelect: (bar) => handlers.current.onSelect(bar),
      onRangeChange: (from, to) => handlers.current.onRangeChange(from, to),
      onInSight: (seen) => handlers.current.onInSight(seen),
    });
    canvas.current = created;
    return () => {
      canvas.current = undefined;
      created.close();
    };
  }, []);

  /** The end of the history that a key was pressed for, until its bars are here. */
  const awaited = useRef<'first' | 'last' | undefined>(undefined);
  // In the same frame as the legend, which shows the same bar.
  const labeled = useRef(0);
  labeled.current = hovered ?? selected ?? rest;
  useLayoutEffect(() => canvas.current?.showValuesAt(labeled.current), [labeled.current]);
  // Runs before the bars are drawn, so that new data appears with its own range at once.
  useEffect(() => canvas.current?.setVisibleRange(visibleRange), [visibleRange.from, visibleRange.to, visibleRange]);
  useEffect(() => {
    canvas.current?.draw(data);
    canvas.current?.showValuesAt(labeled.current);
    onPlotted(canvas.current?.plottedBars() ?? []);
    const end = awaited.current;
    awaited.current = undefined;
    if (end !== undefined) moveTo(end === 'first' ? 0 : data.bars.length - 1);
  }, [data, onPlotted]);
  useEffect(() => canvas.current?.select(selected), [selected]);
  useEffect(() => canvas.current?.setLogScale(isLogarithmic), [isLogarithmic]);
  const paintedDark = useRef(dark);
  useEffect(() => {
    // The style sheet has switched to the new theme's colors by now.
    if (paintedDark.current !== dark) canvas.current?.repaint();
    paintedDark.current = dark;
  }, [dark]);

  const { bars } = data;
  const moveTo = (target: number): void => {
    const bar = Math.min(bars.length - 1, Math.max(0, target));
    canvas.current?.moveCrosshair(bar);
    onHover(bar);
    announce(announcement.current, bars[bar]);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const at = hovered ?? selected ?? rest + 1;
    const targets: Readonly<Record<string, number>> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      PageUp: at - PAGE_BARS,
      PageDown: at + PAGE_BARS,
      Home: 0,
      End: bars.length - 1,
    };
    const target = targets[event.key];
    const end = event.key === 'Home' ? 'first' : event.key === 'End' ? 'last' : undefined;
    awaited.current = undefined;
    if (target !== undefined) {
      event.preventDefault();
      if (end !== undefined && onReach(end)) awaited.current = end;
      else moveTo(target);
    } else if (event.key === 'Enter' && hovered !== undefined) {
      event.preventDefault();
      onSelect(hovered);
    } else if (event.key === 'Escape') {
      canvas.current?.clearCrosshair();
      onHover(undefined);
      onSelect(undefined);
    }
  };

  return (
    <figure class="chart-figure">
      <div
        ref={container}
        class={`chart-canvas own-${Math.min(OWN_PANES_MAX, data.indicators.filter(({ pane }) => pane === 'own').length)}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the chart has keyboard control.
        tabIndex={0}
        role="application"
        aria-roledescription="chart"
        aria-label={label}
        aria-describedby={`${id}-summary ${id}-keys`}
        data-bars={bars.length}
        onKeyDown={onKeyDown}
      />
      <figcaption class="visually-hidden">
        <p id={`${id}-summary`} data-part="chart-summary">
          {summary}
        </p>
        <p id={`${id}-keys`}>
          Use the left and right arrow keys to move by one bar, Page Up and Page Down to move by {PAGE_BARS}, and Enter
          to show a bar's details. The same bars are in the table below.
        </p>
      </figcaption>
      <p ref={announcement} class="visually-hidden" aria-live="polite" data-part="announced-bar" />
    </figure>
  );
}

/** Announces a bar to screen readers. Only for keyboard control, since a pointer passes over too many bars. */
function announce(element: HTMLElement | null, bar: Bar | undefined): void {
  if (element !== null && bar !== undefined) element.textContent = `${datesOf(bar)}: ${describeBar(bar)}`;
}
