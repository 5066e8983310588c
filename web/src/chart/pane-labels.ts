import type { IPaneApi, Time } from 'lightweight-charts';
import { price } from '../format.ts';
import type { DrawnIndicator } from './indicators.ts';

/**
 * The names and values of indicators that have a pane of their own, at the top left of that pane. They stand in the chart's own
 * box, above its canvases, since a person can move the borders between panes. The page's other legend and the table say the
 * same to those who do not see them.
 */
export class PaneLabels {
  readonly #box: HTMLElement;
  readonly #sizes = new ResizeObserver(() => this.#place());
  #labels: {
    readonly pane: IPaneApi<Time>;
    readonly element: HTMLElement;
    readonly tells: ((bar: number) => void)[];
  }[] = [];

  #bar = 0;

  constructor(box: HTMLElement) {
    this.#box = box;
  }

  /** Labels of these panes instead of those before. */
  show(panes: readonly (readonly [pane: IPaneApi<Time>, drawn: DrawnIndicator])[]): void {
    this.clear();
    this.#labels = panes.map(([pane, drawn]) => {
      const element = document.createElement('div');
      element.className = 'legend pane-label number';
      element.dataset['part'] = 'pane-label';
      element.setAttribute('aria-hidden', 'true');
      const row = element.appendChild(document.createElement('div'));
      const tells = drawn.lines.map((line) => {
        const span = row.appendChild(document.createElement('span'));
        span.className = line.series === undefined ? 'line-value' : `line-value series-${line.series}`;
        const value = document.createElement('b');
        span.append(`${line.name} `, value);
        return (bar: number): void => {
          value.textContent = price(line.values[bar]);
        };
      });
      this.#box.append(element);
      return { pane, element, tells };
    });
    this.tell(this.#bar);
    this.#sizes.observe(this.#box);
    // The library makes the elements of new panes with its next paint.
    requestAnimationFrame(() => {
      for (const { pane } of this.#labels) {
        const element = pane.getHTMLElement();
        if (element !== null) this.#sizes.observe(element);
      }
      this.#place();
    });
  }

  /** The values of this bar. */
  tell(bar: number): void {
    this.#bar = bar;
    for (const { tells } of this.#labels) for (const tell of tells) tell(bar);
  }

  clear(): void {
    this.#sizes.disconnect();
    for (const { element } of this.#labels) element.remove();
    this.#labels = [];
  }

  #place(): void {
    const { top } = this.#box.getBoundingClientRect();
    for (const { pane, element } of this.#labels) {
      const place = pane.getHTMLElement()?.getBoundingClientRect();
      if (place !== undefined) element.style.top = `${Math.round(place.top - top)}px`;
    }
  }
}
