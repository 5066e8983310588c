import type { InstantMs } from '#base/dates.ts';
import { CondvestError, UsageError } from '#base/errors.ts';
import { plural } from '#base/plural.ts';
import type { RunStep } from '#ports/operations.ts';
import type { AppContext } from '../app.ts';
import { isFromVendor } from '../config/source-choice.ts';
import type { PipelineRunReport } from '../runs/pipeline.ts';
import type { RunDesk } from '../runs/run-service.ts';
import { statusTask } from '../tasks/fetch-tasks.ts';
import { hasBars } from '../tasks/has-bars.ts';
import { vacuumTask } from '../tasks/tasks.ts';
import { BUILD_KIND, type BuildOrigin, type BuildReport } from './build.ts';
import { unfilledFrom } from './history.ts';
import { isVacuumDue, nextRun, runAfter, type ScheduledRun } from './schedule.ts';

/** Who runs the daemon: what it is told, and what it does in its own way. */
export interface DaemonHost {
  /** Fills the lake by `startBuild` and shows how it goes. */
  readonly fill: (origin: BuildOrigin) => Promise<BuildReport>;
  /** What comes next, and when. */
  readonly onNext: (next: ScheduledRun) => void;
  readonly onStep: (step: RunStep) => void;
  readonly onRun: (report: PipelineRunReport) => void;
  /** Something went wrong that the next run will try again. */
  readonly onTrouble: (error: CondvestError) => void;
}

export interface RunBefore {
  readonly startedMs: InstantMs;
  /** Nothing failed. */
  readonly isWhole: boolean;
}

/** Looked at the clock so often that a laptop's sleep is noticed within a minute of waking up. */
const TICK_MS = 30_000;
/** Runs one after the other that catch up with a long outage. */
const CATCH_UP_MAX = 100;
/** How soon a notice is tried again that did not get through. */
const DELIVER_MS = 5 * 60_000;
/** What a store of runs and notices throws that cannot be reached. */
const STORE_AWAY = 'operations-unavailable';
/** What another process has that is at work on the lake. */
const BUSY = 'pipeline-busy';
/** Its end is looked for so often, and for longer than the lease of one that died in another place lives. */
const BUSY_MS = 5000;
const BUSY_LOOKS_MAX = 26;
const VACUUM_KIND = 'vacuum';
/** Runs among which the last vacuum is looked for: several months of them. */
const RUNS_LOOKED_AT = 1000;

/**
 * Keeps the lake to the exchange's clock until it is told to stop: a run after each close, one when a session has settled, in
 * their turn consolidation (a step of every run) and vacuum. What was slept through is caught up with on waking.
 * `before` says how the run before this call went; undefined where there was none.
 */
export async function keepTime(
  app: AppContext,
  desk: RunDesk,
  host: DaemonHost,
  signal: AbortSignal,
  before?: RunBefore,
): Promise<void> {
  const { calendar, clock } = app;
  let next = before === undefined ? nextRun(calendar, clock.nowMs()) : await follow(app, host, before);
  let deliveredMs = clock.nowMs();
  let seenMs = clock.nowMs();
  host.onNext(next);
  while (!signal.aborted) {
    const nowMs = clock.nowMs();
    // A clock that was ahead and was set right: what was planned by it would be waited for as long as it was ahead.
    if (nowMs < seenMs) {
      next = runAfter(calendar, { startedMs: nowMs, endedMs: nowMs, again: next.reason === 'again' });
      deliveredMs = nowMs;
      host.onNext(next);
    }
    seenMs = nowMs;
    const waitMs = next.atMs - nowMs;
    if (waitMs > 0) {
      try {
        await clock.sleep(Math.min(waitMs, TICK_MS), signal);
      } catch (cause) {
        if (signal.aborted) return;
        throw cause;
      }
      if (clock.nowMs() - deliveredMs >= DELIVER_MS) {
        deliveredMs = clock.nowMs();
        await guarded(quiet(host), () => desk.deliverNotices());
      }
      continue;
    }
    const isWhole = await runOnce(app, desk, host, signal);
    if (signal.aborted) return;
    next = await follow(app, host, { startedMs: nowMs, isWhole });
    host.onNext(next);
  }
}

/** Fills the lake. True where it is whole. */
export async function fillNow(host: DaemonHost, origin: BuildOrigin): Promise<boolean> {
  const { verified, trouble } = await host.fill(origin);
  return verified.findingCount === 0 && trouble === undefined;
}

/**
 * Fills an empty lake. What is wrong with the configuration (a wrong key) or with the home is thrown; a source or a store that is
 * away is told of once, and what could not be had is left to `keepTime`. True where the lake is whole.
 */
export async function fillFirst(
  app: AppContext,
  desk: RunDesk,
  host: DaemonHost,
  origin: BuildOrigin,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const isWhole = await whenFree(app, host, signal, () => fillNow(host, origin));
    await desk.tellOfRun(BUILD_KIND, null);
    return isWhole;
  } catch (cause) {
    if (signal.aborted || !(cause instanceof CondvestError) || !mayPass(cause)) throw cause;
    host.onTrouble(cause);
    if (cause.code === STORE_AWAY) await guarded(host, () => desk.outage.away(cause));
    else await desk.tellOfRun(BUILD_KIND, cause.message);
    return false;
  }
}

/** It may be over by itself, or be mended elsewhere while this process goes on. */
function mayPass(cause: CondvestError): boolean {
  return !(cause instanceof UsageError) && cause.kind !== 'corrupt' && cause.code !== BUSY;
}

