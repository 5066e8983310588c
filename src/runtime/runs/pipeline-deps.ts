import type { FetchDeps } from '#batch/fetch/fetched-session.ts';
import type { ReportDeps } from '#batch/pipeline/report-step.ts';
import type { PipelineDeps } from '#batch/pipeline/steps.ts';
import type { DailySource } from '#ports/daily-source.ts';
import type { ListingsIndex } from '#ports/listings-index.ts';
import type { AppContext } from '../app.ts';

/** Dependencies of a pipeline run. */
export interface PipelineRunDeps extends ReportDeps {
  readonly listings: ListingsIndex;
}

export function fetchDeps({ lake, calendar, clock, config }: AppContext, source: DailySource): FetchDeps {
  const { sourceRanks, partialShare, intervals, quarantineBound } = config;
  const rules = { sourceRanks, partialShare, longestInterval: Math.max(1, ...intervals), quarantineBound };
  return { lake, calendar, clock, source, rules };
}

export function pipelineDeps(app: AppContext, source: DailySource): PipelineDeps {
  return { ...fetchDeps(app, source), intervals: app.config.intervals };
}
