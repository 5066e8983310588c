import { plural } from '#base/plural.ts';
import type { VerifyReport } from '#runtime/tasks/reports.ts';
import { verifyTask } from '#runtime/tasks/tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { flagOption } from './options.ts';
import { formatCount } from './render/text.ts';
import { report } from './report.ts';
import { withReader } from './with-app.ts';

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const verified = await withReader(invocation, async (app) => {
    using progress = terminal.progress('verifying');
    return await verifyTask(app, { deep: flagOption(invocation, 'deep') }, ({ table, done, total }) =>
      progress.update(done, total, table),
    );
  });
  await report(terminal, verified, () => describeVerify(verified));
  return verified.findingCount > 0 ? 1 : 0;
}

/** Describes the findings and the total, line by line. */
export function describeVerify(verified: VerifyReport): string[] {
  const files = verified.tables.reduce((sum, table) => sum + table.files, 0);
  const rows = verified.tables.reduce((sum, table) => sum + table.rows, 0);
  const lines = verified.findings.map(({ table, check, message }) => `${table}: ${check}: ${message}`);
  if (verified.findings.length < verified.findingCount)
    lines.push(`… and ${formatCount(verified.findingCount - verified.findings.length)} more`);
  for (const note of verified.notes) lines.push(`note: ${note}`);
  const checked = `${plural(verified.tables.length, 'table')}, ${plural(files, 'file')}, ${plural(rows, 'row')}`;
  const deep = verified.deep ? `; ${plural(verified.comparedRows, 'silver row')} derived again and compared` : '';
  lines.push(
    verified.findingCount === 0
      ? `No problems in ${checked}${deep}.`
      : `${plural(verified.findingCount, 'problem')} in ${checked}${deep}.`,
  );
  return lines;
}
