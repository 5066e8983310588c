/** The shapes of the reports that tasks give, for whoever shows them. */

export type { ConsolidateReport } from '#batch/consolidate.ts';
export { DATASETS } from '#batch/import/columns.ts';
export type { DatasetReport, ImportReport } from '#batch/import/report.ts';
export type { VacuumLakeReport } from '#batch/vacuum.ts';
export type { VerifyReport } from '#batch/verify/verify.ts';
export type { Notice as NoticeView, Run as RunView, RunStep as StepView } from '#ports/operations.ts';
export type { RunDetails as PipelineRunView } from '../runs/run-service.ts';
