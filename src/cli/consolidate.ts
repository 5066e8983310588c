import { plural } from '#base/plural.ts';
import type { ConsolidateReport } from '#runtime/tasks/reports.ts';
import { consolidateTask } from '#runtime/tasks/tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { choiceOption, invalid, textOption, wholeOption } from './options.ts';
import { formatBytes, formatCount } from './render/text.ts';
import { report } from './report.ts';
import { withWriter } from './with-app.ts';

const WORKERS_MAX = 64;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const years = yearsOption(invocation);
  const request = {
    mode: choiceOption(invocation, 'mode', ['incremental', 'full']) ?? 'incremental',
    maxWorkers: wholeOption(invocation, 'maxWorkers', 1, WORKERS_MAX) ?? 2,
    ...(years === undefined ? {} : { years }),
  };
  const consolidated = await withWriter(invocation, async (app) => {
    using progress = terminal.progress('merging');
    let done = 0;
    return await consolidateTask(app, request, ({ table }) => {
      done += 1;
      progress.update(done, done + 1, table);
    });
  });
  await report(terminal, consolidated, () => [describeConsolidate(consolidated)]);
  return 0;
}

/** Describes a consolidation in one line. */
export function describeConsolidate(consolidated: ConsolidateReport): string {
  if (consolidated.merged.length === 0) return 'Nothing to merge.';
  const files = `${plural(consolidated.filesBefore, 'file')} (${formatBytes(consolidated.bytesBefore)}) into ${formatCount(consolidated.filesAfter)} (${formatBytes(consolidated.bytesAfter)})`;
  return `Merged ${files}: ${plural(consolidated.rows, 'row')}, proved equal`;
}

function yearsOption(invocation: Invocation): number[] | undefined {
  const text = textOption(invocation, 'year');
  return text?.split(',').map((item) => {
    const year = /^\d{4}$/.test(item.trim()) ? Number(item) : Number.NaN;
    if (year >= 1962) return year;
    throw invalid('year', text, 'years from 1962, separated by commas');
  });
}
