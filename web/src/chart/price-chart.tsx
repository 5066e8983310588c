import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';
import { type Bar, firstSessionOf } from '../api/wire.ts';
import { isDark } from '../state/theme.ts';
import { ChartDrawing, type DrawnBar, type Picture, type Sight } from './drawing.ts';
import { describeBar } from './words.ts';

/** The chart grows with the panes of indicators, up to so many. */
const OWN_PANES_MAX = 3;

/** The chart with its keys: arrows walk the bars, Page keys leap, Home and End go to the ends, Enter shows a bar's facts. */
export function PriceChart({
  picture,
  sight,
  isLogarithmic,
  label,
  summary,
  pointed,
  chosen,
  onPoint,
  onChoose,
  onMoved,
  onDrawn,
}: {
  readonly picture: Picture;
  readonly sight: Sight;
  readonly isLogarithmic: boolean;
  readonly label: string;
  /** What the picture shows, for those who do not see it. */
  readonly summary: string;
  readonly pointed: number | undefined;
  /** The bar whose facts are shown because somebody asked for them. */
  readonly chosen: number | undefined;
  readonly onPoint: (bar: number | undefined) => void;
  readonly onChoose: (bar: number | undefined) => void;
  readonly onMoved: (from: string, to: string) => void;
  readonly onDrawn: (bars: readonly DrawnBar[]) => void;
}) {
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const drawing = useRef<ChartDrawing | undefined>(undefined);
  const handlers = useRef({ onPoint, onChoose, onMoved });
  handlers.current = { onPoint, onChoose, onMoved };
  const spoken = useRef<HTMLParagraphElement>(null);
  const dark = isDark.value;

  useEffect(() => {
    if (box.current === null) return;
    const made = new ChartDrawing(box.current, {
      onPoint: (bar) => handlers.current.onPoint(bar),
      onChoose: (bar) => handlers.current.onChoose(bar),
      onMoved: (from, to) => handlers.current.onMoved(from, to),
    });
    drawing.current = made;
    return () => {
      drawing.current = undefined;
      made.close();
    };
  }, []);

  // With the paint of the legend, which tells of the same bar.
  const told = useRef(0);
  told.current = pointed ?? chosen ?? picture.bars.length - 1;
  useLayoutEffect(() => drawing.current?.tell(told.current), [told.current]);
  // Before the bars, so that a new picture is shown with its own stretch of days at once.
  useEffect(() => drawing.current?.show(sight), [sight.from, sight.to, sight]);
  useEffect(() => {
    drawing.current?.draw(picture);
    drawing.current?.tell(told.current);
    onDrawn(drawing.current?.drawn() ?? []);
  }, [picture, onDrawn]);
  useEffect(() => drawing.current?.choose(chosen), [chosen]);
  useEffect(() => drawing.current?.useLogarithm(isLogarithmic), [isLogarithmic]);
  const paintedDark = useRef(dark);
  useEffect(() => {
    // The colours come from the style sheet, which the theme has switched by now.
    if (paintedDark.current !== dark) drawing.current?.repaint();
    paintedDark.current = dark;
  }, [dark]);

  const { bars } = picture;
  const walk = (to: number): void => {
    const bar = Math.min(bars.length - 1, Math.max(0, to));
    drawing.current?.point(bar);
    onPoint(bar);
    say(spoken.current, bars[bar]);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const at = pointed ?? chosen ?? bars.length;
    const steps: Readonly<Record<string, number>> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      PageUp: at - 20,
      PageDown: at + 20,
      Home: 0,
      End: bars.length - 1,
    };
    const to = steps[event.key];
    if (to !== undefined) {
      event.preventDefault();
      walk(to);
    } else if (event.key === 'Enter' && pointed !== undefined) {
      event.preventDefault();
      onChoose(pointed);
    } else if (event.key === 'Escape') {
      drawing.current?.unpoint();
      onPoint(undefined);
      onChoose(undefined);
    }
  };

  return (
    <figure class="chart-figure">
      <div
        ref={box}
        class={`chart-canvas own-${Math.min(OWN_PANES_MAX, picture.indicators.filter(({ pane }) => pane === 'own').length)}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the bars are walked with the arrow keys.
        tabIndex={0}
        role="application"
        aria-roledescription="chart"
        aria-label={label}
        aria-describedby={`${id}-summary ${id}-keys`}
        data-bars={bars.length}
        onKeyDown={onKeyDown}
      />
      <figcaption class="unseen">
        <p id={`${id}-summary`} data-part="chart-summary">
          {summary}
        </p>
        <p id={`${id}-keys`}>
          Left and right arrows walk the bars, Page Up and Page Down leap by twenty, Enter shows the facts of a bar. The
          same bars are in a table below.
        </p>
      </figcaption>
      <p ref={spoken} class="unseen" aria-live="polite" data-part="spoken-bar" />
    </figure>
  );
}

/** Spoken only for keys: a pointer passes too many bars. */
function say(element: HTMLElement | null, bar: Bar | undefined): void {
  if (element !== null && bar !== undefined) element.textContent = `${firstSessionOf(bar)}: ${describeBar(bar)}`;
}
