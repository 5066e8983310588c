import { plural } from '#base/plural.ts';
import type { VacuumLakeReport } from '#runtime/tasks/reports.ts';
import { vacuumTask } from '#runtime/tasks/tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { flagOption, wholeOption } from './options.ts';
import { formatBytes } from './render/text.ts';
import { report } from './report.ts';
import { withReader, withWriter } from './with-app.ts';

const RETENTION_DAYS_MAX = 400;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const retentionDays = wholeOption(invocation, 'retentionDays', 0, RETENTION_DAYS_MAX);
  const dryRun = flagOption(invocation, 'dryRun');
  const vacuumed = await (dryRun ? withReader : withWriter)(invocation, (app) =>
    vacuumTask(app, {
      dryRun,
      force: flagOption(invocation, 'force'),
      ...(retentionDays === undefined ? {} : { retentionDays }),
    }),
  );
  await report(terminal, vacuumed, () => describeVacuum(vacuumed));
  return 0;
}

/** Describes each deleted file and the total, line by line. */
export function describeVacuum(vacuumed: VacuumLakeReport): string[] {
  const lines: string[] = [];
  for (const { table, files, logFiles } of vacuumed.tables) {
    for (const file of files) lines.push(`${table}/${file.path}  ${formatBytes(file.sizeBytes)}  ${file.reason}`);
    for (const file of logFiles) lines.push(`${file.path}  ${formatBytes(file.sizeBytes)}  log`);
  }
  for (const note of vacuumed.notes) lines.push(`note: ${note}`);
  const verb = vacuumed.dryRun ? 'would be deleted' : 'deleted';
  lines.push(
    vacuumed.files === 0
      ? 'Nothing to delete.'
      : `${plural(vacuumed.files, 'file')}, ${formatBytes(vacuumed.bytes)}, ${verb}`,
  );
  return lines;
}
