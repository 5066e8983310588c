import { UsageError } from '#base/errors.ts';
import { plural } from '#base/plural.ts';
import { DATASETS, type DatasetReport, type ImportReport } from '#runtime/tasks/reports.ts';
import { importTask } from '#runtime/tasks/tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { choiceOption, flagOption, invalid, textOption } from './options.ts';
import { formatCount } from './render/text.ts';
import { withApp } from './with-app.ts';

const EXAMPLES_SHOWN = 5;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal, operands } = invocation;
  const dataset = choiceOption(invocation, 'dataset', DATASETS);
  const source = textOption(invocation, 'source');
  if (source !== undefined && !/^[\w-]{1,40}$/.test(source)) {
    throw invalid('source', source, 'letters, digits, hyphens and underscores, at most 40');
  }
  const bound = textOption(invocation, 'quarantineBound');
  const quarantineBound = bound === undefined ? undefined : Number(bound);
  if (quarantineBound !== undefined && !(quarantineBound >= 0 && quarantineBound <= 1)) {
    throw invalid('quarantineBound', bound ?? '', 'a number from 0 to 1');
  }
  if (operands.length === 0) throw new UsageError({ code: 'import-no-files', message: 'No files given' });
  const report = await withApp(invocation, async (app) => {
    const progress = terminal.progress('importing');
    try {
      return await importTask(app, {
        files: operands,
        ...(dataset === undefined ? {} : { dataset }),
        ...(source === undefined ? {} : { source }),
        replace: flagOption(invocation, 'replace'),
        dryRun: flagOption(invocation, 'dryRun'),
        quarantineBound,
        onStep: (step) => progress.update(0, 1, step),
      });
    } finally {
      progress.stop();
    }
  });
  if (terminal.json) await terminal.line(JSON.stringify(report, undefined, 2));
  else for (const line of describeImport(report)) await terminal.line(line);
  return report.datasets.some(isIncomplete) ? 3 : 0;
}

/** Returns whether sessions of the dataset stay partial. */
function isIncomplete(report: DatasetReport): boolean {
  return (report.sessions?.byState.partial ?? 0) > 0;
}

/** Describes an import, line by line. */
export function describeImport(report: ImportReport): string[] {
  const lines: string[] = [];
  for (const file of report.files) {
    const guessed = file.guessed ? ' (detected from its columns)' : '';
    const ignored = file.ignoredColumns.length === 0 ? '' : `; unused columns: ${file.ignoredColumns.join(', ')}`;
    lines.push(`${file.path}: ${plural(file.rows, 'row')} of ${file.dataset}${guessed}${ignored}`);
  }
  for (const part of report.datasets) lines.push(...describeDataset(part, report.dryRun));
  for (const { command } of report.undo) lines.push(`Undo: ${command}`);
  if (report.dryRun) lines.push('Dry run: nothing was written.');
  else if (!report.changed) lines.push('Nothing changed: the lake already has all of it.');
  return lines;
}

function describeDataset(part: DatasetReport, dryRun: boolean): string[] {
  const counts: [string, number][] = [
    ['new', part.inserted],
    ['replaced', part.replaced],
    ['unchanged', part.unchanged],
    ['in conflict with a source of higher rank', part.conflicts],
    ['repeated', part.duplicates],
    ['quarantined', part.quarantined],
  ];
  const shown = counts.filter(([, count]) => count > 0).map(([name, count]) => `${formatCount(count)} ${name}`);
  const version = part.version === undefined || dryRun ? '' : ` → version ${part.version}`;
  const lines = [`${part.dataset} from ${part.source}: ${shown.join(', ') || 'no rows'}${version}`];
  for (const [reason, count] of Object.entries(part.quarantinedByReason)) {
    lines.push(`  quarantined, ${reason}: ${formatCount(count)}`);
  }
  for (const { symbol, date, stored, incoming, storedSource } of part.conflictExamples.slice(0, EXAMPLES_SHOWN)) {
    lines.push(`  conflict, ${symbol} ${date}: ${storedSource ?? 'unknown'} has ${stored}, not ${incoming}`);
  }
  for (const [kind, count] of Object.entries(part.warnings)) lines.push(`  warning, ${kind}: ${formatCount(count)}`);
  for (const { kind, symbol, date, detail } of part.warningExamples.slice(0, EXAMPLES_SHOWN)) {
    lines.push(`    ${kind} ${symbol} ${date}: ${detail}`);
  }
  const { sessions } = part;
  if (sessions !== undefined) {
    const states = Object.entries(sessions.byState).map(([state, count]) => `${formatCount(count)} ${state}`);
    lines.push(`  ${plural(sessions.count, 'session')}, ${sessions.first} to ${sessions.last}: ${states.join(', ')}`);
    if (sessions.kept > 0)
      lines.push(`  ${plural(sessions.kept, 'stored bar')} of these sessions missing from the files: unchanged`);
  }
  return lines;
}