/** Runs the pipeline until nothing is left that could be done by now. True where nothing failed. */
export async function runOnce(app: AppContext, desk: RunDesk, host: DaemonHost, signal: AbortSignal): Promise<boolean> {
  const isFilled = await guarded(host, () => fillHistory(app, desk, host, signal));
  // A run would begin the market with today, and nobody would fill it any more.
  const isEmpty = async (): Promise<boolean> => (await unfilledMarket(app)) !== undefined;
  if (isFilled === undefined && (await guarded(quiet(host), isEmpty)) === true) return false;
  let leftBefore = Number.POSITIVE_INFINITY;
  for (let runs = 0; runs < CATCH_UP_MAX; runs += 1) {
    const report = await guarded(host, async () => {
      try {
        const started = await whenFree(app, host, signal, () => desk.start({ input: {}, signal, onStep: host.onStep }));
        const ended = await started.report;
        await desk.outage.back();
        return ended;
      } catch (cause) {
        if (cause instanceof CondvestError && cause.code === STORE_AWAY) await desk.outage.away(cause);
        throw cause;
      }
    });
    if (report === undefined) return false;
    host.onRun(report);
    if (report.run.state !== 'succeeded') return false;
    if (signal.aborted) return true;
    // Where no fewer are left than before, another run at once would ask for the same again.
    if (report.left > 0 && report.left < leftBefore) {
      leftBefore = report.left;
      continue;
    }
    // What a filling had failed at, the run has done: the history is there, and all that is derived from it.
    if (isFilled === true) await desk.tellOfRun(BUILD_KIND, null);
    await guarded(host, () => vacuumInTurn(app, desk, signal));
    return isFilled === true;
  }
  return false;
}

/** Goes on with a history that an earlier process, or an earlier try, did not get to the end of. */
async function fillHistory(app: AppContext, desk: RunDesk, host: DaemonHost, signal: AbortSignal): Promise<boolean> {
  const origin = (await unfilledMarket(app)) ?? (await unfilledHistory(app));
  if (origin === undefined) return true;
  const { trouble } = await desk.telling(
    BUILD_KIND,
    signal,
    () => whenFree(app, host, signal, () => host.fill(origin)),
    ({ verified: { findingCount } }) =>
      findingCount === 0 ? null : `Verification found ${plural(findingCount, 'problem')}`,
  );
  return trouble === undefined;
}

async function unfilledHistory(app: AppContext): Promise<BuildOrigin | undefined> {
  const from = await unfilledFrom(app);
  return from === undefined ? undefined : { kind: 'vendor', from };
}

/** The simulated market of a home whose lake is still empty. */
async function unfilledMarket(app: AppContext): Promise<BuildOrigin | undefined> {
  if (isFromVendor(app.config) || (await hasBars(app))) return undefined;
  const market = await app.simulatedMarket();
  return market === undefined ? undefined : { kind: 'simulated', market };
}

/**
 * Waits for another process that is still at work, such as one whose server was killed and that gets to its next sound point; of one
 * that goes on for longer, the next run is told.
 */
async function whenFree<T>(
  { clock }: AppContext,
  host: DaemonHost,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  for (let looks = 1; ; looks += 1) {
    try {
      return await work();
    } catch (cause) {
      const isBusy = cause instanceof CondvestError && cause.code === BUSY;
      if (!isBusy || looks >= BUSY_LOOKS_MAX) throw cause;
      if (looks === 1) host.onTrouble(cause);
      await clock.sleep(BUSY_MS, signal);
    }
  }
}

async function vacuumInTurn(app: AppContext, desk: RunDesk, signal: AbortSignal): Promise<void> {
  const { calendar, clock } = app;
  const runs = await desk.runs(RUNS_LOOKED_AT);
  const last = runs.find(({ kind, state }) => (kind === VACUUM_KIND || kind === BUILD_KIND) && state === 'succeeded');
  if (!isVacuumDue(calendar, last?.startedMs, clock.nowMs())) return;
  await desk.telling(VACUUM_KIND, signal, async () => {
    const { ended } = await desk.record({ kind: VACUUM_KIND, input: {}, signal }, async ({ recorder }) => {
      await recorder.step(
        'vacuum',
        () => vacuumTask(app, {}),
        ({ files }) => ({ detail: `${files} files deleted` }),
      );
      return { error: null };
    });
    await ended;
  });
}

/** The run after this one: soon, where the newest session is not whole yet or a run failed; else by the exchange's clock. */
async function follow(app: AppContext, host: DaemonHost, { startedMs, isWhole }: RunBefore): Promise<ScheduledRun> {
  const { calendar, clock } = app;
  const endedMs = clock.nowMs();
  const session = calendar.lastClosedSession(endedMs);
  const isWaiting = async (): Promise<boolean> => {
    const { work } = await statusTask(app);
    return work.some((one) => one.session === session && endedMs < calendar.settlesAtMs(session));
  };
  const again = !isWhole || (await guarded(host, isWaiting)) !== false;
  return runAfter(calendar, { startedMs, endedMs, again });
}

function quiet(host: DaemonHost): DaemonHost {
  return { ...host, onTrouble: () => undefined };
}

/** Trouble of the world is told and survived; a bug ends the process. */
async function guarded<T>(host: DaemonHost, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof CondvestError)) throw cause;
    host.onTrouble(cause);
    return undefined;
  }
}
