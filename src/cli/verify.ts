import { plural } from '#base/plural.ts';
import type { VerifyReport } from '#runtime/tasks/reports.ts';
import { verifyTask } from '#runtime/tasks/tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { flagOption } from './options.ts';
import { formatCount } from './render/text.ts';
import { withApp } from './with-app.ts';

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const report = await withApp(invocation, async (app) => {
    const progress = terminal.progress('verifying');
    try {
      return await verifyTask(app, { deep: flagOption(invocation, 'deep') }, ({ table, done, total }) =>
        progress.update(done, total, table),
      );
    } finally {
      progress.stop();
    }
  });
  if (terminal.json) await terminal.line(JSON.stringify(report, undefined, 2));
  else for (const line of describeVerify(report)) await terminal.line(line);
  return report.findingCount > 0 ? 1 : 0;
}

/** Describes the findings and the total, line by line. */
export function describeVerify(report: VerifyReport): string[] {
  const files = report.tables.reduce((sum, table) => sum + table.files, 0);
  const rows = report.tables.reduce((sum, table) => sum + table.rows, 0);
  const lines = report.findings.map(({ table, check, message }) => `${table}: ${check}: ${message}`);
  if (report.findings.length < report.findingCount)
    lines.push(`… and ${formatCount(report.findingCount - report.findings.length)} more`);
  for (const note of report.notes) lines.push(`note: ${note}`);
  const checked = `${plural(report.tables.length, 'table')}, ${plural(files, 'file')}, ${plural(rows, 'row')}`;
  const deep = report.deep ? `; ${plural(report.comparedRows, 'silver row')} derived again and compared` : '';
  lines.push(
    report.findingCount === 0
      ? `No problems in ${checked}${deep}.`
      : `${plural(report.findingCount, 'problem')} in ${checked}${deep}.`,
  );
  return lines;
}
