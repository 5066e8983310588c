import { plural } from '#base/plural.ts';
import type { VacuumLakeReport } from '#runtime/tasks/reports.ts';
import { vacuumTask } from '#runtime/tasks/tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { flagOption, wholeOption } from './options.ts';
import { formatBytes } from './render/text.ts';
import { withApp } from './with-app.ts';

const RETENTION_DAYS_MAX = 400;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const retentionDays = wholeOption(invocation, 'retentionDays', 0, RETENTION_DAYS_MAX);
  const report = await withApp(invocation, (app) =>
    vacuumTask(app, {
      dryRun: flagOption(invocation, 'dryRun'),
      force: flagOption(invocation, 'force'),
      ...(retentionDays === undefined ? {} : { retentionDays }),
    }),
  );
  if (terminal.json) await terminal.line(JSON.stringify(report, undefined, 2));
  else for (const line of describeVacuum(report)) if (!(await terminal.line(line))) break;
  return 0;
}

/** Describes each deleted file and the total, line by line. */
export function describeVacuum(report: VacuumLakeReport): string[] {
  const lines: string[] = [];
  for (const { table, files, logFiles } of report.tables) {
    for (const file of files) lines.push(`${table}/${file.path}  ${formatBytes(file.sizeBytes)}  ${file.reason}`);
    for (const file of logFiles) lines.push(`${file.path}  ${formatBytes(file.sizeBytes)}  log`);
  }
  for (const note of report.notes) lines.push(`note: ${note}`);
  const verb = report.dryRun ? 'would be deleted' : 'deleted';
  lines.push(
    report.files === 0
      ? 'Nothing to delete.'
      : `${plural(report.files, 'file')}, ${formatBytes(report.bytes)}, ${verb}`,
  );
  return lines;
}
