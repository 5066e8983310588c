import { formatCount } from './render/text.ts';
import type { Progress, Terminal } from './terminal.ts';

/** How far the step is that is under way: a bar where somebody watches, a line a minute in a log. */
export interface StepProgress {
  /** A step of another name takes the place of the one before. */
  update(step: string, done: number, total: number, detail: string): void;
  stop(): void;
}

/** Where no bar can be drawn, a line is written this often. */
const LINE_EVERY_MS = 60_000;

export function stepProgress(terminal: Terminal): StepProgress {
  let shown: { readonly step: string; readonly bar: Progress } | undefined;
  let linedMs = performance.now();
  const stop = (): void => {
    shown?.bar.stop();
    shown = undefined;
  };
  return {
    stop,
    update: (step, done, total, detail) => {
      if (shown?.step !== step) {
        stop();
        shown = { step, bar: terminal.progress(step) };
      }
      shown.bar.update(done, total, detail);
      const nowMs = performance.now();
      if (terminal.isErrorTty || nowMs - linedMs < LINE_EVERY_MS) return;
      linedMs = nowMs;
      const count = total > 1 ? `${formatCount(done)} of ${formatCount(total)}: ` : '';
      terminal.note(`${step.padEnd(11)} ${count}${detail}`);
    },
  };
}
