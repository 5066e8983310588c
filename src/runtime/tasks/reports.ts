/** Report types of the tasks, for the command line. */

export type { ConsolidateReport } from '#batch/consolidate.ts';
export { DATASETS } from '#batch/import/columns.ts';
export { DATE_ORDERS } from '#batch/import/date-style.ts';
export type { DatasetReport, ImportReport } from '#batch/import/report.ts';
export type { DamageReport } from '#batch/repair-damaged.ts';
export type { RestoreReport } from '#batch/restore.ts';
export type { VacuumLakeReport } from '#batch/vacuum.ts';
export type { VerifyReport } from '#batch/verify/verify.ts';
export type { GapsReport } from '#lake/reports.ts';
export type { RestorePoint } from '#lake/restore.ts';
export type { DeadLetter as DeadLetterView, Notice as NoticeView } from '#ports/notices.ts';
export type { Run as RunView, RunStep as StepView } from '#ports/runs.ts';
export type { TableSummary } from '#serving/read/tables.ts';
export type { RunDetails as PipelineRunView } from './pipeline-tasks.ts';
