import { plural } from '#base/plural.ts';
import { type ResampleTaskReport, resampleTask } from '#runtime/tasks/tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { errorReport } from './error-report.ts';
import { flagOption, intervalsOption } from './options.ts';
import { formatCount } from './render/text.ts';
import { report } from './report.ts';
import { withWriter } from './with-app.ts';

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const resampled = await withWriter(invocation, async (app) => {
    using progress = terminal.progress('resampling');
    return await resampleTask(
      app,
      { intervals: intervalsOption(invocation, 'intervals'), full: flagOption(invocation, 'full') },
      ({ year, done, total }) => progress.update(done, total, String(year)),
    );
  });
  await report(terminal, resampleJson(resampled), () => describeResample(resampled));
  for (const { table, error } of resampled.bars.intervals)
    if (error !== undefined) terminal.note(`condvest: ${table}: ${error.message}`);
  return resampled.bars.intervals.some((part) => part.mode === 'failed') ? 1 : 0;
}

/** Returns a report for JSON, in which errors are objects. */
export function resampleJson(report: ResampleTaskReport): object {
  const intervals = report.bars.intervals.map((part) => ({
    ...part,
    ...(part.error === undefined ? {} : { error: errorReport(part.error) }),
  }));
  return { ...report, bars: { ...report.bars, intervals } };
}

/** Describes a resampling, line by line. */
export function describeResample({ bars, restatements }: ResampleTaskReport): string[] {
  const isUnchanged = bars.intervals.every(({ mode }) => mode === 'unchanged');
  if (bars.lastPublished === undefined && isUnchanged) return ['Nothing to resample: there are no daily bars yet.'];
  const lines = [bars.lastPublished === undefined ? 'No daily bars' : `Daily bars up to ${bars.lastPublished}`];
  for (const part of bars.intervals) {
    const name = part.table.padEnd(16);
    if (part.mode === 'failed') lines.push(`${name} FAILED: ${part.error?.message ?? ''}`);
    else if (part.mode === 'unchanged') lines.push(`${name} up to date`);
    else {
      const why = part.reason === undefined ? '' : ` (${part.reason})`;
      const mode = part.mode === 'full' ? 'rebuilt' : 'updated';
      const version = part.version === undefined ? '' : ` → version ${part.version}`;
      lines.push(
        `${name} ${mode}${why}: ${plural(part.windows, 'window')}, ${formatCount(part.rows)} rows written${version}`,
      );
    }
  }
  const { restored } = restatements;
  const restated = restatements.added - restored;
  if (restated > 0) lines.push(`${plural(restated, 'restated value')} recorded`);
  if (restored > 0) lines.push(`${plural(restored, 'restored value')} recorded`);
  for (const { fromVersion, toVersion, reason } of restatements.gaps) {
    lines.push(
      `Restatements in versions ${fromVersion} to ${toVersion} of the daily bars can no longer be determined: ${reason}`,
    );
  }
  return lines;
}
