import type { FetchDeps } from '#batch/fetch/fetched-session.ts';
import type { PipelineDeps } from '#batch/pipeline/steps.ts';
import type { Clock } from '#ports/clock.ts';
import type { DailySource } from '#ports/daily-source.ts';
import type { Notifier } from '#ports/notifier.ts';
import type { Operations } from '#ports/operations.ts';
import type { Random } from '#ports/random.ts';
import type { AppContext } from '../app.ts';

/** What a run of the pipeline works with. */
export interface PipelineRunDeps {
  readonly pipeline: PipelineDeps;
  readonly operations: Operations;
  readonly notifiers: readonly Notifier[];
  readonly clock: Clock;
  readonly random: Random;
  /** Told of a notice that a channel will not be given any more. */
  readonly onGivenUp?: (line: string) => void;
}

export function fetchDeps({ lake, calendar, clock, config }: AppContext, source: DailySource): FetchDeps {
  const { sourceRanks, partialShare, intervals, quarantineBound } = config;
  const rules = { sourceRanks, partialShare, longestInterval: Math.max(1, ...intervals), quarantineBound };
  return { lake, calendar, clock, source, rules };
}

export function pipelineDeps(app: AppContext, source: DailySource): PipelineDeps {
  return { ...fetchDeps(app, source), intervals: app.config.intervals };
}
