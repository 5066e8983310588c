import { formatCount } from './render/text.ts';
import type { Progress, Terminal } from './terminal.ts';

/** Progress of the current step: a bar on a terminal, a line per minute in a log. */
export interface StepProgress extends Disposable {
  /** Updates the step. A new name starts a new bar. */
  update(step: string, done: number, total: number, detail: string): void;
  /** Ends the bar of the current step, as disposing does. */
  stop(): void;
}

/** Interval of the lines if there is no terminal. */
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
    [Symbol.dispose]: stop,
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
