import { defined } from '#base/assert.ts';
import { type AdjustmentPlan, planAdjustment } from '#market/adjust.ts';
import { BAR_FIELDS, type BarValues, type DailyBar } from '#market/bar.ts';
import { foldWindow } from '#market/window.ts';
import type { BarsQuery } from './bars-query.ts';
import { readDailyRows } from './daily-rows.ts';
import type { WindowExplanation, WindowPart } from './served-bars.ts';
import type { ReadWindow } from './window-bars.ts';

/**
 * Explains windows: their daily bars as traded, and the factors of each run of them. Reads all daily rows of the
 * windows once.
 */
export async function explainer(
  query: BarsQuery,
  windows: readonly ReadWindow[],
  plan: AdjustmentPlan,
): Promise<(window: ReadWindow) => WindowExplanation> {
  const [first, last] = [windows[0], windows.at(-1)];
  if (first === undefined || last === undefined) return (window) => explanationOf(query, window, [], plan);
  const range = { from: first.bar.firstSession, to: last.bar.lastSession };
  const rows = await readDailyRows(query.deps.lake, query.pinned.bars, { spans: query.spans, ...range });
  let next = 0;
  const ofWindow = new Map(
    windows.map((window) => {
      const start = next;
      while (next < rows.length && (rows[next]?.session ?? '') <= window.bar.lastSession) next += 1;
      return [window, rows.slice(start, next)] as const;
    }),
  );
  return (window) => explanationOf(query, window, ofWindow.get(window) ?? [], plan);
}

function explanationOf(
  query: BarsQuery,
  window: ReadWindow,
  rows: readonly DailyBar[],
  whole: AdjustmentPlan,
): WindowExplanation {
  const first = defined(rows[0], 'a window is made of daily rows');
  // A raw bar is on the share basis of its own last published session: splits up to that one apply inside it.
  const plan =
    query.adjust === 'raw'
      ? planAdjustment({ adjustment: 'split', splits: query.splits, lastPublished: window.lastPublished })
      : whole;
  const asTraded = (part: readonly DailyBar[]): BarValues => {
    const described = { number: 0, ...window.bar, lastPublished: window.lastPublished };
    const folded = foldWindow(described, query.securityId, part, []);
    return Object.fromEntries(BAR_FIELDS.map((field) => [field, folded[field]])) as unknown as BarValues;
  };
  const parts = runsOf(rows, plan).map((run): WindowPart => {
    const [start, end] = [run[0] ?? first, run.at(-1) ?? first];
    const { price: priceFactor, volume: volumeFactor } = plan.factorsOf(start.session);
    return {
      firstSession: start.session,
      lastSession: end.session,
      sessions: run.length,
      raw: asTraded(run),
      priceFactor,
      volumeFactor,
    };
  });
  const [only] = parts;
  const isOne = parts.length === 1;
  return {
    origin: window.origin,
    raw: asTraded(rows),
    priceFactor: (isOne ? only?.priceFactor : undefined) ?? null,
    volumeFactor: (isOne ? only?.volumeFactor : undefined) ?? null,
    parts,
    events: plan.eventsAfter(first.session),
    sources: [...new Set(rows.map(({ source }) => source))].sort(),
  };
}

/** Neighbouring rows that the same events come after. */
function runsOf(rows: readonly DailyBar[], plan: AdjustmentPlan): DailyBar[][] {
  const runs: DailyBar[][] = [];
  let later = -1;
  for (const row of rows) {
    const count = plan.eventsAfter(row.session).length;
    if (count === later) runs.at(-1)?.push(row);
    else runs.push([row]);
    later = count;
  }
  return runs;
}
