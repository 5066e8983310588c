import type {
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesPrimitive,
  SeriesAttachedParameter,
  Time,
} from 'lightweight-charts';
import { type Bar, firstSessionOf } from '../api/wire.ts';
import type { ChartColors } from './chart-colors.ts';
import { type EventGroup, groupMarks, type PlacedMark } from './event-groups.ts';
import type { EventMark } from './event-marks.ts';

/** Height of the lane at the bottom of the price pane, below the candles. */
export const LANE_PX = 22;
const SIZE_PX = 16;
const HALF_PX = SIZE_PX / 2;

type DrawTarget = Parameters<IPrimitivePaneRenderer['draw']>[0];

/**
 * Splits and dividends in a lane of their own below the candles. Those that would cover each other share one mark with
 * their number.
 */
export class EventLane implements ISeriesPrimitive<Time> {
  #chart: SeriesAttachedParameter<Time>['chart'] | undefined;
  #requestUpdate: (() => void) | undefined;
  #marks: readonly { readonly time: string; readonly mark: EventMark }[] = [];
  #colors: ChartColors | undefined;
  readonly #views: readonly IPrimitivePaneView[] = [
    { zOrder: () => 'top', renderer: () => ({ draw: (target) => this.#draw(target) }) },
  ];

  attached({ chart, requestUpdate }: SeriesAttachedParameter<Time>): void {
    this.#chart = chart;
    this.#requestUpdate = requestUpdate;
  }

  detached(): void {
    this.#chart = undefined;
    this.#requestUpdate = undefined;
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.#views;
  }

  setColors(colors: ChartColors): void {
    this.#colors = colors;
    this.#requestUpdate?.();
  }

  setMarks(bars: readonly Bar[], marks: readonly EventMark[]): void {
    this.#marks = marks.flatMap((mark) => {
      const bar = bars[mark.bar];
      return bar === undefined ? [] : [{ time: firstSessionOf(bar), mark }];
    });
    this.#requestUpdate?.();
  }

  #draw(target: DrawTarget): void {
    const scale = this.#chart?.timeScale();
    const colors = this.#colors;
    if (scale === undefined || colors === undefined) return;
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      const placed = this.#marks.flatMap(({ time, mark }): PlacedMark[] => {
        const x = scale.timeToCoordinate(time as Time);
        return x === null || x < 0 || x > mediaSize.width
          ? []
          : [{ x: Math.min(mediaSize.width - HALF_PX, Math.max(HALF_PX, x)), mark }];
      });
      context.font = `600 10px ${colors.font}`;
      context.textAlign = 'center';
      context.textBaseline = 'middle';
      for (const group of groupMarks(placed, SIZE_PX + 2)) drawGroup(context, group, mediaSize, colors);
    });
  }
}

function drawGroup(
  context: CanvasRenderingContext2D,
  { x, label, hasSplit }: EventGroup,
  { height }: { readonly height: number },
  colors: ChartColors,
): void {
  context.beginPath();
  context.roundRect(x - HALF_PX, height - LANE_PX + 3, SIZE_PX, SIZE_PX, hasSplit ? 3 : HALF_PX);
  context.fillStyle = colors.background;
  context.fill();
  context.strokeStyle = hasSplit ? colors.note : colors.accent;
  context.lineWidth = 1.5;
  context.stroke();
  context.fillStyle = context.strokeStyle;
  context.fillText(label, x, height - LANE_PX + 3.5 + HALF_PX);
}
