import { CondvestError } from '#base/errors.ts';
import type { RunStep } from '#ports/operations.ts';

import { statusTask } from './fetch-tasks.ts';
import type { Laptop } from './laptop.ts';
import type { PipelineRunReport } from './pipeline.ts';
import { pipelineTask } from './pipeline-tasks.ts';
import { AGAIN_MS, isVacuumTurn, nextRun, type ScheduledRun } from './schedule.ts';
import { vacuumTask } from './tasks.ts';

export interface DaemonEvents {
  /** What comes next, and when. */
  readonly onNext: (next: ScheduledRun) => void;
  readonly onStep: (step: RunStep) => void;
  readonly onRun: (report: PipelineRunReport) => void;
  /** Something went wrong that the next run will try again. */
  readonly onTrouble: (error: CondvestError) => void;
  readonly write: (line: string) => void;
}

/** Looked at the clock so often that a laptop's sleep is noticed within a minute of waking up. */
const TICK_MS = 30_000;
/** Runs one after the other that catch up with a long outage. */
const CATCH_UP_MAX = 100;

/**
 * Keeps the lake to the exchange's clock until it is told to stop: a run after each close, one when a session has settled, in
 * their turn consolidation (a step of every run) and vacuum. What was slept through is caught up with on waking.
 */
export async function keepTime(laptop: Laptop, events: DaemonEvents, signal: AbortSignal): Promise<void> {
  const { calendar, clock } = laptop;
  let next = await follow(laptop, undefined);
  events.onNext(next);
  while (!signal.aborted) {
    const waitMs = next.atMs - clock.nowMs();
    if (waitMs > 0) {
      try {
        await clock.sleep(Math.min(waitMs, TICK_MS), signal);
      } catch (cause) {
        if (signal.aborted) return;
        throw cause;
      }
      continue;
    }
    const isWhole = await runOnce(laptop, events, signal);
    if (signal.aborted) return;
    if (isWhole && isVacuumTurn(calendar, next)) await guarded(events, () => vacuumTask(laptop, {}));
    next = await follow(laptop, isWhole);
    events.onNext(next);
  }
}

/** Runs the pipeline until nothing is left that could be fetched by now. True where nothing failed. */
export async function runOnce(laptop: Laptop, events: DaemonEvents, signal: AbortSignal): Promise<boolean> {
  for (let runs = 0; runs < CATCH_UP_MAX; runs += 1) {
    const report = await guarded(events, () =>
      pipelineTask(laptop, { input: {}, signal, onStep: events.onStep, write: events.write }),
    );
    if (report === undefined) return false;
    events.onRun(report);
    if (report.run.state !== 'succeeded') return false;
    const hasMore = report.steps.some(({ step, detail }) => step === 'plan' && detail?.includes('more left') === true);
    if (!hasMore || signal.aborted) return true;
  }
  return false;
}

/** The run after this one: soon, where the newest session is not whole yet or a run failed; else by the exchange's clock. */
async function follow(laptop: Laptop, isWhole: boolean | undefined): Promise<ScheduledRun> {
  const { calendar, clock } = laptop;
  const nowMs = clock.nowMs();
  const scheduled = nextRun(calendar, nowMs);
  if (isWhole === undefined) return scheduled;
  const status = await statusTask(laptop);
  const session = calendar.lastClosedSession(nowMs);
  const isWaiting = status.work.some((work) => work.session === session && nowMs < calendar.settlesAtMs(session));
  if (isWhole && !isWaiting) return scheduled;
  const atMs = Math.min(nowMs + AGAIN_MS, scheduled.atMs);
  return atMs === scheduled.atMs ? scheduled : { atMs, reason: 'again', session };
}

/** Trouble of the world is told and survived; a bug ends the process. */
async function guarded<T>(events: DaemonEvents, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof CondvestError)) throw cause;
    events.onTrouble(cause);
    return undefined;
  }
}
