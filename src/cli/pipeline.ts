import { UsageError } from '#base/errors.ts';
import { pipelineTask, runTask } from '#runtime/tasks/pipeline-tasks.ts';
import type { PipelineRunView, RunView, StepView } from '#runtime/tasks/reports.ts';

import type { ExitCode, Invocation } from './command.ts';
import { dateOption, unknownAction, wholeOption } from './options.ts';
import { renderTable, right } from './render/table.ts';
import { formatCount, formatDuration, formatInstant } from './render/text.ts';
import { report } from './report.ts';
import { withReader, withWriter } from './with-app.ts';

const LIMIT_DEFAULT = 20;
const ERROR_SHOWN_MAX = 40;

export async function run(invocation: Invocation): Promise<ExitCode> {
  const [action = 'status', id] = invocation.operands;
  if (action !== 'resume' && action !== 'show' && id !== undefined) throw unwanted(action, id);
  if (action === 'run') return runAndReport(invocation, undefined);
  if (action === 'resume') return runAndReport(invocation, needed(id, 'resume'));
  if (action === 'status') return show(invocation, undefined);
  if (action === 'show') return show(invocation, needed(id, 'show'));
  if (action === 'history') return history(invocation);
  throw unknownAction('pipeline', action, ['run', 'resume', 'status', 'history', 'show']);
}

function unwanted(action: string, operand: string): UsageError {
  return new UsageError({
    code: 'pipeline-operand',
    message: `condvest pipeline ${action} takes no operand`,
    found: operand,
    ...(action === 'run' ? { action: `For a single session: condvest pipeline run --session ${operand}` } : {}),
  });
}

function needed(id: string | undefined, action: string): string {
  if (id !== undefined) return id;
  throw new UsageError({
    code: 'pipeline-run-needed',
    message: `condvest pipeline ${action} needs a run id`,
    action: 'List the runs with: condvest pipeline history',
  });
}

async function runAndReport(invocation: Invocation, resume: string | undefined): Promise<ExitCode> {
  const { terminal, signal } = invocation;
  const session = dateOption(invocation, 'session');
  const done = await withWriter(invocation, (app) =>
    pipelineTask(app, {
      input: session === undefined ? {} : { session },
      ...(resume === undefined ? {} : { resume }),
      signal,
      onStep: (step) => {
        if (step.state !== 'running') terminal.note(describeStep(step));
      },
      write: (line) => terminal.note(line),
    }),
  );
  const { run: ended, steps, notified: told, left } = done;
  await report(terminal, { run: ended, steps, told, left }, () => [describeRun(ended)]);
  return ended.state === 'succeeded' ? 0 : 1;
}

async function show(invocation: Invocation, id: string | undefined): Promise<ExitCode> {
  const { terminal } = invocation;
  const details = await withReader(invocation, (app) => runTask(app, id));
  await report(terminal, details ?? null, () =>
    details === undefined
      ? ['The pipeline has not run yet. Run it with: condvest pipeline run']
      : describeDetails(details, terminal.width),
  );
  return details?.run.state === 'failed' && !terminal.json ? 1 : 0;
}

async function history(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const limit = wholeOption(invocation, 'limit', 1, 10_000) ?? LIMIT_DEFAULT;
  const runs = await withReader(invocation, (app) => app.runs.latest(limit));
  const columns = ['run', 'kind', 'state', 'started', 'took', 'tries', ''];
  const rows = runs.map((one) => [
    one.id,
    one.kind,
    one.state,
    formatInstant(one.startedMs),
    one.endedMs === null ? '' : formatDuration(one.endedMs - one.startedMs),
    String(one.tries),
    shortened(one.error ?? ''),
  ]);
  await report(terminal, runs, () => renderTable(columns, rows, terminal.width));
  return 0;
}

/** Describes a run and its steps, line by line. */
export function describeDetails({ run: one, steps }: PipelineRunView, width: number): string[] {
  const columns = ['step', right('try'), 'state', right('took'), right('rows'), ''];
  const rows = steps.map((step) => [
    step.step,
    String(step.attempt),
    step.state,
    step.endedMs === null ? '' : formatDuration(step.endedMs - step.startedMs),
    step.rows === null ? '' : formatCount(step.rows),
    shortened(textOf(step)),
  ]);
  // Texts that the table cut off, in full: problems come at the end.
  const long = steps.filter((step) => textOf(step).length > ERROR_SHOWN_MAX);
  return [
    describeRun(one),
    ...renderTable(columns, rows, width),
    ...long.map((step) => `${step.step}, try ${step.attempt}: ${textOf(step)}`),
  ];
}

function textOf(step: StepView): string {
  return step.error ?? step.detail ?? '';
}

function shortened(text: string): string {
  return text.length <= ERROR_SHOWN_MAX ? text : `${text.slice(0, ERROR_SHOWN_MAX - 1)}…`;
}

export function describeRun(one: RunView): string {
  const took = one.endedMs === null ? '' : ` in ${formatDuration(one.endedMs - one.startedMs)}`;
  const tries = one.tries > 1 ? `, try ${one.tries}` : '';
  const error = one.error === null ? '' : `: ${one.error}`;
  return `Run ${one.id} ${one.state}${took}${tries}${error}`;
}

/** Describes an ended step in one line. */
export function describeStep(step: StepView): string {
  const took = step.endedMs === null ? '' : ` (${formatDuration(step.endedMs - step.startedMs)})`;
  const what = step.state === 'failed' ? `FAILED: ${step.error ?? ''}` : (step.detail ?? 'done');
  return `${step.step.padEnd(15)} ${what}${took}`;
}
