import { CondvestError } from '#base/errors.ts';
import type { RunStep } from '#ports/operations.ts';
import { BUILD_KIND, startBuild } from './build.ts';
import { statusTask } from './fetch-tasks.ts';
import { unfilledFrom } from './history.ts';
import type { Laptop } from './laptop.ts';
import type { PipelineRunReport } from './pipeline.ts';
import type { RunDesk } from './run-desk.ts';
import { AGAIN_MS, isVacuumDue, nextRun, type ScheduledRun } from './schedule.ts';
import { vacuumTask } from './tasks.ts';

export interface DaemonEvents {
  /** What comes next, and when. */
  readonly onNext: (next: ScheduledRun) => void;
  readonly onStep: (step: RunStep) => void;
  readonly onRun: (report: PipelineRunReport) => void;
  /** Something went wrong that the next run will try again. */
  readonly onTrouble: (error: CondvestError) => void;
}

/** Looked at the clock so often that a laptop's sleep is noticed within a minute of waking up. */
const TICK_MS = 30_000;
/** Runs one after the other that catch up with a long outage. */
const CATCH_UP_MAX = 100;
/** How soon a notice is tried again that did not get through. */
const DELIVER_MS = 5 * 60_000;
/** What a store of runs and notices throws that cannot be reached. */
const STORE_AWAY = 'operations-unavailable';
const VACUUM_KIND = 'vacuum';
/** Runs among which the last vacuum is looked for: several months of them. */
const RUNS_LOOKED_AT = 1000;

/**
 * Keeps the lake to the exchange's clock until it is told to stop: a run after each close, one when a session has settled, in
 * their turn consolidation (a step of every run) and vacuum. What was slept through is caught up with on waking.
 * `isWhole` says how the run before this call went; undefined where there was none.
 */
export async function keepTime(
  laptop: Laptop,
  desk: RunDesk,
  events: DaemonEvents,
  signal: AbortSignal,
  isWhole?: boolean,
): Promise<void> {
  const { clock } = laptop;
  let next = await follow(laptop, events, isWhole);
  let deliveredMs = clock.nowMs();
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
      if (clock.nowMs() - deliveredMs >= DELIVER_MS) {
        deliveredMs = clock.nowMs();
        await guarded({ ...events, onTrouble: () => undefined }, () => desk.deliverNotices());
      }
      continue;
    }
    const succeeded = await runOnce(laptop, desk, events, signal);
    if (signal.aborted) return;
    next = await follow(laptop, events, succeeded);
    events.onNext(next);
  }
}

/** Runs the pipeline until nothing is left that could be done by now. True where nothing failed. */
export async function runOnce(
  laptop: Laptop,
  desk: RunDesk,
  events: DaemonEvents,
  signal: AbortSignal,
): Promise<boolean> {
  const isFilled = await guarded(events, () => fillHistory(laptop, desk, events, signal));
  for (let runs = 0; runs < CATCH_UP_MAX; runs += 1) {
    const report = await guarded(events, async () => {
      try {
        const started = await desk.start({ input: {}, signal, onStep: events.onStep });
        const ended = await started.report;
        await desk.outage.back();
        return ended;
      } catch (cause) {
        if (cause instanceof CondvestError && cause.code === STORE_AWAY) await desk.outage.away(cause);
        throw cause;
      }
    });
    if (report === undefined) return false;
    events.onRun(report);
    if (report.run.state !== 'succeeded') return false;
    if (signal.aborted) return true;
    if (report.left > 0) continue;
    await guarded(events, () => vacuumInTurn(laptop, desk, signal));
    return isFilled === true;
  }
  return false;
}

/** Goes on with a history that an earlier process did not get to the end of. */
async function fillHistory(
  laptop: Laptop,
  desk: RunDesk,
  { onStep, onTrouble }: DaemonEvents,
  signal: AbortSignal,
): Promise<boolean> {
  const from = await unfilledFrom(laptop);
  if (from === undefined) return true;
  const { report } = await startBuild(laptop, desk, { origin: { kind: 'vendor', from }, signal, onStep });
  const { trouble } = await report;
  if (trouble !== undefined) onTrouble(trouble);
  return trouble === undefined;
}

async function vacuumInTurn(laptop: Laptop, desk: RunDesk, signal: AbortSignal): Promise<void> {
  const { calendar, clock } = laptop;
  const runs = await desk.runs(RUNS_LOOKED_AT);
  const last = runs.find(({ kind, state }) => (kind === VACUUM_KIND || kind === BUILD_KIND) && state === 'succeeded');
  if (!isVacuumDue(calendar, last?.startedMs, clock.nowMs())) return;
  const { ended } = await desk.record({ kind: VACUUM_KIND, input: {}, signal }, async ({ recorder }) => {
    await recorder.step(
      'vacuum',
      () => vacuumTask(laptop, {}),
      ({ files }) => ({ detail: `${files} files deleted` }),
    );
    return { error: null };
  });
  await ended;
}

/** The run after this one: soon, where the newest session is not whole yet or a run failed; else by the exchange's clock. */
async function follow(laptop: Laptop, events: DaemonEvents, isWhole: boolean | undefined): Promise<ScheduledRun> {
  const { calendar, clock } = laptop;
  const nowMs = clock.nowMs();
  const scheduled = nextRun(calendar, nowMs);
  if (isWhole === undefined) return scheduled;
  const session = calendar.lastClosedSession(nowMs);
  const isWaiting = async (): Promise<boolean> => {
    const { work } = await statusTask(laptop);
    return work.some((one) => one.session === session && nowMs < calendar.settlesAtMs(session));
  };
  if (isWhole && (await guarded(events, isWaiting)) === false) return scheduled;
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
