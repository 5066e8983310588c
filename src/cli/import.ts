import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { UsageError } from '#base/errors.ts';
import { plural } from '#base/plural.ts';
import { DATASETS, DATE_ORDERS, type DatasetReport, type ImportReport } from '#runtime/tasks/reports.ts';
import { type ImportTaskRequest, importTask } from '#runtime/tasks/tasks.ts';

import type { ExitCode, Invocation } from './command.ts';
import { choiceOption, dateOption, flagOption, invalid, textOption } from './options.ts';
import { formatCount } from './render/text.ts';
import { withWriter } from './with-app.ts';

const EXAMPLES_SHOWN = 5;
/** With more files than this, a line for each tells less than a summary. */
const FILES_SHOWN = 10;
const REFUSED_SHOWN = 20;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal, operands } = invocation;
  if (operands.length === 0) throw new UsageError({ code: 'import-no-files', message: 'No files given' });
  const statements = statementsOf(invocation);
  await using input = await standardInput(operands);
  const report = await withWriter(invocation, async (app) => {
    const progress = terminal.progress('importing');
    try {
      return await importTask(app, {
        ...statements,
        files: operands.map((operand) => (operand === '-' ? input.path : operand)),
        onStep: (step) => progress.update(0, 1, step),
      });
    } finally {
      progress.stop();
    }
  });
  if (terminal.json) await terminal.line(JSON.stringify(report, undefined, 2));
  else for (const line of describeImport(report)) await terminal.line(line);
  return report.refused.length > 0 || report.datasets.some(isIncomplete) ? 3 : 0;
}

function statementsOf(invocation: Invocation): Omit<ImportTaskRequest, 'files'> {
  const source = textOption(invocation, 'source');
  if (source !== undefined && !/^[\w-]{1,40}$/.test(source)) {
    throw invalid('source', source, 'letters, digits, hyphens and underscores, at most 40');
  }
  const bound = textOption(invocation, 'quarantineBound');
  const quarantineBound = bound === undefined ? undefined : Number(bound);
  if (quarantineBound !== undefined && !(quarantineBound >= 0 && quarantineBound <= 1)) {
    throw invalid('quarantineBound', bound ?? '', 'a number from 0 to 1');
  }
  const symbol = textOption(invocation, 'symbol');
  const symbolFromName = flagOption(invocation, 'symbolFromName');
  if (symbol !== undefined && symbolFromName) {
    throw invalid('symbol', symbol, 'either --symbol or --symbol-from-name');
  }
  return {
    ...(source === undefined ? {} : { source }),
    dataset: choiceOption(invocation, 'dataset', DATASETS),
    symbol,
    symbolFromName,
    stripSuffix: textOption(invocation, 'stripSuffix'),
    upperCase: flagOption(invocation, 'upperCase'),
    columns: columnsOption(invocation),
    dateOrder: choiceOption(invocation, 'dates', DATE_ORDERS),
    adjusted: choiceOption(invocation, 'adjusted', ['none', 'split']),
    adjustedThrough: dateOption(invocation, 'adjustedThrough'),
    splitsFrom: dateOption(invocation, 'splitsFrom'),
    sparse: flagOption(invocation, 'sparse'),
    strict: flagOption(invocation, 'strict'),
    replace: flagOption(invocation, 'replace'),
    dryRun: flagOption(invocation, 'dryRun'),
    quarantineBound,
  };
}

/** Parses `symbol=Stock,close=Last`. */
function columnsOption(invocation: Invocation): Readonly<Record<string, string>> | undefined {
  const text = textOption(invocation, 'column');
  if (text === undefined) return undefined;
  const pairs = text.split(',').map((pair): [string, string] => {
    const at = pair.indexOf('=');
    if (at < 1 || at === pair.length - 1) throw invalid('column', text, 'FIELD=NAME, separated by commas');
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
  });
  return Object.fromEntries(pairs);
}

/** Copies standard input to a temporary file if it is one of the operands, since files are read more than once. */
async function standardInput(operands: readonly string[]): Promise<AsyncDisposable & { readonly path: string }> {
  if (!operands.includes('-')) return { path: '-', [Symbol.asyncDispose]: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), 'condvest-import-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const path = join(folder, 'standard-input');
  try {
    await pipeline(process.stdin, createWriteStream(path));
  } catch (cause) {
    await remove();
    throw cause;
  }
  return { path, [Symbol.asyncDispose]: remove };
}

/** Returns whether sessions of the dataset stay partial. */
function isIncomplete(report: DatasetReport): boolean {
  return (report.sessions?.byState.partial ?? 0) > 0;
}

/** Describes an import, line by line. */
export function describeImport(report: ImportReport): string[] {
  const lines = report.files.length <= FILES_SHOWN ? describeFiles(report) : summarizeFiles(report);
  for (const { reason } of report.refused.slice(0, REFUSED_SHOWN)) lines.push(`left out: ${reason}`);
  const more = report.refused.length - REFUSED_SHOWN;
  if (more > 0) lines.push(`left out: ${formatCount(more)} more, listed with --json`);
  if (report.otherFiles > 0)
    lines.push(`${plural(report.otherFiles, 'other file')} in the folder: not data, by the name`);
  for (const part of report.datasets) lines.push(...describeDataset(part, report.dryRun));
  for (const { command } of report.undo) lines.push(`Undo: ${command}`);
  if (report.dryRun) lines.push('Dry run: nothing was written.');
  else if (!report.changed) lines.push('Nothing changed: the lake already has all of it.');
  return lines;
}

function describeFiles({ files }: ImportReport): string[] {
  return files.flatMap((file) => {
    const guessed = file.guessed ? ' (detected from its columns)' : '';
    const ignored =
      file.ignoredColumns.length === 0
        ? ''
        : `; unused columns: ${file.ignoredColumns.map((name) => (name.trim() === '' ? '(no name)' : name)).join(', ')}`;
    const notes = [...file.notes, ...paddingNote(file.padded)].map((note) => `  ${note}`);
    return [`${file.path}: ${plural(file.rows, 'row')} of ${file.dataset}${guessed}${ignored}`, ...notes];
  });
}

function summarizeFiles({ files }: ImportReport): string[] {
  const lines = [...new Set(files.map(({ dataset }) => dataset))].map((dataset) => {
    const of = files.filter((file) => file.dataset === dataset);
    const rows = of.reduce((sum, file) => sum + file.rows, 0);
    return `${plural(of.length, 'file')}: ${plural(rows, 'row')} of ${dataset}`;
  });
  for (const note of new Set(files.flatMap((file) => file.notes))) {
    const count = files.filter(({ notes }) => notes.includes(note)).length;
    lines.push(`  ${note} (${plural(count, 'file')})`);
  }
  return [...lines, ...paddingNote(files.reduce((sum, { padded }) => sum + padded, 0)).map((note) => `  ${note}`)];
}

function paddingNote(padded: number): string[] {
  return padded === 0 ? [] : [`spaces around the symbol removed in ${plural(padded, 'row')}`];
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
