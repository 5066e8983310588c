import type { IsoDate } from '#base/dates.ts';
import type { WarningExample } from '#lake/reports.ts';

const EXAMPLES_MAX = 10;

/** Counts warnings by kind, and keeps the first examples of each. */
export class WarningTally {
  readonly examplesMax: number;
  readonly counts: Record<string, number> = {};
  readonly examples: WarningExample[] = [];

  constructor(examplesMax: number = EXAMPLES_MAX) {
    this.examplesMax = examplesMax;
  }

  add(kind: string, symbol: string, date: IsoDate, detail: string): void {
    const count = (this.counts[kind] ?? 0) + 1;
    this.counts[kind] = count;
    if (count <= this.examplesMax) this.examples.push({ kind, symbol, date, detail });
  }

  /** Adds a session whose row count is far from its neighbors'. */
  addOffMedian(kind: string, date: IsoDate, rows: number, median: number | null): void {
    this.add(kind, '', date, `${rows} bars, while its neighbors have ${median}`);
  }
}
