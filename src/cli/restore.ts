import { UsageError } from '#base/errors.ts';
import { plural } from '#base/plural.ts';
import type { RestorePoint, RestoreReport } from '#runtime/tasks/reports.ts';
import { restoreTask } from '#runtime/tasks/tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { flagOption, instantOption, wholeOption } from './options.ts';
import { formatCount, formatInstant } from './render/text.ts';
import { report } from './report.ts';
import { describeResample, resampleJson } from './resample.ts';
import { withReader, withWriter } from './with-app.ts';

const VERSION_MAX = 1_000_000_000;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal, operands, signal } = invocation;
  const request = {
    table: operands[0] ?? '',
    to: pointOption(invocation),
    dryRun: flagOption(invocation, 'dryRun'),
    signal,
  };
  const { restore, derived } = await (request.dryRun ? withReader : withWriter)(invocation, async (app) => {
    using progress = terminal.progress('resampling');
    return await restoreTask(app, request, ({ year, done, total }) => progress.update(done, total, String(year)));
  });
  const value = { ...restore, ...(derived === undefined ? {} : { derived: resampleJson(derived) }) };
  await report(terminal, value, () => [
    ...describeRestore(restore),
    ...(restore.changed && derived !== undefined ? describeResample(derived) : []),
    ...(restore.undo === undefined ? [] : [`Undo: ${restore.undo.command}`]),
  ]);
  const failed = derived?.bars.intervals.filter(({ mode }) => mode === 'failed') ?? [];
  for (const { table, error } of failed) if (error !== undefined) terminal.note(`condvest: ${table}: ${error.message}`);
  return failed.length > 0 ? 1 : 0;
}

function pointOption(invocation: Invocation): RestorePoint {
  const version = wholeOption(invocation, 'version', 0, VERSION_MAX);
  const asOfMs = instantOption(invocation, 'asOf');
  const points: RestorePoint[] = [];
  if (version !== undefined) points.push({ version });
  if (asOfMs !== undefined) points.push({ asOfMs });
  if (flagOption(invocation, 'empty')) points.push('empty');
  const [point, second] = points;
  if (point !== undefined && second === undefined) return point;
  throw new UsageError({
    code: 'restore-point',
    message: point === undefined ? 'No version given' : 'More than one version given',
    allowed: 'one of --version, --as-of and --empty',
    action: 'List the versions with: condvest history TABLE',
  });
}

/** Describes a restore, line by line. */
function describeRestore(restore: RestoreReport): string[] {
  const { table, dryRun, version, restoredVersion, restoredMs, sessions } = restore;
  const then =
    restoredVersion === null
      ? 'the state before its first version'
      : `version ${restoredVersion} of ${formatInstant(restoredMs ?? 0)}`;
  if (restore.filesRestored + restore.filesRemoved === 0) {
    const ledger = restore.changed ? ' The ledger was completed.' : '';
    return [`${table} already has the rows of ${then}: nothing to restore.${ledger}`];
  }
  const verb = dryRun ? 'would be restored' : 'restored';
  const lines = [`${table} ${verb} to ${then}${version === undefined ? '' : ` → version ${version}`}`];
  const counts = [
    [restore.removed, 'removed'],
    [restore.replaced, 'replaced by earlier ones'],
    [restore.added, 'brought back'],
  ] as const;
  const changed = counts.filter(([count]) => count > 0).map(([count, what]) => `${formatCount(count)} ${what}`);
  if (changed.length > 0) lines.push(`  rows: ${changed.join(', ')}`);
  if (restore.unreadFiles > 0)
    lines.push(`  ${plural(restore.unreadFiles, 'file')} lost or damaged: the rows in them were not compared`);
  if (sessions !== undefined) {
    const { count, first, last, unpublished } = sessions;
    lines.push(`  ${plural(count, 'session')}, ${first} to ${last}`);
    if (unpublished > 0) lines.push(`  ${plural(unpublished, 'session')} without bars: condvest gaps lists them`);
  }
  if (dryRun) lines.push('Dry run: nothing was written.');
  return lines;
}
