import type { IPaneApi, Time } from 'lightweight-charts';
import { price } from '../format.ts';
import type { ComputedIndicator } from './indicators.ts';

/**
 * Names and values of the oscillators, at the top left of their panes. They are positioned over the chart's canvases,
 * since the borders between panes can be dragged. Hidden from screen readers.
 */
export class PaneLabels {
  readonly #container: HTMLElement;
  readonly #sizes = new ResizeObserver(() => this.#updatePositions());
  #labels: {
    readonly pane: IPaneApi<Time>;
    readonly element: HTMLElement;
    readonly updates: ((bar: number) => void)[];
  }[] = [];

  #bar = 0;

  constructor(container: HTMLElement) {
    this.#container = container;
  }

  /** Replaces the labels with those of these panes. */
  setPanes(panes: readonly (readonly [pane: IPaneApi<Time>, indicator: ComputedIndicator])[]): void {
    this.clear();
    this.#labels = panes.map(([pane, indicator]) => {
      const element = document.createElement('div');
      element.className = 'legend pane-label number';
      element.dataset['part'] = 'pane-label';
      element.setAttribute('aria-hidden', 'true');
      const row = element.appendChild(document.createElement('div'));
      const updates = indicator.lines.map((line) => {
        const span = row.appendChild(document.createElement('span'));
        span.className = line.series === undefined ? 'line-value' : `line-value series-${line.series}`;
        const value = document.createElement('b');
        span.append(`${line.name} `, value);
        return (bar: number): void => {
          value.textContent = price(line.values[bar]);
        };
      });
      this.#container.append(element);
      return { pane, element, updates };
    });
    this.showValuesAt(this.#bar);
    this.#sizes.observe(this.#container);
    // The library creates the elements of new panes in the next frame.
    requestAnimationFrame(() => {
      for (const { pane } of this.#labels) {
        const element = pane.getHTMLElement();
        if (element !== null) this.#sizes.observe(element);
      }
      this.#updatePositions();
    });
  }

  showValuesAt(bar: number): void {
    this.#bar = bar;
    for (const { updates } of this.#labels) for (const update of updates) update(bar);
  }

  clear(): void {
    this.#sizes.disconnect();
    for (const { element } of this.#labels) element.remove();
    this.#labels = [];
  }

  #updatePositions(): void {
    const { top } = this.#container.getBoundingClientRect();
    for (const { pane, element } of this.#labels) {
      const paneBox = pane.getHTMLElement()?.getBoundingClientRect();
      if (paneBox !== undefined) element.style.top = `${Math.round(paneBox.top - top)}px`;
    }
  }
}
